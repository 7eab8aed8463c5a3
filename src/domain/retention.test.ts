import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeliveryStatus } from './delivery.ts';
import { deliveryId, type NotificationId } from './ids.ts';
import { forgettable, type LegState, look } from './retention.ts';

function notification(count: number): NotificationId {
  return `01890a5d-ac96-774b-bcce-${String(count).padStart(10, '0')}00` as NotificationId;
}

function leg(count: number, number: number, status: DeliveryStatus, finishedAt: number | null, attempts = 1): LegState {
  return { id: deliveryId(notification(count), number), status, finishedAt, attempts };
}

function idsOf(found: readonly { readonly id: NotificationId }[]): number[] {
  return found.map(({ id }) => Number(id.slice(-12, -2)));
}

describe('what may be forgotten', () => {
  const cases: readonly [string, readonly LegState[], boolean][] = [
    ['one that was sent long ago', [leg(1, 1, 'sent', 9)], true],
    ['not one that was sent at the limit', [leg(1, 1, 'sent', 10)], false],
    ['not one whose status is kept', [leg(1, 1, 'expired', 1)], false],
    ['not one that waits', [leg(1, 1, 'pending', null)], false],
    ['not one of which a leg is being sent', [leg(1, 1, 'sent', 1), leg(1, 2, 'sending', null)], false],
    ['one whose status is that of another leg', [leg(1, 1, 'sent', 1), leg(1, 2, 'expired', 1)], true],
    ['not one whose last leg ended lately', [leg(1, 1, 'sent', 1), leg(1, 2, 'failed', 11)], false],
    ['not one of which it is not known when it ended', [leg(1, 1, 'sent', null)], false],
  ];
  for (const [name, legs, expected] of cases) {
    test(name, () => assert.equal(forgettable(legs, { sent: 10, failed: 20, pending: 99 }).length, expected ? 1 : 0));
  }
});

describe('a look', () => {
  const all = Array.from({ length: 6 }, (_, index) => leg(index, 1, index === 2 ? 'pending' : 'sent', 1));
  const at = { before: { sent: 10 }, keep: null, rows: 100, most: 7 };

  test('that saw everything is the last', () => {
    const { few, next } = look(all, at);
    assert.deepEqual([idsOf(few), next], [[0, 1, 3, 4, 5], null]);
    assert.deepEqual(look([], at), { few: [], next: null });
  });

  test('leaves what is to be kept', () => {
    assert.deepEqual(idsOf(look(all, { ...at, keep: notification(4) }).few), [0, 1, 3, 5]);
  });

  test('that may have seen only a part of the last one leaves it to the next', () => {
    const { few, next } = look(all, { ...at, most: 6 });
    assert.deepEqual([idsOf(few), next], [[0, 1, 3, 4], notification(4)]);
  });

  test('with too much for one batch goes on after what it took', () => {
    const { few, next } = look(all, { ...at, rows: 9 });
    assert.deepEqual([idsOf(few), next], [[0, 1], notification(1)]);
    assert.deepEqual(idsOf(look(all, { ...at, rows: 1 }).few), [0]);
  });
});
