import { setImmediate } from 'node:timers/promises';
import { realClock } from '../../src/domain/clock.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { inApp, submissionsOf } from '../kit/filling.ts';
import { type JobRate, job, timed } from '../kit/job.ts';

/**
 * The bare store: the rows that a batch request brings, in batches of the same size and as many at once, durable, with
 * no HTTP. The rows are made outside of the time that counts.
 */
await job(async ({ path, items, atOnce, seconds }) => {
  const store = openSqliteStore({ path, clock: realClock });
  const make = submissionsOf(inApp(0));
  const sum = { count: 0, seconds: 0, cpu: { user: 0, system: 0 } };
  let next = 0;
  const turn = async (): Promise<JobRate> => {
    const batches = Array.from({ length: atOnce }, (_, index) => make(next + index * items, items));
    next += atOnce * items;
    await setImmediate();
    return timed(async () => {
      await Promise.all(batches.map((batch) => store.accept(batch)));
      return atOnce * items;
    });
  };
  // The first is for the compiler.
  await turn();
  while (sum.seconds < seconds) {
    const { count, seconds: took, cpu } = await turn();
    sum.count += count;
    sum.seconds += took;
    sum.cpu.user += cpu.user;
    sum.cpu.system += cpu.system;
  }
  await store.close();
  return sum;
});
