import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueContract } from '../../../test/contract/queue-contract.ts';
import { builders } from '../../../test/kit/builders.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import type { DeliverTask } from '../queue.ts';
import { memoryQueue } from './memory-queue.ts';

const VISIBLE_AFTER = 60_000;

queueContract('memory', 'carries', async () => {
  const clock = new ManualClock();
  const queue = memoryQueue({ clock, visibilityMs: VISIBLE_AFTER });
  return { queue, loseTakers: async () => clock.advance(VISIBLE_AFTER) };
});

const signal = new AbortController().signal;
const make = builders(() => 0);
const task = (): DeliverTask => ({ v: 1, id: make.inboxEntry().id, priority: 'normal' });

test('a task comes again when its time is over and not before, to a taker that waits', async () => {
  const clock = new ManualClock();
  const queue = memoryQueue({ clock, visibilityMs: VISIBLE_AFTER });
  const lost = task();
  await queue.publish([lost]);
  await queue.take(1, signal);
  const taking = queue.take(1, signal);
  clock.advance(VISIBLE_AFTER - 1);
  const other = task();
  await queue.publish([other]);
  assert.deepEqual(await taking, [other]);
  const waiting = queue.take(10, signal);
  clock.advance(1);
  assert.deepEqual(await waiting, [lost]);
});

test('a full queue refuses, and takes again once there is room', async () => {
  const clock = new ManualClock();
  const queue = memoryQueue({ clock, capacity: 2 });
  await assert.rejects(queue.publish([task(), task(), task()]));
  await queue.publish([task(), task()]);
  await assert.rejects(queue.publish([task()]));
  const taken = await queue.take(1, signal);
  await assert.rejects(queue.publish([task()]));
  await queue.ack(taken);
  await queue.publish([task()]);
});

test('leaves no timer behind: not for what is acknowledged, and none after close', async () => {
  const clock = new ManualClock();
  const queue = memoryQueue({ clock });
  await queue.publish([task(), task()]);
  const [first] = await queue.take(2, signal);
  assert.ok(first);
  await queue.ack([first]);
  assert.equal(clock.pending, 1);
  await queue.close();
  assert.equal(clock.pending, 0);
});
