import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Delivery } from '../../../src/domain/delivery.ts';
import type { DeliveryId } from '../../../src/domain/ids.ts';
import { type Notification, PRIORITIES } from '../../../src/domain/notification.ts';
import type { Attempt } from '../../../src/domain/outcome.ts';
import { type DeliveryEvent, transition } from '../../../src/domain/transition.ts';
import type { Change, Claim, NewNotification, Page, Store } from '../../../src/store/store.ts';
import { attempt, type Builders, builders, POLICY } from '../../kit/builders.ts';
import type { ManualClock } from '../../kit/manual-clock.ts';

/** An empty store on a clock of the test's own; what it needs afterwards it arranges with `t.after`. */
export type OpenStore = (t: TestContext) => Promise<{ readonly store: Store; readonly clock: ManualClock }>;

export const LEASE = 30_000;
export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** A freshly opened store and the short words in which the contract's tests speak to it. */
export interface StoreKit {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly make: Builders;
  /** Accepts each as a submission of its own, without a key. */
  readonly accept: (...parcels: readonly NewNotification[]) => Promise<void>;
  readonly claimDue: (limit?: number) => Promise<readonly Claim[]>;
  /** The first leg as it is now. */
  readonly state: (parcel: NewNotification) => Promise<Delivery>;
  /** Lets an event happen to a delivery and writes what comes of it; the write must succeed. */
  readonly move: (before: Delivery, event: DeliveryEvent, attempts?: readonly Attempt[]) => Promise<Delivery>;
  /** Claims by id and settles with an accepted attempt. */
  readonly send: (...parcels: readonly NewNotification[]) => Promise<void>;
  /** Claims by id and lets the only channel be rejected: a dead letter. */
  readonly fail: (...parcels: readonly NewNotification[]) => Promise<void>;
}

export async function storeKit(t: TestContext, open: OpenStore): Promise<StoreKit> {
  const { store, clock } = await open(t);
  const kit: StoreKit = {
    store,
    clock,
    make: builders(() => clock.now()),
    async accept(...parcels) {
      const results = await store.accept(parcels.map((parcel) => ({ notifications: [parcel], key: null })));
      for (const result of results) assert.deepEqual(result, { kind: 'accepted' });
    },
    claimDue: (limit = 1000) => store.claimDue({ limit, order: PRIORITIES, leaseMs: LEASE }),
    async state(parcel) {
      const record = await store.find(parcel.notification.id);
      const delivery = record?.deliveries[0];
      assert.ok(delivery, 'the notification is not there');
      return delivery;
    },
    async move(before, event, attempts = []) {
      const after = next(before, event, clock.now());
      assert.deepEqual(await store.write([[{ after, attempts }]]), [true]);
      return after;
    },
    async send(...parcels) {
      for (const claim of await claimAll(store, parcels)) {
        const log = [attempt({ number: claim.delivery.attempts + 1, startedAt: clock.now() })];
        await kit.move(claim.delivery, ACCEPTED, log);
      }
    },
    async fail(...parcels) {
      for (const claim of await claimAll(store, parcels)) {
        await kit.move(claim.delivery, REJECTED, [rejectedAttempt(claim.delivery.attempts + 1, clock.now())]);
      }
    },
  };
  return kit;
}

export const ACCEPTED = {
  type: 'tried',
  outcome: { kind: 'accepted', providerMessageId: 'm-1' },
  attempts: 1,
  random: 0.5,
} as const satisfies DeliveryEvent;

export const REJECTED = {
  type: 'tried',
  outcome: { kind: 'rejected', code: 'invalid_recipient', detail: 'no such user' },
  attempts: 1,
  random: 0.5,
} as const satisfies DeliveryEvent;

export const DEFERRED = {
  type: 'tried',
  outcome: { kind: 'deferred', code: 'provider_error', detail: '500', scope: 'attempt' },
  attempts: 1,
  random: 0.5,
} as const satisfies DeliveryEvent;

export function rejectedAttempt(number: number, startedAt: number): Attempt {
  const failure = { outcome: 'rejected', code: 'invalid_recipient', detail: 'no such user' } as const;
  return attempt({ number, startedAt, ...failure, providerMessageId: null });
}

/** What `transition` makes of an event that must apply. */
export function next(before: Delivery, event: DeliveryEvent, now: number): Delivery {
  const after = transition(before, event, now, POLICY);
  assert.ok(after, `${event.type} does not apply to a delivery that is ${before.status}`);
  return after;
}

export function change(after: Delivery, attempts: readonly Attempt[] = []): Change {
  return { after, attempts };
}

export function legIds(...parcels: readonly NewNotification[]): DeliveryId[] {
  return parcels.flatMap((parcel) => parcel.deliveries.map((delivery) => delivery.id));
}

export function idsOf(claims: readonly Claim[]): DeliveryId[] {
  return claims.map((claim) => claim.delivery.id);
}

/** Follows the cursors to the end; a list that never ends fails. */
export async function walk<T>(page: (after: string | null) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 1000; pages++) {
    const found: Page<T> = await page(after);
    items.push(...found.items);
    if (found.next === null) return items;
    after = found.next;
  }
  assert.fail('the pages have no end');
}

async function claimAll(store: Store, parcels: readonly NewNotification[]): Promise<readonly Claim[]> {
  const claims = await store.claim(legIds(...parcels), LEASE);
  assert.equal(claims.length, legIds(...parcels).length, 'not all of them could be claimed');
  return claims;
}

/** A notification with every field set but the broadcast's id; it is to be sent in an hour. */
export function everything(now: number): Partial<Notification> {
  return {
    requestId: '4bf92f3577b34da6a3ce929d0e0e4736',
    recipient: {
      userId: 'user-1',
      email: 'user@example.com',
      phone: '+12025550100',
      telegram: '@example_chat',
      pushTokens: ['token-1', 'token-2'],
      slack: 'C1',
      discord: 'D1',
      teams: 'T1',
      whatsapp: '+12025550101',
      webhookUrl: 'https://example.com/hook?x=%20',
      locale: 'pt-BR',
      timezone: 'America/Sao_Paulo',
    },
    title: 'Delivered',
    actionUrl: 'https://example.com/orders/1',
    data: { deep: [[{ a: [1, -0.5, 1e21, true, false, null, ''] }], {}], '': 'empty name', ['__proto__']: { x: 1 } },
    overrides: {
      email: { subject: 'S', cc: ['cc@example.com'], attachments: [{ filename: 'a.txt', content: 'YQ==' }] },
      in_app: { data: { n: 0 } },
    },
    priority: 'high',
    sendAt: now + HOUR,
    expiresAt: now + 2 * HOUR,
    retry: { rounds: 3, delays: [1000, 2000] },
    onUnknown: 'fail',
    metadata: { order: '1', empty: '' },
    tags: ['a', 'b', 'a b', 'ü'],
  };
}
