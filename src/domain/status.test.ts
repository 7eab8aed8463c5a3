import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { DELIVERY_STATUSES, type DeliveryStatus, isTerminal } from './delivery.ts';
import { foldStatus, statusRank } from './status.ts';

const lists = fc.array(fc.constantFrom(...DELIVERY_STATUSES), { minLength: 1, maxLength: 12 });

function fold(statuses: readonly DeliveryStatus[]): DeliveryStatus {
  return foldStatus(statuses.map((status) => ({ status })));
}

describe("a notification's status", () => {
  const cases: readonly [DeliveryStatus, readonly DeliveryStatus[]][] = [
    ['sending', ['delivered', 'retrying', 'sending']],
    ['retrying', ['pending', 'retrying', 'sent']],
    ['pending', ['scheduled', 'pending', 'delivered']],
    ['scheduled', ['failed', 'scheduled']],
    ['delivered', ['sent', 'delivered', 'failed']],
    ['sent', ['failed', 'sent', 'cancelled']],
    ['failed', ['expired', 'failed', 'suppressed']],
    ['expired', ['suppressed', 'expired', 'cancelled']],
    ['suppressed', ['cancelled', 'suppressed']],
    ['cancelled', ['cancelled', 'cancelled']],
  ];
  for (const [expected, statuses] of cases) {
    test(`is ${expected} for ${statuses.join(', ')}`, () => assert.equal(fold(statuses), expected));
  }

  test('is finished exactly when every delivery is', () => {
    fc.assert(fc.property(lists, (statuses) => isTerminal(fold(statuses)) === statuses.every(isTerminal)));
  });

  test('is one of its deliveries own, whatever their order or number', () => {
    fc.assert(
      fc.property(lists, (statuses) => {
        const status = fold(statuses);
        assert.ok(statuses.includes(status));
        assert.equal(fold(statuses.toReversed()), status);
        assert.equal(fold([...statuses, ...statuses]), status);
      }),
    );
  });

  test('of no deliveries does not exist', () => {
    assert.throws(() => foldStatus([]), /without deliveries/);
  });
});

test('ranks follow the folding order', () => {
  assert.deepEqual(DELIVERY_STATUSES.map(statusRank), [...DELIVERY_STATUSES.keys()]);
});
