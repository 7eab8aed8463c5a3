import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import type { Accept, AcceptRequest } from '../pipeline/accept.ts';
import { overloadGate } from './overload.ts';
import { ProblemError } from './problem-reply.ts';

const LIMITS = { pending: 10, pendingBytes: 1_000, storeMs: 1_000, lateMs: 250 };

/** A gate before a store that answers when it is told to. */
function gateBefore(clock = new ManualClock(), limits = LIMITS) {
  const told: number[] = [];
  const gate = overloadGate({ clock, limits, onRefused: (count) => told.push(count) });
  const answers: (() => void)[] = [];
  const accept: Accept = () => new Promise((resolve) => answers.push(() => resolve([])));
  const watched = gate.watched(accept);
  /** One request that brings so many notifications. */
  const bring = (count: number) => watched([{ requests: Array.from({ length: count }) } as unknown as AcceptRequest]);
  const answerAll = async () => {
    for (const answer of answers.splice(0)) answer();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { clock, gate, told, answers, bring, answerAll };
}

/** A clock on which the time goes on by jumps: whatever falls due on the way is called late. */
class JumpingClock extends ManualClock {
  #ahead = 0;
  override now(): number {
    return super.now() + this.#ahead;
  }
  late(ms: number): void {
    this.#ahead += ms;
    this.advance(100);
  }
}

const isOverloaded = (error: unknown) => error instanceof ProblemError && error.problem === 'overloaded';

describe('the gate of the API', () => {
  test('is shut while as many notifications wait for the store as may', async () => {
    const { gate, bring, answerAll } = gateBefore();
    const first = bring(9);
    assert.equal(gate.isShutFor(0), false);
    const second = bring(1);
    assert.equal(gate.isShutFor(0), true);
    await answerAll();
    await Promise.all([first, second]);
    assert.equal(gate.isShutFor(0), false);
  });

  test('counts the notifications of a request, and refuses one that was let in only when far too many wait', async () => {
    const { gate, bring, answers, answerAll } = gateBefore();
    const inside = [bring(9), bring(1)];
    assert.equal(gate.isShutFor(0), true);
    inside.push(bring(189), bring(1_000));
    await assert.rejects(bring(1), isOverloaded);
    assert.equal(answers.length, 4, 'the store was not asked');
    await answerAll();
    await Promise.all(inside);
  });

  test('counts one that the store refused as gone', async () => {
    const gate = overloadGate({ clock: new ManualClock(), limits: LIMITS, onRefused: () => {} });
    const failing = gate.watched(() => Promise.reject(new Error('away')));
    const requests = Array.from({ length: 10 });
    for (let count = 0; count < 3; count += 1) {
      await assert.rejects(failing([{ requests } as unknown as AcceptRequest]), /away/);
      assert.equal(gate.isShutFor(0), false);
    }
  });

  test('holds no more bytes of bodies than it may, but always one body', () => {
    const { gate } = gateBefore();
    assert.equal(gate.isShutFor(5_000), false);
    const leave = gate.enter(600);
    assert.equal(gate.isShutFor(400), false);
    assert.equal(gate.isShutFor(401), true);
    const rooms: number[] = [];
    gate.whenRoom((count) => rooms.push(count));
    leave();
    leave();
    assert.deepEqual(rooms, [1]);
    assert.equal(gate.isShutFor(1_000), false);
    gate.enter(1_000);
    assert.equal(gate.isShutFor(1), true, 'who left twice was counted once');
  });

  test('is shut while the store owes an answer to what it was asked too long ago', async () => {
    const { clock, gate, bring, answers, answerAll } = gateBefore();
    gate.start();
    clock.advance(5_000);
    const first = bring(1);
    clock.advance(500);
    const second = bring(1);
    clock.advance(500);
    assert.equal(gate.isShutFor(0), false);
    clock.advance(200);
    assert.equal(gate.isShutFor(0), true);
    answers.shift()?.();
    await first;
    clock.advance(100);
    assert.equal(gate.isShutFor(0), false, 'the second was asked later');
    clock.advance(1_000);
    assert.equal(gate.isShutFor(0), true);
    await answerAll();
    await second;
    clock.advance(100);
    assert.equal(gate.isShutFor(0), false);
    gate.stop();
  });

  test('narrows with each late turn of the event loop, and widens again by and by', async () => {
    const clock = new JumpingClock();
    const { gate, bring, answerAll } = gateBefore(clock, { ...LIMITS, storeMs: Number.POSITIVE_INFINITY });
    gate.start();
    const waiting = bring(4);
    clock.late(250);
    clock.late(251);
    assert.equal(gate.isShutFor(0), false, 'one pause is no reason');
    clock.late(251);
    assert.equal(gate.isShutFor(0), true, '10, 5, 2');
    clock.advance(200);
    assert.equal(gate.isShutFor(0), true, '2, 3, 4');
    clock.advance(100);
    assert.equal(gate.isShutFor(0), false);
    for (let count = 0; count < 100; count += 1) clock.late(300);
    await answerAll();
    await waiting;
    assert.equal(gate.isShutFor(0), false, 'one is always let in');
    gate.stop();
    assert.equal(clock.pending, 0);
  });

  test('tells of the room that there is again: what was answered, and what it gives back', async () => {
    const clock = new JumpingClock();
    const { gate, bring, answerAll } = gateBefore(clock, { ...LIMITS, storeMs: Number.POSITIVE_INFINITY });
    const rooms: number[] = [];
    gate.whenRoom((count) => rooms.push(count));
    gate.start();
    const waiting = [bring(4), bring(2)];
    for (let count = 0; count < 3; count += 1) clock.late(300);
    assert.deepEqual(rooms, [], '10, 5, 2, 1 of which 6 wait');
    clock.advance(500);
    assert.deepEqual(rooms, [], '6');
    clock.advance(100);
    assert.deepEqual(rooms, [1], '7');
    await answerAll();
    await Promise.all(waiting);
    assert.deepEqual(rooms, [1, 4, 2]);
    gate.stop();
  });

  test('tells how many were refused, every ten seconds at most, and is silent where nobody was', async () => {
    const { gate, clock, bring, told, answerAll } = gateBefore();
    gate.start();
    clock.advance(30_000);
    const waiting = bring(10);
    gate.refuse();
    gate.refuse();
    clock.advance(100);
    assert.deepEqual(told, [2]);
    gate.refuse();
    clock.advance(9_900);
    assert.deepEqual(told, [2]);
    clock.advance(100);
    assert.deepEqual(told, [2, 1]);
    await answerAll();
    await waiting;
    gate.stop();
  });
});
