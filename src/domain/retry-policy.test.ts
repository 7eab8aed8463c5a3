import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  backoff,
  DEFAULT_SCHEDULE,
  exponentialPolicy,
  MAX_DELAY,
  MAX_ROUNDS,
  type RetryPolicy,
  scheduledPolicy,
} from './retry-policy.ts';

describe('a schedule', () => {
  const cases: readonly [string, RetryPolicy, RetryPolicy][] = [
    ['by default is six rounds over 1 h 43 m', scheduledPolicy(), { rounds: 6, delays: DEFAULT_SCHEDULE }],
    ['gives one round more than it has waits', scheduledPolicy([1, 2]), { rounds: 3, delays: [1, 2] }],
    ['that is too long is cut', scheduledPolicy([1, 2, 3], 2), { rounds: 2, delays: [1] }],
    ['that is too short repeats its last wait', scheduledPolicy([1, 2], 5), { rounds: 5, delays: [1, 2, 2, 2] }],
    ['of one attempt waits for nothing', scheduledPolicy([1, 2], 1), { rounds: 1, delays: [] }],
    ['without waits is one attempt', scheduledPolicy([]), { rounds: 1, delays: [] }],
    ['by attempts alone follows the default', scheduledPolicy(undefined, 2), { rounds: 2, delays: [30_000] }],
  ];
  for (const [name, policy, expected] of cases) test(name, () => assert.deepEqual(policy, expected));

  test('by default takes 1 h 42 m 30 s in all', () => {
    assert.equal(
      DEFAULT_SCHEDULE.reduce((sum, wait) => sum + wait, 0),
      102.5 * 60_000,
    );
  });
});

describe('exponential waits', () => {
  test('are the base to the power of the attempt, in seconds', () => {
    assert.deepEqual(exponentialPolicy(4, 2), { rounds: 4, delays: [2_000, 4_000, 8_000] });
  });

  test('never exceed a day, however many there are', () => {
    assert.equal(exponentialPolicy(MAX_ROUNDS, 1_000_000).delays.at(-1), MAX_DELAY);
  });
});

describe('the backoff', () => {
  const policy: RetryPolicy = { rounds: 4, delays: [1_000, 2_000] };
  const cases: readonly [number, number, number][] = [
    [1, 0, 900],
    [1, 0.5, 1_000],
    [2, 0.999_999, 2_200],
    [3, 0.5, 2_000],
  ];
  for (const [round, random, expected] of cases) {
    test(`after round ${round} at ${random} in the jitter is ${expected} ms`, () => {
      assert.equal(backoff(policy, round, random), expected);
    });
  }

  test('without any waits is nothing', () => assert.equal(backoff({ rounds: 3, delays: [] }, 1, 0.7), 0));

  const waits = fc.array(fc.integer({ min: 0, max: MAX_DELAY }), { maxLength: 6 });
  const rounds = fc.integer({ min: 1, max: MAX_ROUNDS });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  test('stays within ± 10 % of the schedule and is a whole number', () => {
    fc.assert(
      fc.property(waits, rounds, rounds, random, (delays, attempts, round, at) => {
        const { delays: planned } = scheduledPolicy(delays, attempts);
        const wait = backoff({ rounds: attempts, delays: planned }, round, at);
        const plain = planned[Math.min(round, planned.length) - 1] ?? 0;
        assert.ok(Number.isSafeInteger(wait));
        assert.ok(wait >= Math.round(plain * 0.9) && wait <= Math.round(plain * 1.1));
      }),
    );
  });

  test('has one wait between any two rounds', () => {
    fc.assert(
      fc.property(waits, rounds, (delays, attempts) => {
        const made = scheduledPolicy(delays, attempts);
        assert.equal(made.rounds, attempts);
        assert.equal(made.delays.length, attempts - 1);
        assert.equal(exponentialPolicy(attempts, 2).delays.length, attempts - 1);
      }),
    );
  });
});
