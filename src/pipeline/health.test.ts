import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { createHealth, type HealthDeps } from './health.ts';

const NOW = Date.UTC(2026, 0, 31);

function health(changes: Partial<HealthDeps> = {}) {
  const clock = new ManualClock(NOW);
  let probes = 0;
  const report = createHealth({
    store: {
      probe: () => {
        probes += 1;
        return Promise.resolve();
      },
      backlog: () => Promise.resolve({ depth: 0, oldestDueAt: null }),
    },
    queue: { probe: () => Promise.resolve() },
    worker: { lastTurnAt: () => clock.now() },
    watchdog: { state: () => 'calm' },
    clock,
    ...changes,
  });
  return { report, clock, probes: () => probes };
}

async function failing(changes: Partial<HealthDeps>): Promise<string[]> {
  const parts = await health(changes).report();
  return Object.entries(parts).flatMap(([name, part]) => (part.ok ? [] : [`${name} ${part.needed}`]));
}

describe('the health of a process', () => {
  test('is good when every part is', async () => {
    assert.deepEqual(await failing({}), []);
  });

  test('names a store that cannot be written', async () => {
    const store = {
      probe: () => Promise.reject(new Error('full')),
      backlog: () => Promise.resolve({ depth: 0, oldestDueAt: null }),
    };
    assert.deepEqual(await failing({ store }), ['store true']);
  });

  test('names a queue that is away, which is only a nuisance', async () => {
    assert.deepEqual(await failing({ queue: { probe: () => Promise.reject(new Error('away')) } }), ['queue false']);
  });

  test('names a worker whose loop stands still', async () => {
    assert.deepEqual(await failing({ worker: { lastTurnAt: () => NOW - 30_000 } }), []);
    assert.deepEqual(await failing({ worker: { lastTurnAt: () => NOW - 30_001 } }), ['worker true']);
  });

  test('names a worker that claims nothing of what is ready, from the first alarm on', async () => {
    assert.deepEqual(await failing({ watchdog: { state: () => 'rebuilt' } }), ['worker true']);
    assert.deepEqual(await failing({ watchdog: { state: () => 'given_up' } }), ['worker true']);
    assert.deepEqual(await failing({ watchdog: null }), []);
  });

  test('needs no worker where there is none', async () => {
    assert.deepEqual(await failing({ worker: null }), []);
  });

  test('names work that has been due for more than ten minutes', async () => {
    const store = (oldestDueAt: number) => ({
      probe: () => Promise.resolve(),
      backlog: () => Promise.resolve({ depth: 1, oldestDueAt }),
    });
    assert.deepEqual(await failing({ store: store(NOW - 600_000) }), []);
    assert.deepEqual(await failing({ store: store(NOW - 600_001) }), ['queue_age true']);
    const withoutWorker = { store: store(NOW - 600_001), worker: null };
    assert.deepEqual(await failing(withoutWorker), ['queue_age false'], 'it can accept all the same');
  });

  test('calls a probe that does not answer a failure after half a second', async () => {
    const store = {
      probe: () => new Promise<void>(() => {}),
      backlog: () => Promise.resolve({ depth: 0, oldestDueAt: null }),
    };
    const { report, clock } = health({ store });
    const answer = report();
    clock.advance(500);
    assert.equal((await answer).store?.ok, false);
  });

  test('is looked at once in two seconds, however often it is asked for', async () => {
    const { report, clock, probes } = health();
    await Promise.all([report(), report()]);
    clock.advance(1_999);
    await report();
    assert.equal(probes(), 1);
    clock.advance(1);
    await report();
    assert.equal(probes(), 2);
  });
});
