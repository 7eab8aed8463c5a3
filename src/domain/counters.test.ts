import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsOf, newTally, statusesFrom, type Tally, tallyAccepted, tallyWritten } from './counters.ts';
import { DELIVERY_STATUSES, type Delivery, isTerminal, newDelivery } from './delivery.ts';
import { deliveryId, firstIdAt } from './ids.ts';
import { type Attempt, attemptOf, type Outcome } from './outcome.ts';

const NOW = 1_800_000_000_000;
const NOTIFICATION = firstIdAt(NOW);

function delivery(over: Partial<Delivery> = {}): Delivery {
  const at = { leg: 1, chain: ['email'], unaddressed: [], priority: 'normal', dueAt: NOW, expiresAt: null } as const;
  return {
    ...newDelivery({ ...at, id: deliveryId(NOTIFICATION, 1), notificationId: NOTIFICATION }, NOW),
    ...over,
  };
}

function attempt(outcome: Outcome, provider: string | null = 'smtp'): Attempt {
  return attemptOf(outcome, { number: 1, channel: 'email', provider, startedAt: NOW, durationMs: 1 });
}

function counted(fill: (tally: Tally) => void): Record<string, number> {
  const tally = newTally();
  fill(tally);
  return Object.fromEntries(countsOf(tally).map(({ kind, name, count }) => [`${kind}:${name}`, count]));
}

test('accepted notifications add up', () => {
  const seen = counted((tally) => {
    tallyAccepted(tally, 2);
    tallyAccepted(tally, 3);
  });
  assert.deepEqual(seen, { 'accepted:': 5 });
});

for (const status of DELIVERY_STATUSES) {
  test(`a delivery that became ${status} is ${isTerminal(status) ? 'counted as finished' : 'not counted'}`, () => {
    const seen = counted((tally) => tallyWritten(tally, delivery({ status }), []));
    assert.deepEqual(seen, isTerminal(status) ? { [`finished:${status}`]: 1 } : {});
  });
}

test('only accepted attempts count, by channel and by provider', () => {
  const accepted = attempt({ kind: 'accepted', providerMessageId: null });
  const others = [
    attempt({ kind: 'rejected', code: 'invalid_recipient', detail: '' }),
    attempt({ kind: 'deferred', code: 'provider_error', detail: '', scope: 'provider' }),
    attempt({ kind: 'unknown', code: 'timeout', detail: '' }),
    attempt({ kind: 'rejected', code: 'no_address', detail: '' }, null),
  ];
  const seen = counted((tally) => tallyWritten(tally, delivery({ status: 'sent' }), [...others, accepted]));
  assert.deepEqual(seen, { 'finished:sent': 1, 'channel:email': 1, 'provider:smtp': 1 });
});

test('a dead letter that is set aside is not counted as failed once more', () => {
  const failed = delivery({ status: 'failed', dueAt: null });
  const seen = counted((tally) => {
    tallyWritten(tally, failed, []);
    tallyWritten(tally, { ...failed, discardedAt: NOW }, []);
  });
  assert.deepEqual(seen, { 'finished:failed': 1 });
});

test('what was sent and is delivered then is counted once, and never less than none is', () => {
  const sentAt = NOW - 1_000;
  const seen = counted((tally) => {
    tallyWritten(tally, delivery({ status: 'sent', sentAt }), []);
    tallyWritten(tally, delivery({ status: 'delivered', sentAt, deliveredAt: NOW }), []);
    // Of this one the answer was lost, so nobody has counted it as sent.
    tallyWritten(tally, delivery({ status: 'delivered', sentAt: null, deliveredAt: NOW }), []);
  });
  const names = Object.entries(seen).map(([key, count]) => [key.replace('finished:', ''), count] as const);
  assert.deepEqual(statusesFrom(Object.fromEntries(names)), { delivered: 2 });
  assert.deepEqual(statusesFrom({ sent: 5, told: 2, failed: 1 }), { sent: 3, delivered: 2, failed: 1 });
  assert.deepEqual(statusesFrom({ sent: 1, told: 2, delivered: 3, pending: 1 }), { delivered: 5, pending: 1 });
  assert.deepEqual(statusesFrom({ sent: 1 }), { sent: 1 });
});
