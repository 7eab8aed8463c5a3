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
  test('refuses who has waited 200 ms, 100 every 25 ms, in order', () => {
    const { clock, answered, addMany } = line();
    addMany(0, 250);
    clock.advance(199);
    assert.equal(answered.length, 0);
    clock.advance(1);
    assert.equal(answered.length, 100);
    addMany(250, 1);
    clock.advance(25);
    assert.equal(answered.length, 200);
    clock.advance(25);
    assert.equal(answered.length, 250);
    clock.advance(150);
    assert.deepEqual(
      answered,
      Array.from({ length: 251 }, (_, one) => one),
    );
    assert.equal(clock.pending, 0);
  });

  test('has no more than 10,000 wait, and hangs up on the others', () => {
    const { clock, answered, dropped, addMany } = line();
    addMany(0, 10_002);
    assert.deepEqual(dropped, [10_000, 10_001]);
    clock.advance(200 + 2_500);
    assert.equal(answered.length, 10_000);
  });

  test('does not let one connection fill it', () => {
    const { clock, refusals, answered } = line();
    const connection = {};
    refusals.add(connection, 0);
    refusals.add(connection, 1);
    assert.deepEqual(answered, [1], 'the second is behind the first, whose answer comes first');
    clock.advance(200);
    assert.deepEqual(answered, [1, 0]);
  });

  test('lets in so many as are asked for, and as there is room for', () => {
    const { refusals, taken, door, addMany } = line();
    addMany(0, 10);
    refusals.letIn(2);
    assert.equal(taken.length, 0);
    door.room = 4;
    refusals.letIn(3);
    assert.equal(taken.length, 3);
    refusals.letIn(3);
    assert.equal(taken.length, 4);
    door.room = 100;
    refusals.letIn(100);
    assert.equal(taken.length, 10, 'nobody else waits');
  });

  test('lets in who came first where all can be let in in time, and else who came last', () => {
    const { clock, refusals, answered, taken, door, addMany } = line();
    door.room = Number.POSITIVE_INFINITY;
    const letIn = (most: number) => {
      const before = taken.length;
      refusals.letIn(most);
      return taken.slice(before);
    };
    addMany(0, 100);
    assert.deepEqual(letIn(2), [99, 98], 'nobody knows yet how fast it goes');
    clock.advance(25);
    // One a tick, on average: eight in 200 ms.
    assert.deepEqual(letIn(1), [97]);
    clock.advance(175);
    assert.equal(answered.length, 97, 'they had waited long enough, and nobody was let in meanwhile');
    addMany(100, 20);
    letIn(16);
    clock.advance(25);
    assert.deepEqual(letIn(2), [100, 101]);
    clock.advance(200);
    assert.deepEqual(answered.slice(97), [102, 103]);
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
