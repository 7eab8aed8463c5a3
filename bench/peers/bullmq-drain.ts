import { Queue, Worker } from 'bullmq';
import { job, timed } from '../kit/job.ts';

/** BullMQ alone: how fast one worker gets through a backlog of jobs that do nothing. Nothing else is kept of them. */
const CONCURRENCY = 64;
const BULK = 1_000;

await job(async ({ url, count }) => {
  const queue = new Queue('no-op', { connection: { url } });
  const options = { removeOnComplete: true };
  for (let from = 0; from < count; from += BULK) {
    const bulk = Array.from({ length: Math.min(BULK, count - from) }, (_, index) => ({
      name: 'send',
      data: { number: from + index },
      opts: options,
    }));
    await queue.addBulk(bulk);
  }
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let done = 0;
  const worker = new Worker('no-op', async () => undefined, {
    connection: { url, maxRetriesPerRequest: null },
    concurrency: CONCURRENCY,
    autorun: false,
  });
  worker.on('completed', () => {
    done += 1;
    if (done === count) resolve();
  });
  await worker.waitUntilReady();
  const rate = await timed(async () => {
    void worker.run();
    await all;
    return done;
  });
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
  return rate;
});
