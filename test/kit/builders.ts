import type { Channel } from '../../src/domain/channel.ts';
import { type Delivery, newDelivery } from '../../src/domain/delivery.ts';
import { type DeliveryId, deliveryId, type IdMaker, idMaker, type NotificationId } from '../../src/domain/ids.ts';
import type { NewInboxEntry } from '../../src/domain/inbox-entry.ts';
import type { Notification, Priority } from '../../src/domain/notification.ts';
import { type Attempt, attemptOf } from '../../src/domain/outcome.ts';
import type { News } from '../../src/domain/receipt.ts';
import type { DeliveryEvent, DeliveryPolicy } from '../../src/domain/transition.ts';
import type { NewSandboxMessage } from '../../src/store/sandbox.ts';
import type { IdempotencyKey, NewNotification, Submission } from '../../src/store/store.ts';

/** Everything a test needs to fill a store, with defaults; each part can be said otherwise. */
export interface Builders {
  notification(over?: Partial<Notification>): Notification;
  /** A notification with its deliveries: one leg by e-mail, due at once, unless said otherwise. */
  parcel(over?: Partial<Notification>, legs?: readonly LegOver[]): NewNotification;
  submission(notifications: readonly NewNotification[], key?: Partial<IdempotencyKey> | null): Submission;
  inboxEntry(over?: Partial<NewInboxEntry>): NewInboxEntry;
  sandboxMessage(over?: Partial<NewSandboxMessage>): NewSandboxMessage;
}

export interface LegOver {
  readonly chain?: readonly Channel[];
  readonly unaddressed?: readonly Channel[];
  readonly priority?: Priority;
  readonly dueAt?: number;
  readonly expiresAt?: number | null;
  readonly handedOverUntil?: number | null;
}

/** Three rounds, 30 s and 120 s apart. */
export const POLICY: DeliveryPolicy = { retry: { rounds: 3, delays: [30_000, 120_000] }, onUnknown: 'retry' };

/** `now` is asked for every time; ids are counted, so that two runs make the same ones. */
export function builders(now: () => number, ids: IdMaker = idMaker(countedBytes())): Builders {
  function notification(over: Partial<Notification> = {}): Notification {
    return {
      id: ids.notificationId(over.createdAt ?? now()),
      requestId: 'req-1',
      broadcastId: null,
      createdAt: now(),
      recipient: { email: 'user@example.com' },
      title: null,
      message: 'Your parcel has arrived.',
      actionUrl: null,
      data: null,
      overrides: null,
      priority: 'normal',
      sendAt: null,
      expiresAt: null,
      retry: null,
      onUnknown: 'retry',
      metadata: {},
      tags: [],
      ...over,
    };
  }
  function inboxId(over: Partial<NewInboxEntry | NewSandboxMessage>): NotificationId {
    return over.notificationId ?? ids.notificationId(now());
  }
  return {
    notification,
    parcel(over = {}, legs = [{}]) {
      const built = notification(over);
      const deliveries = legs.map((leg, index) => deliveryOf(built, index + 1, leg, now()));
      return { notification: built, deliveries, attempts: new Map(deliveries.flatMap(unaddressedLog)) };
    },
    submission(notifications, key = null) {
      const defaults = { scope: 'POST /x', key: 'k1', fingerprint: 'f1', answer: '{"id":"1"}', createdAt: now() };
      return { notifications, key: key === null ? null : { ...defaults, ...key } };
    },
    inboxEntry(over = {}) {
      const notificationId = inboxId(over);
      const defaults = { userId: 'user-1', title: null, body: 'Hello', actionUrl: null, data: null, createdAt: now() };
      return { ...defaults, notificationId, id: deliveryId(notificationId, 1), ...over };
    },
    sandboxMessage(over = {}) {
      const notificationId = inboxId(over);
      const defaults = { channel: 'email' as const, to: 'user@example.com', message: { text: 'Hi' }, caughtAt: now() };
      return { ...defaults, notificationId, deliveryId: deliveryId(notificationId, 1), ...over };
    },
  };
}

/** An accepted attempt by e-mail through `smtp`, unless said otherwise. */
export function attempt(over: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    channel: 'email',
    provider: 'smtp',
    outcome: 'accepted',
    code: null,
    detail: null,
    startedAt: 0,
    durationMs: 12,
    providerMessageId: 'm-1',
    ...over,
  };
}

function deliveryOf(notification: Notification, leg: number, over: LegOver, now: number): Delivery {
  return newDelivery(
    {
      id: deliveryId(notification.id, leg),
      notificationId: notification.id,
      leg,
      chain: over.chain ?? ['email'],
      unaddressed: over.unaddressed ?? [],
      priority: over.priority ?? notification.priority,
      dueAt: over.dueAt ?? notification.sendAt ?? now,
      expiresAt: over.expiresAt ?? notification.expiresAt,
      handedOverUntil: over.handedOverUntil ?? null,
    },
    now,
  );
}

function unaddressedLog(delivery: Delivery): [DeliveryId, readonly Attempt[]][] {
  const outcome = { kind: 'rejected', code: 'no_address', detail: 'no address' } as const;
  const log = delivery.out.map((channel, index) =>
    attemptOf(outcome, { number: index + 1, channel, provider: null, startedAt: 0, durationMs: 0 }),
  );
  return log.length > 0 ? [[delivery.id, log]] : [];
}

function countedBytes(): (bytes: number) => Uint8Array {
  let count = 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    // The first bytes feed the id's own counter; the tail keeps ids of different makers' calls apart.
    new DataView(bytes.buffer).setUint32(length - 4, count++);
    return bytes;
  };
}

/** News of a delivery's last attempt. */
export function receiptOf(
  { attempts, channelUsed, chain }: Delivery,
  news: News,
  outcome: Attempt['outcome'] = 'accepted',
): DeliveryEvent {
  return { type: 'receipt', news, of: { number: attempts, channel: channelUsed ?? chain[0] ?? 'email', outcome } };
}
