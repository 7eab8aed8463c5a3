import assert from 'node:assert/strict';
import type { Delivery } from '../../src/domain/delivery.ts';
import type { DeliveryId, NotificationId } from '../../src/domain/ids.ts';
import type { NewInboxEntry } from '../../src/domain/inbox-entry.ts';
import { type DeliveryEvent, transition } from '../../src/domain/transition.ts';
import type { Change, NewNotification, Store } from '../../src/store/store.ts';
import { attempt, builders, POLICY } from './builders.ts';

const LEASE = 60_000;

type UsedOfStore = Pick<Store, 'accept' | 'claim' | 'find' | 'write'>;

/**
 * Brings entries into inboxes the way they come there: with the record that their deliveries were sent. A notification
 * that is not there is accepted first; what was sent already is written once more as it is.
 */
export async function putIntoInbox(store: UsedOfStore, entries: readonly NewInboxEntry[]): Promise<void> {
  const legs = Map.groupBy(entries, ({ notificationId }) => notificationId);
  const deliveries = new Map<DeliveryId, Delivery>();
  const missing: NewNotification[] = [];
  for (const [id, ofOne] of legs) {
    const record = await store.find(id);
    for (const delivery of record?.deliveries ?? []) deliveries.set(delivery.id, delivery);
    if (record === null) missing.push(parcelFor(id, ofOne));
  }
  await store.accept(missing.map((parcel) => ({ notifications: [parcel], key: null })));
  const ids = [...new Set(entries.map(({ id }) => id))];
  for (const { delivery } of await store.claim(ids, LEASE)) deliveries.set(delivery.id, delivery);
  const changes = entries.map((entry) => {
    const before = deliveries.get(entry.id);
    assert.ok(before, `there is no delivery ${entry.id}`);
    const change = entryChange(before, entry);
    deliveries.set(entry.id, change.after);
    return [change];
  });
  const written = await store.write(changes);
  assert.ok(!written.includes(false), 'an entry was refused');
}

/** How an entry comes with its delivery: sent where somebody holds that, otherwise as it has ended. */
export function entryChange(before: Delivery, entry: NewInboxEntry): Change {
  const isHeld = before.status === 'sending';
  const outcome = { kind: 'accepted', providerMessageId: null } as const;
  const event: DeliveryEvent = isHeld ? { type: 'tried', outcome, attempts: 1, random: 0 } : { type: 'kept' };
  const after = transition(before, event, entry.createdAt, POLICY);
  assert.ok(after, `a delivery that is ${before.status} cannot bring an entry`);
  const call = { channel: 'in_app', provider: 'inbox', providerMessageId: null, startedAt: entry.createdAt } as const;
  const attempts = [attempt({ ...call, number: after.attempts })];
  return isHeld ? { after, attempts, entry } : { after, attempts: [], kept: true, entry };
}

function parcelFor(id: NotificationId, entries: readonly NewInboxEntry[]): NewNotification {
  const { userId, title, body, createdAt } = entries[0] ?? assert.fail();
  const legs = new Set(entries.map((entry) => entry.id));
  const about = { id, createdAt, recipient: { userId }, title, message: body };
  return builders(() => createdAt).parcel(
    about,
    [...legs].map(() => ({ chain: ['in_app'] as const })),
  );
}
