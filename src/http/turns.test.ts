import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AT_LEAST, type Connection, IN_A_TURN, MANY, takeTurns } from './turns.ts';

/** Turns of an event loop that a test goes through, and so many connections that have asked. */
function clients(count: number) {
  const coming: (() => void)[] = [];
  const turns = takeTurns((turn) => coming.push(turn));
  const resting = new Set<number>();
  const woken: number[] = [];
  const connections = Array.from({ length: count }, (_, index): Connection & { destroyed: boolean } => ({
    destroyed: false,
    pause() {
      resting.add(index);
      return this as never;
    },
    resume() {
      resting.delete(index);
      woken.push(index);
      return this as never;
    },
  }));
  for (const _ of connections) turns.asked();
  return {
    ...{ turns, connections, resting, woken },
    answer: (from: number, to: number) => {
      for (const connection of connections.slice(from, to)) turns.answered(connection);
    },
    /** Goes through one turn; false: there is none to come. */
    turn: () => {
      const next = coming.splice(0);
      for (const turn of next) turn();
      return next.length > 0;
    },
  };
}

test('nobody rests while few wait for an answer', () => {
  const { turns, answer, resting, turn } = clients(MANY);
  answer(0, MANY);
  assert.deepEqual([resting.size, turns.isAnyResting, turn()], [0, false, false]);
});

test('of many, whoever has had the answer rests until it is their turn, in the order of the answers', () => {
  const { turns, answer, resting, woken, turn } = clients(300);
  answer(0, 200);
  // From there on fewer than many wait, but whoever came before is not to be overtaken.
  assert.equal(resting.size, 200);
  assert.equal(turns.isAnyResting, true);
  turn();
  assert.equal(woken.length, IN_A_TURN);
  answer(200, 300);
  while (turn());
  assert.deepEqual(
    woken,
    Array.from({ length: 300 }, (_, index) => index),
  );
  assert.equal(turns.isAnyResting, false);
});

test('while many wait a few are read from in each turn, so that those who are slow to ask hold up nobody', () => {
  const { answer, woken, turn } = clients(MANY + 20);
  answer(0, 20);
  for (let turns = 1; turns <= 5; turns++) {
    turn();
    assert.equal(woken.length, turns * AT_LEAST);
  }
  assert.equal(turn(), false);
});

test('whoever is gone does not rest, and at the end nobody', () => {
  const { turns, connections, answer, resting } = clients(300);
  for (const one of connections.slice(0, 10)) one.destroyed = true;
  answer(0, 100);
  assert.equal(resting.size, 90);
  turns.end();
  answer(100, 300);
  assert.deepEqual([resting.size, turns.isAnyResting], [0, false]);
});
