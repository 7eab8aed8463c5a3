import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseRateLimit, type RateLimit, rateLimitText, rateRule, spend, verdictOf } from './rate-limit.ts';

const NOW = Date.UTC(2026, 0, 31) * 1_000;
const limits: fc.Arbitrary<RateLimit> = fc.record({
  count: fc.integer({ min: 1, max: 12 }),
  period: fc.constantFrom(1_000, 60_000, 3_600_000),
});

describe('a rate limit', () => {
  test('is a number and a unit', () => {
    for (const [text, count, period] of [
      ['600/m', 600, 60_000],
      ['1/s', 1, 1_000],
      ['1000000/s', 1_000_000, 1_000],
      ['5/h', 5, 3_600_000],
      ['100000/d', 100_000, 86_400_000],
    ] as const) {
      assert.deepEqual(parseRateLimit(text), { count, period });
      assert.equal(rateLimitText({ count, period }), text);
    }
    for (const text of ['', '600', '600/', '/m', '0/m', '-1/m', '1.5/s', '600/min', '600 / m', '1000001/s', '1e3/m']) {
      assert.equal(parseRateLimit(text), undefined, text);
    }
  });

  test('admits its count at once, and then one after each step', () => {
    const rule = rateRule({ count: 600, period: 60_000 });
    let until = 0;
    for (let left = 599; left >= 0; left -= 1) {
      const spent = spend(rule, until, NOW);
      assert.deepEqual(verdictOf(rule, spent).remaining, left);
      until = NOW + spent;
    }
    const refused = verdictOf(rule, spend(rule, until, NOW));
    assert.deepEqual(refused, { admitted: false, remaining: 0, resetMs: 60_000, retryMs: 100 });
    assert.equal(verdictOf(rule, spend(rule, until, NOW + 99_999)).admitted, false);
    assert.equal(verdictOf(rule, spend(rule, until, NOW + 100_000)).admitted, true);
  });

  test('admits exactly what no stretch of time has too much of', () => {
    fc.assert(
      fc.property(
        limits,
        fc.array(fc.oneof(fc.constant(0), fc.nat(2_000_000), fc.nat(400_000_000)), { maxLength: 60 }),
        (limit, gaps) => {
          const rule = rateRule(limit);
          const admitted: number[] = [];
          let now = NOW;
          let until = 0;
          for (const gap of gaps) {
            now += gap;
            const at = now;
            // The definition: in no stretch of time are there more than the count and one for each step of it.
            const wanted = [...admitted, at].every((start, index) => {
              const within = admitted.length - index + 1;
              return (within - limit.count) * rule.step <= at - start;
            });
            const verdict = verdictOf(rule, spend(rule, until, at));
            assert.equal(verdict.admitted, wanted);
            until = at + Math.abs(spend(rule, until, at));
            if (wanted) admitted.push(at);
          }
        },
      ),
    );
  });

  test('says when to come again: then it admits, and a moment before it does not', () => {
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 30 }), (limit, asked) => {
        const rule = rateRule(limit);
        let until = 0;
        for (let one = 0; one < asked; one += 1) until = NOW + Math.abs(spend(rule, until, NOW));
        const { remaining, retryMs, resetMs } = verdictOf(rule, until - NOW);
        assert.equal(remaining, Math.max(0, limit.count - asked));
        const retryAt = NOW + Math.round(retryMs * 1_000);
        assert.ok(spend(rule, until, retryAt) > 0);
        if (retryMs > 0) assert.ok(spend(rule, until, retryAt - 1) < 0);
        assert.equal(verdictOf(rule, spend(rule, until, NOW + Math.round(resetMs * 1_000))).remaining, limit.count - 1);
      }),
    );
  });

  test('locks nobody out when the clock is set back', () => {
    const rule = rateRule({ count: 2, period: 60_000 });
    const until = NOW + spend(rule, 0, NOW);
    const before = NOW - 86_400_000_000;
    const spent = spend(rule, until, before);
    assert.equal(verdictOf(rule, spent).retryMs, 30_000);
    assert.ok(spend(rule, before + Math.abs(spent), before + 30_000_000) > 0);
  });
});
