import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { refusalLine } from './refusal-line.ts';

function line() {
  const clock = new ManualClock();
  const answered: number[] = [];
  const dropped: number[] = [];
  const taken: number[] = [];
  const door = { room: 0 };
  const refusals = refusalLine<number>({
    clock,
    answer: (one) => answered.push(one),
    take: (one) => {
      if (taken.length >= door.room) return false;
      taken.push(one);
      return true;
    },
    drop: (one) => dropped.push(one),
  });
  /** Each over a connection of its own. */
  const addMany = (from: number, count: number) => {
    for (let one = from; one < from + count; one += 1) refusals.add({}, one);
  };
  return { clock, refusals, answered, dropped, taken, door, addMany };
}

describe('the line of those for whom there is no room', () => {
  test('refuses who has waited 25 ms, 100 every 25 ms, in order', () => {
    const { clock, answered, addMany } = line();
    addMany(0, 250);
    clock.advance(24);
    assert.equal(answered.length, 0);
    clock.advance(1);
    assert.equal(answered.length, 100);
    addMany(250, 1);
    clock.advance(25);
    assert.equal(answered.length, 200);
    clock.advance(25);
    assert.deepEqual(
      answered,
      Array.from({ length: 251 }, (_, one) => one),
    );
  });

  test('refuses nobody who came a moment ago', () => {
    const { clock, answered, addMany } = line();
    addMany(0, 1);
    clock.advance(24);
    addMany(1, 1);
    clock.advance(1);
    assert.deepEqual(answered, [0]);
    clock.advance(25);
    assert.deepEqual(answered, [0, 1]);
  });

  test('has no more than 10,000 wait, and hangs up on the others', () => {
    const { clock, answered, dropped, addMany } = line();
    addMany(0, 10_002);
    assert.deepEqual(dropped, [10_000, 10_001]);
    clock.advance(2_500);
    assert.equal(answered.length, 10_000);
  });

  test('does not let one connection fill it', () => {
    const { clock, refusals, answered } = line();
    const connection = {};
    refusals.add(connection, 0);
    refusals.add(connection, 1);
    assert.deepEqual(answered, [1], 'the second is behind the first, whose answer comes first');
    clock.advance(25);
    assert.deepEqual(answered, [1, 0]);
  });

  test('lets in who came last, so many as are asked for and as there is room for, and refuses who came first', () => {
    const { clock, refusals, answered, taken, door, addMany } = line();
    addMany(0, 103);
    refusals.letIn(2);
    assert.deepEqual(taken, []);
    door.room = 2;
    refusals.letIn(1);
    refusals.letIn(5);
    assert.deepEqual(taken, [102, 101]);
    clock.advance(25);
    assert.equal(answered.length, 100);
    door.room = 10;
    refusals.letIn(5);
    assert.deepEqual(taken, [102, 101, 100], 'nobody else waits');
    clock.advance(25);
    assert.equal(answered.length, 100, 'nobody is answered twice');
    assert.equal(clock.pending, 0);
  });

  test('counts a connection no more once it was let in', () => {
    const { refusals, answered, taken, door } = line();
    const connection = {};
    refusals.add(connection, 0);
    door.room = 1;
    refusals.letIn(1);
    refusals.add(connection, 1);
    assert.deepEqual(taken, [0]);
    assert.deepEqual(answered, [], 'it waits in line');
    refusals.end();
  });

  test('answers everybody when it ends', () => {
    const { clock, refusals, answered, addMany } = line();
    addMany(0, 2_000);
    refusals.end();
    assert.equal(answered.length, 2_000);
    assert.equal(clock.pending, 0);
  });
});
