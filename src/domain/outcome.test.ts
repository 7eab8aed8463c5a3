import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptOf, MAX_DETAIL, type Outcome } from './outcome.ts';

const CALL = { number: 3, channel: 'email', provider: 'smtp', startedAt: 1_800_000_000_000, durationMs: 12 } as const;
const NOTHING = { code: null, detail: null, providerMessageId: null };

test('an accepted attempt keeps the id its provider gave, and no reason', () => {
  assert.deepEqual(attemptOf({ kind: 'accepted', providerMessageId: 'm-1' }, CALL), {
    ...CALL,
    ...NOTHING,
    outcome: 'accepted',
    providerMessageId: 'm-1',
  });
});

const REFUSALS: readonly Exclude<Outcome, { kind: 'accepted' }>[] = [
  { kind: 'rejected', code: 'invalid_recipient', detail: '550 no such user', recipientDead: true },
  { kind: 'deferred', code: 'rate_limited', detail: '429', scope: 'provider', retryAfterMs: 1_000 },
  { kind: 'unknown', code: 'timeout', detail: 'no answer' },
];
for (const outcome of REFUSALS) {
  test(`an attempt that was ${outcome.kind} keeps its code and detail, and nothing of the policy`, () => {
    assert.deepEqual(attemptOf(outcome, CALL), {
      ...CALL,
      ...NOTHING,
      outcome: outcome.kind,
      code: outcome.code,
      detail: outcome.detail,
    });
  });
}

test("a provider's long words are cut", () => {
  const attempt = attemptOf({ kind: 'unknown', code: 'timeout', detail: 'x'.repeat(MAX_DETAIL + 1) }, CALL);
  assert.equal(attempt.detail, 'x'.repeat(MAX_DETAIL));
});

test('a cut never leaves half a character', () => {
  const attempt = attemptOf({ kind: 'unknown', code: 'timeout', detail: `${'x'.repeat(MAX_DETAIL - 1)}😀` }, CALL);
  assert.equal(attempt.detail?.isWellFormed(), true);
});

test('where no provider was called, none is named', () => {
  const attempt = attemptOf({ kind: 'rejected', code: 'no_address', detail: '' }, { ...CALL, provider: null });
  assert.equal(attempt.provider, null);
});
