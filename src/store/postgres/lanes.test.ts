import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { StoreUnavailable } from '../store.ts';
import { Lanes } from './lanes.ts';

const overloaded = (error: unknown) => error instanceof StoreUnavailable && error.overloaded;

describe('the lanes of a PostgreSQL store', () => {
  test('let 1,000 wait and no more, three seconds at most', async () => {
    const clock = new ManualClock();
    const lanes = new Lanes(1, clock);
    lanes.name(['0a', '0b']);
    const lane = await lanes.take();
    const waiting = Array.from({ length: 1_000 }, () => lanes.take());
    const turn = new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(Promise.race([lanes.take(), turn]), overloaded);
    lanes.giveBack(lane);
    assert.equal(await waiting[0], lane);
    const others = waiting.slice(1).map((one) => assert.rejects(one, overloaded));
    clock.advance(3_000);
    await Promise.all(others);
    assert.equal(clock.pending, 0);
    lanes.giveBack(lane);
    assert.equal(await lanes.take(), lane);
  });
});
