import { PgBoss } from 'pg-boss';
import { job, timed } from '../kit/job.ts';

/**
 * pg-boss alone: how fast one process gets through a backlog of jobs that do nothing. Its worker takes
 * many at once, as it advises for small jobs, asks again at once while batches come back full, and completes each batch
 * in one write.
 */
const BATCH = 500;
const BULK = 5_000;

await job(async ({ url, count }) => {
  const boss = new PgBoss({ connectionString: url, max: 20 });
  boss.on('error', (error) => process.stderr.write(`${error.message}\n`));
  await boss.start();
  await boss.createQueue('no-op');
  for (let from = 0; from < count; from += BULK) {
    const length = Math.min(BULK, count - from);
    await boss.insert(
      'no-op',
      Array.from({ length }, (_, index) => ({ data: { number: from + index } })),
    );
  }
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let done = 0;
  const rate = await timed(async () => {
    await boss.work('no-op', { batchSize: BATCH, burstWhenBatchFull: true }, async (jobs) => {
      done += jobs.length;
      if (done >= count) resolve();
      return undefined;
    });
    await all;
    return done;
  });
  await boss.stop({ graceful: true });
  return rate;
});
