import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { promisesSettled } from '../../../test/kit/virtual-time.ts';
import { StoreClock } from './store-clock.ts';

const DATABASE = Date.UTC(2026, 0, 15, 12);
const HOUR = 3_600_000;

/** A database whose time runs with a steady clock, both set by the test. */
function clocks() {
  const waits = new ManualClock();
  const time = { here: DATABASE + 5 * HOUR, passed: 0, drift: 0 };
  const local = { now: () => time.here, after: waits.after.bind(waits) };
  const database = { plain: async () => [{ now: DATABASE + time.passed + time.drift }] };
  const storeClock = new StoreClock(database, local, () => 1_000.25 + time.passed);
  return { waits, time, storeClock };
}

test('tells the time of the database, whatever the time of day is here', async (t) => {
  const { time, storeClock } = clocks();
  t.after(() => storeClock.close());
  await storeClock.start();
  assert.equal(storeClock.now(), DATABASE);
  time.passed += 1_500;
  assert.equal(storeClock.now(), DATABASE + 1_500);
  time.here -= HOUR;
  assert.equal(storeClock.now(), DATABASE + 1_500, 'somebody has set the time of this machine');
});

test('follows the database where the two drift apart', async (t) => {
  const { waits, time, storeClock } = clocks();
  t.after(() => storeClock.close());
  await storeClock.start();
  time.drift = 70;
  assert.equal(storeClock.now(), DATABASE);
  waits.advance(30_000);
  await promisesSettled();
  assert.equal(storeClock.now(), DATABASE + 70);
});
