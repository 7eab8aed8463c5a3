import type { TestContext } from 'node:test';

const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/** Runs `cleanup` when the test is over: last asked for, first run. The first that throws fails the test. */
export function atEnd(t: TestContext, cleanup: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) {
    known.push(cleanup);
    return;
  }
  const own = [cleanup];
  cleanups.set(t, own);
  t.after(async () => {
    const faults: unknown[] = [];
    for (const run of own.toReversed()) {
      try {
        await run();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  });
}
