import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../../test/kit/virtual-time.ts';
import type { TripEvent } from '../domain/events.ts';
import { createForgetter, FORGET_INTERVAL, MARKS_KEPT, MOVES_KEPT } from './forget.ts';

function forgetting(marks: (number | Error)[], moves: number[]) {
  const time = new VirtualTime();
  const asked: string[] = [];
  const events: TripEvent[] = [];
  const start = time.now();
  const forgetter = createForgetter({
    store: {
      async forgetMarks(before) {
        asked.push(`marks ${time.now() - start} ${before - start}`);
        const answer = marks.shift() ?? 0;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      async forgetMoves(keep) {
        asked.push(`moves ${keep}`);
        return moves.shift() ?? 0;
      },
    },
    clock: time,
    emit: (event) => events.push(event),
  });
  return { time, asked, events, forgetter };
}

test('forgets marks of a week ago and all but the newest moves, once a minute, as many as there are', async () => {
  const { time, asked, forgetter } = forgetting([1_000, 3], [200, 200, 0]);
  forgetter.start();
  await time.run(2 * FORGET_INTERVAL);
  await forgetter.stop();
  const mark = (at: number) => `marks ${at} ${at - MARKS_KEPT}`;
  const move = `moves ${MOVES_KEPT}`;
  assert.deepEqual(asked, [mark(60_000), mark(60_000), move, move, move, mark(120_000), move]);
});

test('tells a fault, and goes on a minute later', async () => {
  const fault = new Error('away');
  const { time, asked, events, forgetter } = forgetting([fault], []);
  forgetter.start();
  await time.run(FORGET_INTERVAL);
  assert.deepEqual(events, [{ type: 'fault', where: 'forget', error: fault }]);
  await time.run(FORGET_INTERVAL);
  await forgetter.stop();
  assert.equal(asked.length, 3);
});

test('stops at once, also in the middle, and stays stopped', async () => {
  const { time, asked, forgetter } = forgetting([], []);
  forgetter.start();
  await forgetter.stop();
  forgetter.start();
  await time.run(2 * FORGET_INTERVAL);
  assert.deepEqual([asked, time.pending], [[], 0]);
});
