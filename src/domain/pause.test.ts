import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { promisesSettled } from '../../test/kit/virtual-time.ts';
import { pause } from './pause.ts';
import { within } from './within.ts';

describe('a pause', () => {
  test('is over when its time is, and not before', async () => {
    const clock = new ManualClock();
    let over = false;
    const paused = pause(clock, 10).finally(() => {
      over = true;
    });
    clock.advance(9);
    await promisesSettled();
    assert.equal(over, false);
    clock.advance(1);
    await paused;
  });

  test('is over at once when its signal aborts, and leaves nothing to come', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const early = pause(clock, 10, abort.signal);
    abort.abort();
    await early;
    await pause(clock, 10, abort.signal);
    assert.equal(clock.pending, 0);
  });
});

describe('work that is given a time', () => {
  test('is answered as it answers, and leaves nothing to come', async () => {
    const clock = new ManualClock();
    assert.equal(await within(clock, 10, Promise.resolve(1), late), 1);
    await assert.rejects(within(clock, 10, Promise.reject(new Error('broken')), late), /broken/);
    await promisesSettled();
    assert.equal(clock.pending, 0);
  });

  test('is late when it has not answered by then, and what it answers afterwards is ignored', async () => {
    const clock = new ManualClock();
    const { promise, reject } = Promise.withResolvers<number>();
    const answer = assert.rejects(within(clock, 10, promise, late), /late/);
    clock.advance(10);
    await answer;
    reject(new Error('too late to matter'));
    await promisesSettled();
  });
});

function late(): Error {
  return new Error('late');
}
