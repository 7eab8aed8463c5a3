import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { refusalLine } from './refusal-line.ts';

function line() {
  const clock = new ManualClock();
  const answered: number[] = [];
  const dropped: number[] = [];
  const refusals = refusalLine<number>({
    clock,
    answer: (one) => answered.push(one),
    drop: (one) => dropped.push(one),
  });
  /** Each over a connection of its own. */
  const addMany = (from: number, count: number) => {
    for (let one = from; one < from + count; one += 1) refusals.add({}, one);
  };
  return { clock, refusals, answered, dropped, addMany };
}

describe('the line of those who are refused', () => {
  test('answers 500 at once, and 500 more every tenth of a second, in order', () => {
    const { clock, answered, addMany } = line();
    addMany(0, 1_200);
    assert.equal(answered.length, 500);
    clock.advance(99);
    assert.equal(answered.length, 500);
    clock.advance(1);
    assert.equal(answered.length, 1_000);
    addMany(1_200, 1);
    clock.advance(100);
    assert.deepEqual(
      answered,
      Array.from({ length: 1_201 }, (_, one) => one),
    );
  });

  test('has no more than 10,000 wait, and hangs up on the others', () => {
    const { clock, answered, dropped, addMany } = line();
    addMany(0, 10_502);
    assert.deepEqual(dropped, [10_500, 10_501]);
    clock.advance(2_000);
    assert.equal(answered.length, 10_500);
  });

  test('does not let one connection fill it', () => {
    const { refusals, answered, addMany } = line();
    addMany(0, 500);
    const connection = {};
    refusals.add(connection, 500);
    refusals.add(connection, 501);
    assert.equal(answered.length, 501, 'the second is behind the first, and counts for nothing here');
  });

  test('is quick again after a calm tick, and leaves no alarm behind', () => {
    const { clock, answered, addMany } = line();
    addMany(0, 500);
    clock.advance(200);
    assert.equal(clock.pending, 0);
    addMany(500, 500);
    assert.equal(answered.length, 1_000);
    clock.advance(200);
    assert.equal(clock.pending, 0);
  });

  test('answers everybody when it ends', () => {
    const { clock, refusals, answered, addMany } = line();
    addMany(0, 2_000);
    refusals.end();
    assert.equal(answered.length, 2_000);
    assert.equal(clock.pending, 0);
  });
});
