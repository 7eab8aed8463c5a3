import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Channel } from './channel.ts';
import {
  currentChannel,
  DELIVERY_STATUSES,
  type Delivery,
  isExpired,
  isTerminal,
  newDelivery,
  nextAttemptAt,
} from './delivery.ts';
import { deliveryId, firstIdAt } from './ids.ts';

const NOW = 1_800_000_000_000;

function made(over: {
  chain?: readonly Channel[];
  unaddressed?: readonly Channel[];
  dueAt?: number;
  expiresAt?: number | null;
}): Delivery {
  const notificationId = firstIdAt(NOW);
  const at = { leg: 1, chain: ['email', 'sms', 'push'], unaddressed: [], priority: 'normal' } as const;
  return newDelivery(
    { ...at, id: deliveryId(notificationId, 1), notificationId, dueAt: NOW, expiresAt: null, ...over },
    NOW,
  );
}

describe('a new delivery', () => {
  test('that is due now is pending on its first channel, in its first round', () => {
    const { status, dueAt, round, position, version, attempts, out, reason, finishedAt } = made({});
    assert.deepEqual(
      { status, dueAt, round, position, version, attempts, out, reason, finishedAt },
      {
        status: 'pending',
        dueAt: NOW,
        round: 1,
        position: 0,
        version: 1,
        attempts: 0,
        out: [],
        reason: null,
        finishedAt: null,
      },
    );
  });

  test('that is due later is scheduled', () => {
    assert.deepEqual([made({ dueAt: NOW + 1 }).status, made({ dueAt: NOW + 1 }).dueAt], ['scheduled', NOW + 1]);
  });

  test('is looked at no later than its expiry', () => {
    assert.equal(made({ dueAt: NOW + 10, expiresAt: NOW + 5 }).dueAt, NOW + 5);
    assert.equal(made({ dueAt: NOW + 5, expiresAt: NOW + 10 }).dueAt, NOW + 5);
  });

  test('starts behind the channels without an address, each of which is an attempt in the log', () => {
    const delivery = made({ unaddressed: ['email', 'push'] });
    assert.deepEqual([currentChannel(delivery), delivery.out, delivery.attempts], ['sms', ['email', 'push'], 2]);
  });

  test('without any address is a dead letter from the start', () => {
    const { status, reason, dueAt, finishedAt } = made({ unaddressed: ['email', 'sms', 'push'], dueAt: NOW + 9 });
    assert.deepEqual(
      { status, reason, dueAt, finishedAt },
      {
        status: 'failed',
        reason: 'no_address',
        dueAt: null,
        finishedAt: NOW,
      },
    );
  });
});

test('four states are unfinished, the others are terminal', () => {
  assert.deepEqual(
    DELIVERY_STATUSES.filter((status) => !isTerminal(status)),
    ['sending', 'retrying', 'pending', 'scheduled'],
  );
});

test('it is expired from the millisecond of its expiry on, and never without one', () => {
  const delivery = made({ expiresAt: NOW });
  assert.deepEqual(
    [isExpired(delivery, NOW - 1), isExpired(delivery, NOW), isExpired(delivery, NOW + 1)],
    [false, true, true],
  );
  assert.equal(isExpired(made({}), Number.MAX_SAFE_INTEGER), false);
});

describe('the next attempt', () => {
  const cases: readonly [string, Delivery, number | null][] = [
    ['is when it is due', made({ dueAt: NOW + 5 }), NOW + 5],
    ['is not known while one is under way', { ...made({}), status: 'sending', dueAt: NOW + 60_000 }, null],
    ['is none when it is finished', { ...made({}), status: 'sent', dueAt: null }, null],
    ['is none when the expiry comes first', made({ dueAt: NOW + 9, expiresAt: NOW + 5 }), null],
  ];
  for (const [name, delivery, expected] of cases) test(name, () => assert.equal(nextAttemptAt(delivery), expected));
});

test('a position off the chain is a bug, and says so', () => {
  assert.throws(() => currentChannel({ ...made({}), position: 3 }), /position 3 is off its chain/);
});
