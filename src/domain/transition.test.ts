import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DELIVERY_STATUSES, type Delivery, type DeliveryStatus, isTerminal, newDelivery } from './delivery.ts';
import { deliveryId, firstIdAt } from './ids.ts';
import type { Outcome } from './outcome.ts';
import type { News } from './receipt.ts';
import {
  claimed,
  type DeliveryEvent,
  type DeliveryPolicy,
  MAX_CRASHES,
  MAX_LIMITED,
  PATIENCE,
  transition,
} from './transition.ts';

const NOW = 1_800_000_000_000;
const NOTIFICATION = firstIdAt(NOW);
const POLICY: DeliveryPolicy = { retry: { rounds: 3, delays: [30_000, 120_000] }, onUnknown: 'retry' };
const AT_MOST_ONCE: DeliveryPolicy = { ...POLICY, onUnknown: 'fail' };

const ACCEPTED: Outcome = { kind: 'accepted', providerMessageId: 'm-1' };
const REJECTED: Outcome = { kind: 'rejected', code: 'invalid_recipient', detail: '' };
const DEFERRED: Outcome = { kind: 'deferred', code: 'provider_error', detail: '', scope: 'attempt' };
const UNKNOWN: Outcome = { kind: 'unknown', code: 'timeout', detail: '' };

function limited(retryAfterMs: number): Outcome {
  return { kind: 'deferred', code: 'rate_limited', detail: '', scope: 'provider', retryAfterMs };
}

/** `random` 0.5 is the middle of the jitter: the wait is exactly the schedule's. */
function tried(outcome: Outcome, attempts = 1): DeliveryEvent {
  return { type: 'tried', outcome, attempts, random: 0.5 };
}

function fresh(over: Partial<Delivery> = {}): Delivery {
  const at = { leg: 1, unaddressed: [], priority: 'normal', dueAt: NOW, expiresAt: null } as const;
  const delivery = newDelivery(
    { ...at, id: deliveryId(NOTIFICATION, 1), notificationId: NOTIFICATION, chain: ['email', 'sms'] },
    NOW,
  );
  return { ...delivery, ...over };
}

/** A delivery that is being sent, its lease ending at NOW. */
function sending(over: Partial<Delivery> = {}): Delivery {
  return fresh({ status: 'sending', ...over });
}

/** News of a first attempt, by e-mail, that was accepted. */
function told(
  news: News,
  over: Partial<Extract<DeliveryEvent, { type: 'receipt' }>['of']> & { cancelled?: boolean } = {},
) {
  const { cancelled = false, ...of } = over;
  return {
    type: 'receipt',
    news,
    of: { number: 1, channel: 'email', outcome: 'accepted', ...of },
    cancelled,
  } as const satisfies DeliveryEvent;
}

/** Applies events that must all apply. */
function after(delivery: Delivery, events: readonly DeliveryEvent[], now = NOW, policy = POLICY): Delivery {
  return events.reduce((current, event) => {
    const next = transition(current, event, now, policy);
    assert.ok(next, `${event.type} was refused while ${current.status}`);
    return next;
  }, delivery);
}

describe('every event in every state', () => {
  const EVENTS = {
    claimed: { type: 'claimed', leaseUntil: NOW + 60_000 },
    accepted: tried(ACCEPTED),
    rejected: tried(REJECTED),
    deferred: tried(DEFERRED),
    limited: tried(limited(5_000)),
    unknown: tried(UNKNOWN),
    released: { type: 'released' },
    taken_back: { type: 'taken_back' },
    lease_expired: { type: 'lease_expired' },
    expired: { type: 'expired' },
    cancel: { type: 'cancel' },
    reschedule: { type: 'reschedule', dueAt: NOW + 5_000 },
    retry: { type: 'retry' },
    discard: { type: 'discard' },
    kept: { type: 'kept' },
    told_delivered: told('delivered'),
    told_bounced: told('bounced'),
    doubt_delivered: told('delivered', { outcome: 'unknown' }),
    doubt_bounced: told('bounced', { outcome: 'unknown' }),
  } as const satisfies Record<string, DeliveryEvent>;

  /** What each state becomes. An event that is not named is refused. The expiry is reached, the lease is over. */
  const TABLE: Record<DeliveryStatus, Partial<Record<keyof typeof EVENTS, DeliveryStatus>>> = {
    scheduled: {
      claimed: 'sending',
      expired: 'expired',
      cancel: 'cancelled',
      reschedule: 'scheduled',
      doubt_delivered: 'delivered',
    },
    pending: { claimed: 'sending', expired: 'expired', cancel: 'cancelled', doubt_delivered: 'delivered' },
    retrying: { claimed: 'sending', expired: 'expired', cancel: 'cancelled', doubt_delivered: 'delivered' },
    sending: {
      accepted: 'sent',
      rejected: 'pending',
      deferred: 'pending',
      limited: 'retrying',
      unknown: 'pending',
      released: 'pending',
      lease_expired: 'pending',
      expired: 'expired',
    },
    sent: { told_delivered: 'delivered', told_bounced: 'failed', kept: 'sent' },
    delivered: { told_bounced: 'failed', kept: 'delivered' },
    failed: { retry: 'pending', discard: 'failed', kept: 'failed', doubt_delivered: 'delivered' },
    expired: { retry: 'pending', kept: 'expired', doubt_delivered: 'delivered' },
    suppressed: { kept: 'suppressed' },
    cancelled: { retry: 'pending', kept: 'cancelled' },
  };

  for (const status of DELIVERY_STATUSES) {
    test(`${status} takes exactly what the table says`, () => {
      const terminal = isTerminal(status);
      const finished = { dueAt: terminal ? null : NOW, finishedAt: terminal ? NOW : null, expiresAt: NOW, attempts: 1 };
      const wasSent = status === 'sent' || status === 'delivered';
      const before = fresh({ status, ...finished, ...(wasSent && { sentAt: NOW, channelUsed: 'email' }) });
      const seen = Object.entries(EVENTS).map(([name, event]) => [
        name,
        transition(before, event, NOW, POLICY)?.status ?? 'refused',
      ]);
      const expected = Object.keys(EVENTS).map((name) => [
        name,
        new Map<string, DeliveryStatus>(Object.entries(TABLE[status])).get(name) ?? 'refused',
      ]);
      assert.deepEqual(seen, expected);
    });
  }
});

describe('events that come too early or twice change nothing', () => {
  const cases: readonly [string, Delivery, DeliveryEvent][] = [
    ['claiming before it is due', fresh({ dueAt: NOW + 1 }), { type: 'claimed', leaseUntil: NOW + 60_000 }],
    ['ending a lease that still runs', sending({ dueAt: NOW + 1 }), { type: 'lease_expired' }],
    ['expiring before the expiry', fresh({ expiresAt: NOW + 1 }), { type: 'expired' }],
    ['expiring what never expires', fresh(), { type: 'expired' }],
    ['discarding twice', fresh({ status: 'failed', dueAt: null, discardedAt: NOW }), { type: 'discard' }],
  ];
  for (const [name, before, event] of cases) {
    test(name, () => assert.equal(transition(before, event, NOW, POLICY), null));
  }
});

describe('a claim', () => {
  test('takes the delivery until the end of the lease and touches nothing else', () => {
    const before = fresh({ round: 2, position: 1, reason: 'provider_error' });
    const now = NOW + 7;
    assert.deepEqual(claimed(before, now + 60_000, now, false), {
      ...before,
      status: 'sending',
      dueAt: now + 60_000,
      version: before.version + 1,
    });
  });

  test('may run past the expiry: the worker ends it then', () => {
    assert.equal(claimed(fresh({ expiresAt: NOW + 5 }), NOW + 60_000, NOW, false)?.dueAt, NOW + 60_000);
  });

  test('by name takes what is pending before it is due, and nothing else', () => {
    const handedOver = fresh({ dueAt: NOW + 1 });
    assert.equal(claimed(handedOver, NOW + 60_000, NOW, false), null);
    assert.equal(claimed(handedOver, NOW + 60_000, NOW, true)?.status, 'sending');
    for (const status of ['scheduled', 'retrying', 'sending', 'sent', 'cancelled'] as const) {
      assert.equal(claimed({ ...handedOver, status }, NOW + 60_000, NOW, true), null);
    }
  });

  test('is refused for what another one holds', () => {
    assert.equal(claimed(sending(), NOW + 60_000, NOW, false), null);
  });
});

describe('the outcome of an attempt', () => {
  test('accepted: it is sent by this channel, and nothing stands in the way any more', () => {
    const sent = after(sending({ position: 1, reason: 'provider_error', limitedSince: NOW - 5 }), [tried(ACCEPTED, 2)]);
    const { status, channelUsed, sentAt, finishedAt, reason, attempts, limitedSince, dueAt } = sent;
    assert.deepEqual(
      { status, channelUsed, sentAt, finishedAt, reason, attempts, limitedSince, dueAt },
      {
        status: 'sent',
        channelUsed: 'sms',
        sentAt: NOW,
        finishedAt: NOW,
        reason: null,
        attempts: 2,
        limitedSince: null,
        dueAt: null,
      },
    );
  });

  test('rejected: the channel is out and the next one is due at once', () => {
    const next = after(sending(), [tried(REJECTED)]);
    assert.deepEqual(
      [next.status, next.out, next.position, next.round, next.dueAt, next.reason],
      ['pending', ['email'], 1, 1, NOW, 'invalid_recipient'],
    );
  });

  test('rejected by every channel: it fails at once, without waiting for rounds', () => {
    const failed = after(sending({ position: 1, out: ['email'] }), [tried(REJECTED)]);
    assert.deepEqual([failed.status, failed.reason, failed.finishedAt], ['failed', 'invalid_recipient', NOW]);
  });

  test('rejected by the last channel after another was deferred: the next round leaves it out', () => {
    const next = after(sending({ position: 1 }), [tried(REJECTED)]);
    assert.deepEqual([next.status, next.round, next.position, next.out], ['retrying', 2, 0, ['sms']]);
  });

  test('deferred by the last channel: the next round starts after the backoff', () => {
    const next = after(sending({ position: 1 }), [tried(DEFERRED)]);
    assert.deepEqual([next.status, next.round, next.position, next.dueAt], ['retrying', 2, 0, NOW + 30_000]);
    const later = after({ ...next, status: 'sending', position: 1 }, [tried(DEFERRED)]);
    assert.deepEqual([later.round, later.dueAt], [3, NOW + 120_000]);
  });

  test('deferred in the last round: it is a dead letter with the last reason', () => {
    const failed = after(sending({ position: 1, round: 3 }), [tried(DEFERRED)]);
    assert.deepEqual([failed.status, failed.reason], ['failed', 'provider_error']);
  });

  test('unknown: it goes on as if deferred, at least once', () => {
    const next = after(sending(), [tried(UNKNOWN)]);
    assert.deepEqual([next.status, next.position, next.reason, next.out], ['pending', 1, 'timeout', []]);
  });

  test('unknown: it fails as maybe sent where at most once was asked for', () => {
    const failed = after(sending(), [tried(UNKNOWN)], NOW, AT_MOST_ONCE);
    assert.deepEqual([failed.status, failed.reason], ['failed', 'maybe_sent']);
  });
});

describe("a wait for a provider's own time", () => {
  test('keeps channel and round', () => {
    const next = after(sending({ round: 2 }), [tried(limited(PATIENCE))]);
    assert.deepEqual(
      [next.status, next.round, next.position, next.dueAt, next.limitedSince, next.reason],
      ['retrying', 2, 0, NOW + PATIENCE, NOW, 'rate_limited'],
    );
  });

  test('gives way to another channel of the chain when it is long', () => {
    const next = after(sending(), [tried(limited(PATIENCE + 1))]);
    assert.deepEqual([next.status, next.position, next.limitedSince], ['pending', 1, null]);
  });

  test('gives way to another channel when many short ones add up', () => {
    const next = after(sending({ limitedSince: NOW - PATIENCE }), [tried(limited(1_000))]);
    assert.deepEqual([next.status, next.position, next.limitedSince], ['pending', 1, null]);
  });

  test('is borne for a day where no other channel is left, then counts as a failure', () => {
    const last = sending({ position: 1 });
    assert.equal(after(last, [tried(limited(MAX_LIMITED))]).dueAt, NOW + MAX_LIMITED);
    assert.equal(after(last, [tried(limited(MAX_LIMITED + 1))]).round, 2);
    assert.equal(after({ ...last, limitedSince: NOW - MAX_LIMITED }, [tried(limited(1_000))]).round, 2);
  });

  for (const wait of [0, -1, -86_400_000, Number.NEGATIVE_INFINITY]) {
    test(`of ${wait} ms still leaves the provider a second, so that it cannot spin`, () => {
      assert.equal(after(sending(), [tried(limited(wait))]).dueAt, NOW + 1_000);
    });
  }

  test('is rounded up to whole milliseconds, as all times are', () => {
    assert.equal(after(sending(), [tried(limited(1_500.25))]).dueAt, NOW + 1_501);
  });

  for (const wait of [Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`of ${wait} ms is as good as none`, () => {
      assert.deepEqual(
        [after(sending(), [tried(limited(wait))]).position, after(sending(), [tried(limited(wait))]).dueAt],
        [1, NOW],
      );
    });
  }
});

describe('a worker that gives up or is lost', () => {
  test('taken back: what was handed over is due at once, and nothing else of it changes', () => {
    const before = fresh({ dueAt: NOW + 30_000 });
    const next = transition(before, { type: 'taken_back' }, NOW, POLICY);
    assert.deepEqual(next, { ...before, dueAt: NOW, version: before.version + 1 });
    assert.equal(transition(fresh({ status: 'scheduled', dueAt: NOW + 1 }), { type: 'taken_back' }, NOW, POLICY), null);
  });

  test('released: it is due at once, as it was', () => {
    const next = after(sending({ round: 2, position: 1, reason: 'provider_error' }), [{ type: 'released' }]);
    assert.deepEqual(
      [next.status, next.dueAt, next.round, next.position, next.attempts, next.reason],
      ['pending', NOW, 2, 1, 0, 'provider_error'],
    );
  });

  test('released for a while: it waits, where no queue can wake it, and nothing of it counts', () => {
    const before = sending({ round: 2, position: 1, attempts: 1, reason: 'provider_error' });
    const next = after(before, [{ type: 'released', notBefore: NOW + 500 }]);
    assert.deepEqual(
      [next.status, next.dueAt, next.round, next.position, next.attempts, next.reason, next.limitedSince],
      ['retrying', NOW + 500, 2, 1, 1, 'provider_error', null],
    );
  });

  test('lost: the same channel again, where the idempotency key can absorb the repeat', () => {
    const next = after(sending({ position: 1 }), [{ type: 'lease_expired' }]);
    assert.deepEqual(
      [next.status, next.position, next.crashes, next.attempts, next.reason],
      ['pending', 1, 1, 1, 'worker_lost'],
    );
  });

  test('lost too often: the delivery is taken to be what kills them', () => {
    const spared = after(sending({ crashes: MAX_CRASHES - 1 }), [{ type: 'lease_expired' }]);
    assert.equal(spared.status, 'pending');
    const failed = after(sending({ crashes: MAX_CRASHES }), [{ type: 'lease_expired' }]);
    assert.deepEqual([failed.status, failed.reason], ['failed', 'worker_lost']);
  });

  test('lost: it fails as maybe sent where at most once was asked for', () => {
    const failed = after(sending(), [{ type: 'lease_expired' }], NOW, AT_MOST_ONCE);
    assert.deepEqual([failed.status, failed.reason, failed.attempts], ['failed', 'maybe_sent', 1]);
  });

  test('lost: an inbox has taken nothing that is not recorded, so it is tried again even then', () => {
    const inbox = fresh({ chain: ['in_app'] });
    const held = after(inbox, [{ type: 'claimed', leaseUntil: NOW }]);
    const next = after(held, [{ type: 'lease_expired' }], NOW, AT_MOST_ONCE);
    assert.deepEqual([next.status, next.reason, next.attempts, next.crashes], ['pending', 'worker_lost', 1, 1]);
  });
});

describe('what people do', () => {
  test('cancelling ends it', () => {
    const next = after(fresh(), [{ type: 'cancel' }]);
    assert.deepEqual([next.status, next.reason, next.finishedAt, next.dueAt], ['cancelled', 'cancelled', NOW, null]);
  });

  test('retrying starts all afresh, with every channel and no trace of the old end', () => {
    const failed = fresh({
      status: 'failed',
      dueAt: null,
      round: 3,
      position: 1,
      out: ['email'],
      attempts: 7,
      crashes: 3,
      limitedSince: NOW - 9,
      reason: 'maybe_sent',
      finishedAt: NOW - 5,
      discardedAt: NOW - 4,
    });
    assert.deepEqual(after(failed, [{ type: 'retry' }]), {
      ...fresh(),
      attempts: 7,
      version: failed.version + 1,
    });
  });

  test('retrying after the expiry only makes it due to be ended again', () => {
    const expired = fresh({ status: 'expired', dueAt: null, expiresAt: NOW - 1 });
    const next = after(expired, [{ type: 'retry' }]);
    assert.deepEqual([next.status, next.dueAt], ['pending', NOW - 1]);
    assert.equal(after(next, [{ type: 'expired' }]).status, 'expired');
  });

  test('another time: never later than the expiry', () => {
    const scheduled = fresh({ status: 'scheduled', dueAt: NOW + 5, expiresAt: NOW + 100 });
    assert.equal(after(scheduled, [{ type: 'reschedule', dueAt: NOW + 50 }]).dueAt, NOW + 50);
    assert.equal(after(scheduled, [{ type: 'reschedule', dueAt: NOW + 500 }]).dueAt, NOW + 100);
  });

  test('setting a dead letter aside keeps it failed', () => {
    const failed = fresh({ status: 'failed', dueAt: null, finishedAt: NOW - 5, reason: 'provider_error' });
    assert.deepEqual(after(failed, [{ type: 'discard' }]), { ...failed, discardedAt: NOW, version: 2 });
  });
});

describe("a provider's later news", () => {
  const sent = fresh({
    ...{ status: 'sent', dueAt: null, attempts: 1, sentAt: NOW - 9, finishedAt: NOW - 9, channelUsed: 'email' },
  });
  const inDoubt = after(sending(), [tried(UNKNOWN)]);

  test('delivered: noted with its time', () => {
    assert.deepEqual(after(sent, [told('delivered')]), { ...sent, status: 'delivered', deliveredAt: NOW, version: 2 });
  });

  test('bounced: the next channel is due at once, and nothing counts as sent', () => {
    for (const before of [sent, after(sent, [told('delivered')])]) {
      const next = after(before, [told('bounced')]);
      const { position, out, sentAt, deliveredAt, channelUsed, finishedAt, dueAt, reason } = next;
      assert.deepEqual([next.status, position, out, dueAt, reason], ['pending', 1, ['email'], NOW, 'bounced']);
      assert.deepEqual([sentAt, deliveredAt, channelUsed, finishedAt], [null, null, null, null]);
    }
  });

  test('bounced from the last channel: failed', () => {
    const last = { ...sent, position: 1, channelUsed: 'sms' } as const;
    const failed = after(last, [told('bounced', { channel: 'sms' })]);
    assert.deepEqual([failed.status, failed.reason, failed.finishedAt], ['failed', 'bounced', NOW]);
  });

  test('bounced after the expiry, or after a cancel: failed, nothing is sent any more', () => {
    assert.equal(after({ ...sent, expiresAt: NOW }, [told('bounced')]).status, 'failed');
    assert.equal(after(sent, [told('bounced', { cancelled: true })]).status, 'failed');
  });

  test('of an older attempt or another channel: nothing newer is touched', () => {
    const newer = { ...sent, attempts: 2 };
    const others = [{}, { outcome: 'unknown' }, { number: 2, channel: 'sms' }, { number: 3 }] as const;
    for (const other of others) {
      for (const news of ['delivered', 'bounced'] as const) {
        assert.equal(transition(newer, told(news, other), NOW, POLICY), null, `${news} ${JSON.stringify(other)}`);
      }
    }
  });

  test('delivered, of an attempt whose answer was lost: it is over, and the next channel is not tried', () => {
    assert.deepEqual([inDoubt.status, inDoubt.position], ['pending', 1]);
    const { status, channelUsed, reason, sentAt, deliveredAt, finishedAt, dueAt } = after(inDoubt, [
      told('delivered', { outcome: 'unknown' }),
    ]);
    assert.deepEqual([status, channelUsed, reason, dueAt], ['delivered', 'email', null, null]);
    assert.deepEqual([sentAt, deliveredAt, finishedAt], [null, NOW, NOW], 'when it was sent is not known');
  });

  test('delivered, of what failed because nobody knew and was set aside: it is no dead letter any more', () => {
    const failed = after(sending(), [tried(UNKNOWN), { type: 'discard' }], NOW, AT_MOST_ONCE);
    const delivered = after(failed, [told('delivered', { outcome: 'unknown' })]);
    assert.deepEqual([delivered.status, delivered.reason, delivered.discardedAt], ['delivered', null, null]);
  });

  test('bounced, replayed when a receipt of another attempt has settled the matter: nothing', () => {
    const second = { ...sent, attempts: 2, chain: ['email'] } as const;
    const retried = after(second, [told('bounced', { number: 2 }), { type: 'retry' }]);
    const delivered = after(retried, [told('delivered', { outcome: 'unknown' })]);
    assert.equal(transition(delivered, told('bounced', { number: 2 }), NOW, POLICY), null);
  });
});
