import * as fc from 'fast-check';
import { CHANNELS } from '../../src/domain/channel.ts';
import { type Delivery, newDelivery } from '../../src/domain/delivery.ts';
import { deliveryId, firstIdAt } from '../../src/domain/ids.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { type DeliveryPolicy, PATIENCE } from '../../src/domain/transition.ts';

export const START = 1_800_000_000_000;
export const MINUTE = 60_000;
export const DAY = 86_400_000;

/** What a provider can say, sane or not. */
export const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant<Outcome>({ kind: 'accepted', providerMessageId: null }),
  fc.constant<Outcome>({ kind: 'rejected', code: 'invalid_recipient', detail: '' }),
  fc.constant<Outcome>({ kind: 'unknown', code: 'timeout', detail: '' }),
  fc.constant<Outcome>({ kind: 'deferred', code: 'provider_error', detail: '', scope: 'provider' }),
  waits(fc.oneof(fc.integer({ min: -5, max: 2 * PATIENCE }), fc.integer({ max: 2 * DAY }), fc.double())),
);

function waits(ms: fc.Arbitrary<number>): fc.Arbitrary<Outcome> {
  return ms.map((retryAfterMs) => ({
    kind: 'deferred',
    code: 'rate_limited',
    detail: '',
    scope: 'provider',
    retryAfterMs,
  }));
}

export const policies: fc.Arbitrary<DeliveryPolicy> = fc.record({
  retry: fc.record({
    rounds: fc.integer({ min: 1, max: 5 }),
    delays: fc.array(fc.integer({ min: 0, max: DAY }), { maxLength: 4 }),
  }),
  onUnknown: fc.constantFrom('retry', 'fail'),
});

/** New deliveries at START; some channels have no address, some deliveries expire, and some at once. */
export const deliveries: fc.Arbitrary<Delivery> = fc
  .record({
    chain: fc.uniqueArray(fc.constantFrom(...CHANNELS), { minLength: 1, maxLength: 4 }),
    unaddressed: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    delay: fc.constantFrom(0, 0, 5 * MINUTE),
    ttl: fc.option(fc.integer({ min: 0, max: 3 * DAY }), { freq: 2 }),
  })
  .map(({ chain, unaddressed, delay, ttl }) => {
    const notificationId = firstIdAt(START);
    return newDelivery(
      {
        id: deliveryId(notificationId, 1),
        notificationId,
        leg: 1,
        chain,
        unaddressed: chain.filter((_, index) => unaddressed[index]),
        priority: 'normal',
        dueAt: START + delay,
        expiresAt: ttl === null ? null : START + ttl,
      },
      START,
    );
  });

/** How far time moves before something happens: not at all, to the time the delivery names, or anywhere. */
export const advances = fc.oneof(
  { weight: 3, arbitrary: fc.constant<'due'>('due') },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: DAY }) },
);

export function later(now: number, advance: 'due' | number, delivery: Delivery): number {
  return advance === 'due' ? Math.max(now, delivery.dueAt ?? now) : now + advance;
}
