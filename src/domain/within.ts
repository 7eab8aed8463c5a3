import type { Clock } from './clock.ts';

/** The answer of `work`, or the error `late` if there is none after `ms`. The work itself goes on; its end is ignored. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(late()));
    work.then(resolve, reject).finally(cancel);
  });
}
