import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { createPace, type Pace, SOON } from './pace.ts';

function passedBy(pace: Pace, count: number): void {
  for (let n = 0; n < count; n++) pace.passed();
}

test('expects of the near future what went by lately', () => {
  const clock = new ManualClock();
  const pace = createPace(clock);
  assert.equal(pace.soon(), 0);
  passedBy(pace, 50);
  assert.equal(pace.soon(), 0, 'no time has passed to tell from');
  clock.advance(SOON);
  assert.equal(pace.soon(), 50);
  passedBy(pace, 60);
  clock.advance(3 * SOON);
  assert.equal(pace.soon(), 20);
});

test('expects nothing where next to nothing goes by, or nothing did for long', () => {
  const clock = new ManualClock();
  const pace = createPace(clock);
  passedBy(pace, 1_000);
  clock.advance(SOON);
  assert.equal(pace.soon(), 1_000);
  passedBy(pace, 3);
  clock.advance(1_000);
  assert.equal(pace.soon(), 0);
});

test('begins anew when the clock was set back', () => {
  const clock = new ManualClock();
  const pace = createPace(clock);
  passedBy(pace, 10);
  clock.advance(-60_000);
  assert.equal(pace.soon(), 0);
  passedBy(pace, 10);
  clock.advance(SOON);
  assert.equal(pace.soon(), 10);
});
