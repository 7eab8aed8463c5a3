import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { job, timed } from '../kit/job.ts';

/**
 * graphile-worker alone: how fast one process gets through a backlog of jobs that do nothing, with what its
 * documentation advises for throughput: a local queue, and completions in batches.
 */
const CONCURRENCY = 24;
const BULK = 5_000;

await job(async ({ url, count }) => {
  const logger = new Logger(() => () => undefined);
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  for (let from = 0; from < count; from += BULK) {
    const length = Math.min(BULK, count - from);
    await utils.addJobs(
      Array.from({ length }, (_, index) => ({ identifier: 'send', payload: { number: from + index } })),
    );
  }
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let done = 0;
  const rate = await timed(async () => {
    const runner = await run({
      connectionString: url,
      logger,
      concurrency: CONCURRENCY,
      maxPoolSize: CONCURRENCY + 2,
      noHandleSignals: true,
      preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      taskList: {
        send: async () => {
          done += 1;
          if (done === count) resolve();
        },
      },
    });
    await all;
    await runner.stop();
    return done;
  });
  await utils.release();
  return rate;
});
