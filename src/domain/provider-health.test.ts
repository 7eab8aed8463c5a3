import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Outcome } from './outcome.ts';
import { admit, afterCall, HEALTHY, type ProviderHealth } from './provider-health.ts';

const NOW = 1_800_000_000_000;
const ACCEPTED: Outcome = { kind: 'accepted', providerMessageId: null };
const REJECTED: Outcome = { kind: 'rejected', code: 'invalid_recipient', detail: '' };
const UNKNOWN: Outcome = { kind: 'unknown', code: 'timeout', detail: '' };
const FAILED: Outcome = { kind: 'deferred', code: 'provider_error', detail: '', scope: 'provider' };
const GREYLISTED: Outcome = { kind: 'deferred', code: 'temporarily_rejected', detail: '', scope: 'attempt' };
const DENIED: Outcome = { kind: 'deferred', code: 'provider_misconfigured', detail: '', scope: 'provider' };

function limited(retryAfterMs: number): Outcome {
  return { kind: 'deferred', code: 'rate_limited', detail: '', scope: 'provider', retryAfterMs };
}

function after(outcomes: readonly Outcome[], start: ProviderHealth = HEALTHY, now = NOW): ProviderHealth {
  return outcomes.reduce((health, outcome) => afterCall(health, outcome, now, now), start);
}

function times(count: number, outcome: Outcome): Outcome[] {
  return Array.from({ length: count }, () => outcome);
}

/** The ms until a call is let through; 0: now. */
function waitOf(health: ProviderHealth, now: number): number {
  const admission = admit(health, now);
  return admission.admitted ? 0 : admission.waitMs;
}

describe('a provider is called', () => {
  const cases: readonly [string, readonly Outcome[]][] = [
    ['when nothing is known of it', []],
    ['after fewer than 20 calls, even if all failed', times(19, FAILED)],
    ['while fewer than half of its calls fail', [...times(11, ACCEPTED), ...times(10, FAILED)]],
    ['whatever it says of addresses and messages', times(500, REJECTED)],
    ['whatever single attempts are asked to wait', times(500, GREYLISTED)],
  ];
  for (const [name, outcomes] of cases) test(name, () => assert.equal(waitOf(after(outcomes), NOW), 0));
});

describe('a provider is left alone', () => {
  const cases: readonly [string, readonly Outcome[], number, string][] = [
    ['for 15 s when half of 20 calls failed', [...times(10, ACCEPTED), ...times(10, FAILED)], 15_000, 'provider_error'],
    ['for 15 s when 20 calls had no answer', times(20, UNKNOWN), 15_000, 'timeout'],
    ['for a minute when it refuses our credentials', [DENIED], 60_000, 'provider_misconfigured'],
    ['for as long as it asks', [limited(7_000)], 7_000, 'rate_limited'],
    ['for an hour at most, whatever it asks', [limited(86_400_000)], 3_600_000, 'rate_limited'],
    ['for the longest of several pauses', [limited(90_000), DENIED], 90_000, 'provider_misconfigured'],
  ];
  for (const [name, outcomes, wait, cause] of cases) {
    test(name, () => {
      const health = after(outcomes);
      assert.deepEqual([waitOf(health, NOW), health.cause], [wait, cause]);
      assert.equal(waitOf(health, NOW + wait - 1), 1);
      assert.equal(waitOf(health, NOW + wait), 0);
    });
  }
});

test('failures of more than 30 s ago are forgotten', () => {
  const health = after(times(19, FAILED));
  assert.equal(waitOf(after([FAILED], health, NOW + 30_001), NOW + 30_001), 0);
  assert.equal(waitOf(after([FAILED], health, NOW + 30_000), NOW + 30_000), 15_000);
});

describe('after its pause', () => {
  const open = after([DENIED]);
  const then = NOW + 60_000;

  test('one call in 5 s is let through', () => {
    const first = admit(open, then);
    assert.ok(first.admitted);
    assert.equal(waitOf(first.health, then), 5_000);
    assert.equal(waitOf(first.health, then + 5_000), 0);
  });

  for (const outcome of [ACCEPTED, REJECTED, GREYLISTED]) {
    test(`it is called again once it answers (${outcome.kind})`, () => {
      const probe = admit(open, then);
      assert.ok(probe.admitted);
      const closed = afterCall(probe.health, outcome, then, then + 100);
      assert.deepEqual([closed.openUntil, closed.cause, closed.failures], [null, null, 0]);
    });
  }

  test('a straggler from before it was paused does not bring it back', () => {
    const after = afterCall(open, ACCEPTED, NOW - 1, NOW + 100);
    assert.equal(after.openUntil, open.openUntil);
  });

  test('it is left alone for another 15 s when the call fails', () => {
    const probe = admit(open, then);
    assert.ok(probe.admitted);
    assert.equal(waitOf(afterCall(probe.health, FAILED, then, then + 100), then + 100), 15_000);
  });
});

test('it is never left alone for more than an hour, whatever happens', () => {
  const outcomes = fc.oneof(
    fc.constantFrom(ACCEPTED, REJECTED, UNKNOWN, FAILED, GREYLISTED, DENIED),
    fc.integer({ min: 0, max: 10 * 86_400_000 }).map(limited),
  );
  const calls = fc.array(fc.record({ outcome: outcomes, ms: fc.nat(120_000), asked: fc.boolean() }), { maxLength: 80 });
  fc.assert(
    fc.property(calls, (script) => {
      let health = HEALTHY;
      let now = NOW;
      for (const { outcome, ms, asked } of script) {
        now += ms;
        const admission = admit(health, now);
        if (asked && admission.admitted) health = admission.health;
        health = afterCall(health, outcome, now, now);
        assert.ok(waitOf(health, now) <= 3_600_000);
        assert.equal(health.openUntil === null, health.cause === null);
        assert.ok(health.failures <= health.calls);
      }
    }),
  );
});
