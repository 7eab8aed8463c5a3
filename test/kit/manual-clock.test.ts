import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from './manual-clock.ts';

test('calls back in order of time, then of registration, each at its own time', () => {
  const clock = new ManualClock(1000);
  const calls: string[] = [];
  const note = (name: string) => () => calls.push(`${name}@${clock.now()}`);
  clock.after(20, note('late'));
  clock.after(10, note('first'));
  clock.after(10, () => {
    note('second')();
    clock.after(5, note('set on the way'));
  });
  clock.after(21, note('not yet'));
  const takeBack = clock.after(1, note('taken back'));
  takeBack();
  clock.advance(20);
  assert.deepEqual(calls, ['first@1010', 'second@1010', 'set on the way@1015', 'late@1020']);
  assert.equal(clock.now(), 1020);
  assert.equal(clock.pending, 1);
});
