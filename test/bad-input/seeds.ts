import assert from 'node:assert/strict';
import type { DeliveryId, NotificationId } from '../../src/domain/ids.ts';
import { deliveryId } from '../../src/domain/ids.ts';
import { type DeliveryEvent, transition } from '../../src/domain/transition.ts';
import type { InboxStore } from '../../src/store/inbox.ts';
import type { SandboxStore } from '../../src/store/sandbox.ts';
import type { Store } from '../../src/store/store.ts';
import { attempt, builders, POLICY } from '../kit/builders.ts';
import { entryChange } from '../kit/put-into-inbox.ts';

/** Notifications that are there before the first request, one in each state that a request can meet, by their state. */
export const STATES = [
  'scheduled',
  'pending',
  'sending',
  'retrying',
  'sent',
  'failed',
  'expired',
  'cancelled',
  'discarded',
] as const;
export type SeedState = (typeof STATES)[number];

/** Beginning alike, so that they can be told from ids that a service made. */
export const SEED_PREFIX = '019b0000-0000-7000-8000-';
const SEEDED_AT = Date.UTC(2025, 11, 9);
const DAY = 86_400_000;

export function seedId(state: SeedState): NotificationId {
  return `${SEED_PREFIX}000000000${STATES.indexOf(state) + 1}00` as NotificationId;
}

export function seedDelivery(state: SeedState): DeliveryId {
  return deliveryId(seedId(state), 1);
}

/** The user whose inbox holds something. */
export const SEED_USER = 'user-1';

/** The id of an inbox entry of `SEED_USER`, 1 to 3. */
export function seedEntry(number: 1 | 2 | 3): DeliveryId {
  return `${SEED_PREFIX}0000000a0${number}01` as DeliveryId;
}

const TRIED = { type: 'tried', attempts: 1, random: 0.5 } as const;
const EVENTS: Readonly<Record<SeedState, readonly DeliveryEvent[]>> = {
  scheduled: [],
  pending: [],
  sending: [{ type: 'claimed', leaseUntil: Date.UTC(2100, 0, 1) }],
  retrying: [
    { type: 'claimed', leaseUntil: Date.UTC(2100, 0, 1) },
    { ...TRIED, outcome: { kind: 'deferred', code: 'provider_error', detail: 'later', scope: 'attempt' } },
  ],
  sent: [
    { type: 'claimed', leaseUntil: Date.UTC(2100, 0, 1) },
    { ...TRIED, outcome: { kind: 'accepted', providerMessageId: 'm-1' } },
  ],
  failed: [
    { type: 'claimed', leaseUntil: Date.UTC(2100, 0, 1) },
    { ...TRIED, outcome: { kind: 'rejected', code: 'invalid_recipient', detail: 'no such mailbox' } },
  ],
  expired: [{ type: 'expired' }],
  cancelled: [{ type: 'cancel' }],
  discarded: [
    { type: 'claimed', leaseUntil: Date.UTC(2100, 0, 1) },
    { ...TRIED, outcome: { kind: 'rejected', code: 'invalid_recipient', detail: 'no such mailbox' } },
    { type: 'discard' },
  ],
};

/** Fills an empty store, the same way every time; `now` only decides what is still to come. */
export async function plantSeeds(store: Store & InboxStore & SandboxStore, now: number): Promise<void> {
  const build = builders(() => SEEDED_AT);
  const parcels = STATES.map((state) => {
    const sendAt = state === 'scheduled' ? now + DAY : null;
    const expiresAt = state === 'scheduled' ? now + 2 * DAY : state === 'expired' ? SEEDED_AT + 1 : null;
    const parcel = build.parcel({ id: seedId(state), sendAt, expiresAt });
    return { state, parcel };
  });
  await store.accept(parcels.map(({ parcel }) => build.submission([parcel])));
  for (const { state, parcel } of parcels) {
    let [delivery] = parcel.deliveries;
    for (const event of EVENTS[state]) {
      const after = delivery === undefined ? null : transition(delivery, event, SEEDED_AT + 1000, POLICY);
      if (after === null) throw new Error(`${event.type} does not apply on the way to ${state}`);
      const log = event.type === 'tried' ? attempt({ outcome: event.outcome.kind, startedAt: SEEDED_AT }) : null;
      const [written] = await store.write([[{ after, attempts: log === null ? [] : [log] }]]);
      if (written !== true) throw new Error(`the store refuses ${event.type} on the way to ${state}`);
      delivery = after;
    }
  }
  const entries = ([1, 2, 3] as const).map((number) =>
    build.inboxEntry({
      id: seedEntry(number),
      notificationId: seedId('sent'),
      userId: SEED_USER,
      createdAt: SEEDED_AT,
    }),
  );
  const record = await store.find(seedId('sent'));
  let sent = record?.deliveries[0] ?? assert.fail();
  for (const entry of entries) {
    const change = entryChange(sent, entry);
    assert.deepEqual(await store.write([[change]]), [true]);
    sent = change.after;
  }
  await store.addToSandbox([
    build.sandboxMessage({ notificationId: seedId('sent'), deliveryId: seedDelivery('sent') }),
  ]);
}
