import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Client } from 'pg';
import { seen } from '../../test/kit/until.ts';
import { JOB_OPTIONS, type Job, QUEUE, SCHEMA } from '../peers/service.ts';
import type { Bed } from './bed.ts';
import { MESSAGE, TITLE, USERS, withNumber } from './bodies.ts';
import { type Measured, measure } from './measured.ts';
import { type Program, startProgram } from './program.ts';

const PEERS = join(import.meta.dirname, '..', 'peers');
const BULK = 1_000;

/** The peer service on a database of its own and the shared Redis, emptied. */
export interface PeerService {
  startApi(): Promise<Program>;
  startWorker(): Promise<Program>;
  /** Puts a backlog into its table and its queue, past its API. */
  fill(count: number): Promise<void>;
  /** Resolves when everything was sent, with what its table says of what was accepted from `since` on. */
  finished(since: number): Promise<{ count: number; firstAcceptedAt: number; firstSentAt: number; lastSentAt: number }>;
}

export async function peerService(bed: Bed): Promise<PeerService> {
  const [postgres, redis] = await Promise.all([bed.postgres(), bed.redis()]);
  await redis.command('FLUSHALL');
  const database = await postgres.database();
  bed.scope.defer(() => postgres.drop(database));
  const client = new Client({ connectionString: database });
  await client.connect();
  bed.scope.defer(() => client.end());
  await client.query(SCHEMA);
  const queue = new Queue<Job>(QUEUE, { connection: { url: redis.url } });
  bed.scope.defer(() => queue.close());
  const env = { DATABASE_URL: database, REDIS_URL: redis.url };
  const start = (file: string) => startProgram(bed, { file: join(PEERS, file), env, ready: /^ready ?(\S*)$/m });

  return {
    startApi: () => start('service-api.ts'),
    startWorker: () => start('service-worker.ts'),
    async fill(count) {
      for (let from = 0; from < count; from += BULK) {
        const jobs = Array.from({ length: Math.min(BULK, count - from) }, (_, index) => jobOf(from + index));
        await client.query(
          `INSERT INTO notifications (id, user_id, channel, title, message) SELECT * FROM
             json_to_recordset($1) AS r(id uuid, "userId" text, channel text, title text, message text)`,
          [JSON.stringify(jobs)],
        );
        await queue.addBulk(jobs.map((data) => ({ name: 'send', data, opts: JOB_OPTIONS })));
      }
    },
    async finished(since) {
      const left = async () => {
        const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
        return Object.values(counts).reduce((sum, count) => sum + count, 0);
      };
      await seen(
        async () => (await left()) === 0 || undefined,
        () => 'the peer does not finish',
        600_000,
      );
      const { rows } = await client.query<Record<string, string>>(
        `SELECT count(*) AS count, count(sent_at) AS sent, ${['min(created_at)', 'min(sent_at)', 'max(sent_at)']
          .map((time, index) => `extract(epoch FROM ${time}) * 1000 AS t${index}`)
          .join(', ')} FROM notifications WHERE created_at >= to_timestamp($1)`,
        [since / 1000],
      );
      const row = rows[0] ?? {};
      if (row.count !== row.sent) throw new Error(`of ${row.count} notifications the peer sent ${row.sent}`);
      return {
        count: Number(row.count),
        firstAcceptedAt: Number(row.t0),
        firstSentAt: Number(row.t1),
        lastSentAt: Number(row.t2),
      };
    },
  };
}

/** How fast its worker gets through a backlog. */
export async function peerDrain(bed: Bed, count: number): Promise<Measured> {
  const peer = await peerService(bed);
  await peer.fill(count);
  const worker = await peer.startWorker();
  return measure([worker], async () => {
    const { firstSentAt, lastSentAt } = await peer.finished(0);
    return { count, seconds: (lastSentAt - firstSentAt) / 1000 };
  });
}

function jobOf(number: number): Job {
  const userId = `user-${number % USERS}`;
  return { id: randomUUID(), channel: 'in_app', userId, title: TITLE, message: withNumber(MESSAGE, number) };
}
