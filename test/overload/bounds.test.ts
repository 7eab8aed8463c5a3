import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from '../../src/domain/delivery.ts';
import { createBulkhead } from '../../src/pipeline/bulkhead.ts';
import { createHandOff } from '../../src/pipeline/hand-off.ts';
import type { DeliverTask, Queue } from '../../src/queue/queue.ts';
import { builders } from '../kit/builders.ts';
import { ManualClock } from '../kit/manual-clock.ts';
import { promisesSettled } from '../kit/virtual-time.ts';

/** Bounds of what is kept in memory that need more than one part of the service to be reached. */

test('20,000 deliveries wait for a broker that is slow, and no more: the others are left to the store', async () => {
  const clock = new ManualClock();
  const make = builders(() => clock.now());
  const [one] = make.parcel().deliveries;
  assert.ok(one);
  const trusted: Delivery = { ...one, status: 'pending', dueAt: clock.now() + 1 };
  const published: number[] = [];
  const answers: (() => void)[] = [];
  const slow: Queue = {
    ...silent,
    carries: true,
    publish(tasks: readonly DeliverTask[]) {
      published.push(tasks.length);
      return new Promise((resolve) => answers.push(resolve));
    },
  };
  const faults: unknown[] = [];
  const line = createHandOff({
    bell: silent,
    queue: slow,
    store: { write: () => Promise.reject(new Error('nothing is taken back')) },
    clock,
    emit: (event) => faults.push(event),
  });
  line.handOff([trusted]);
  await promisesSettled();
  for (let count = 0; count < 30; count += 1) line.handOff(Array.from({ length: 1_000 }, () => trusted));
  while (answers.length > 0) {
    answers.shift()?.();
    await promisesSettled();
  }
  await line.idle();
  assert.equal(
    published.reduce((sum, count) => sum + count, 0),
    20_001,
  );
  assert.deepEqual(faults, []);
});

test('of the hosts that messages went to 10,000 are remembered, the last ones', async () => {
  const bulkhead = createBulkhead(new ManualClock(), 16);
  const enter = async (host: string) => bulkhead.enter({ account: 'webhook/webhook', connections: null, host });
  const sendOne = async (host: string) => {
    const entry = await enter(host);
    if (entry.kind === 'in') entry.leave({ kind: 'accepted', providerMessageId: null });
  };
  /** How many sends it takes at once: four when it is new, and one more since its answer. */
  const width = async (host: string) => {
    const entries = Array.from({ length: 12 }, () => enter(host));
    let inside = 0;
    for (const entry of entries) void entry.then(() => (inside += 1));
    await promisesSettled();
    const width = inside;
    for (const entry of entries) {
      const one = await entry;
      if (one.kind === 'in') one.leave(null);
    }
    return width;
  };
  for (const host of ['early', 'late']) await sendOne(host);
  for (let count = 0; count < 9_998; count += 1) await sendOne(`host-${count}`);
  assert.equal(await width('late'), 5);
  await sendOne('one-more');
  assert.equal(await width('late'), 5);
  assert.equal(await width('early'), 4);
  assert.equal(await width('late'), 5, 'what was used since is not the next that is forgotten');
});

const silent: Queue = {
  carries: false,
  publish: () => Promise.resolve(),
  take: () => Promise.resolve([]),
  ack: () => Promise.resolve(),
  probe: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
