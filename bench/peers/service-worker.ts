import { Worker } from 'bullmq';
import { Pool } from 'pg';
import { CONCURRENCY, type Job, POOL, QUEUE, SENT, setting } from './service.ts';

const pool = new Pool({ connectionString: setting('DATABASE_URL'), max: POOL });

/** Stands for a provider that answers at once. */
async function send(_job: Job): Promise<void> {}

const worker = new Worker<Job>(
  QUEUE,
  async ({ data }) => {
    await send(data);
    await pool.query({ ...SENT, values: [data.id] });
  },
  { connection: { url: setting('REDIS_URL'), maxRetriesPerRequest: null }, concurrency: CONCURRENCY },
);
worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
await worker.waitUntilReady();
process.stdout.write('ready\n');
process.once('SIGTERM', () => process.exit(0));
