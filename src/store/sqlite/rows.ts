import type { Channel } from '../../domain/channel.ts';
import type { Delivery, DeliveryStatus } from '../../domain/delivery.ts';
import { type DeliveryId, deliveryId, type NotificationId } from '../../domain/ids.ts';
import type { NewInboxEntry } from '../../domain/inbox-entry.ts';
import {
  type JsonObject,
  type Notification,
  type OnUnknown,
  type Overrides,
  PRIORITIES,
  type Priority,
} from '../../domain/notification.ts';
import type { Attempt, Outcome } from '../../domain/outcome.ts';
import type { Reason } from '../../domain/reason.ts';
import type { Recipient } from '../../domain/recipient.ts';
import type { RetryPolicy } from '../../domain/retry-policy.ts';

/**
 * Words as rows and back. A row is the bare values of the columns, in the order of the lists in columns.ts, ids as texts
 * and JSON written out. As such it crosses to the store's thread, and comes from it, for a fifth of what the words cost
 * (flat-rows.ts). What a column holds was written by this file, so the way back asserts the types instead of checking them.
 */
export type NotificationRow = readonly [
  id: NotificationId,
  requestId: string,
  broadcastId: NotificationId | null,
  createdAt: number,
  userId: string | null,
  addresses: string | null,
  title: string | null,
  message: string,
  actionUrl: string | null,
  data: string | null,
  overrides: string | null,
  priority: number,
  sendAt: number | null,
  expiresAt: number | null,
  retry: string | null,
  onUnknown: OnUnknown,
  metadata: string | null,
  tags: string | null,
];

export type DeliveryRow = readonly [
  notificationId: NotificationId,
  leg: number,
  chain: string,
  status: DeliveryStatus,
  version: number,
  priority: number,
  dueAt: number | null,
  expiresAt: number | null,
  round: number,
  position: number,
  dropped: string | null,
  attempts: number,
  crashes: number,
  limitedSince: number | null,
  channelUsed: Channel | null,
  reason: Reason | null,
  sentAt: number | null,
  deliveredAt: number | null,
  finishedAt: number | null,
  discardedAt: number | null,
];

export type AttemptRow = readonly [
  notificationId: NotificationId,
  leg: number,
  number: number,
  channel: Channel,
  provider: string | null,
  outcome: Outcome['kind'],
  code: Reason | null,
  detail: string | null,
  startedAt: number,
  durationMs: number,
  providerMessageId: string | null,
];

export type EntryRow = readonly [
  userId: string,
  id: DeliveryId,
  notificationId: NotificationId,
  title: string | null,
  body: string,
  actionUrl: string | null,
  data: string | null,
  createdAt: number,
];

/** What a row says of where its delivery has come to. */
export function moved(row: DeliveryRow): Pick<Delivery, 'id' | 'status' | 'reason' | 'sentAt' | 'discardedAt'> {
  return { id: deliveryId(row[0], row[1]), status: row[3], reason: row[15], sentAt: row[16], discardedAt: row[19] };
}

/** What a row says of whom it was tried by, and how that ended. */
export function tried(row: AttemptRow): Pick<Attempt, 'channel' | 'provider' | 'outcome'> {
  return { channel: row[3], provider: row[4], outcome: row[5] };
}

export function notificationRow(notification: Notification): NotificationRow {
  return [
    notification.id,
    notification.requestId,
    notification.broadcastId,
    notification.createdAt,
    notification.recipient.userId ?? null,
    addressesOf(notification.recipient),
    notification.title,
    notification.message,
    notification.actionUrl,
    json(notification.data),
    json(notification.overrides),
    priorityNumber(notification.priority),
    notification.sendAt,
    notification.expiresAt,
    json(notification.retry),
    notification.onUnknown,
    jsonUnlessEmpty(notification.metadata),
    notification.tags.length === 0 ? null : JSON.stringify(notification.tags),
  ];
}

function addressesOf(recipient: Recipient): string | null {
  for (const key in recipient) {
    if (key === 'userId') continue;
    const { userId: _, ...addresses } = recipient;
    return JSON.stringify(addresses);
  }
  return null;
}

/** By its places, not as a list: that would go through the list's iterator for each value. */
export function notificationOf({
  0: id,
  1: requestId,
  2: broadcastId,
  3: createdAt,
  4: userId,
  5: addresses,
  6: title,
  7: message,
  8: actionUrl,
  9: data,
  10: overrides,
  11: priority,
  12: sendAt,
  13: expiresAt,
  14: retry,
  15: onUnknown,
  16: metadata,
  17: tags,
}: NotificationRow): Notification {
  const others = (parse(addresses) ?? {}) as Recipient;
  return {
    id,
    requestId,
    broadcastId,
    createdAt,
    recipient: userId === null ? others : { userId, ...others },
    title,
    message,
    actionUrl,
    data: parse(data) as JsonObject | null,
    overrides: parse(overrides) as Overrides | null,
    priority: priorityOf(priority),
    sendAt,
    expiresAt,
    retry: parse(retry) as RetryPolicy | null,
    onUnknown,
    metadata: (parse(metadata) ?? {}) as Record<string, string>,
    tags: (parse(tags) ?? []) as string[],
  };
}

export function deliveryRow(delivery: Delivery): DeliveryRow {
  return [
    delivery.notificationId,
    delivery.leg,
    delivery.chain.join(','),
    delivery.status,
    delivery.version,
    priorityNumber(delivery.priority),
    delivery.dueAt,
    delivery.expiresAt,
    delivery.round,
    delivery.position,
    delivery.out.length === 0 ? null : delivery.out.join(','),
    delivery.attempts,
    delivery.crashes,
    delivery.limitedSince,
    delivery.channelUsed,
    delivery.reason,
    delivery.sentAt,
    delivery.deliveredAt,
    delivery.finishedAt,
    delivery.discardedAt,
  ];
}

export function deliveryOf({
  0: notificationId,
  1: leg,
  2: chain,
  3: status,
  4: version,
  5: priority,
  6: dueAt,
  7: expiresAt,
  8: round,
  9: position,
  10: dropped,
  11: attempts,
  12: crashes,
  13: limitedSince,
  14: channelUsed,
  15: reason,
  16: sentAt,
  17: deliveredAt,
  18: finishedAt,
  19: discardedAt,
}: DeliveryRow): Delivery {
  return {
    id: deliveryId(notificationId, leg),
    notificationId,
    leg,
    chain: channels(chain),
    status,
    version,
    priority: priorityOf(priority),
    dueAt,
    expiresAt,
    round,
    position,
    out: channels(dropped),
    attempts,
    crashes,
    limitedSince,
    channelUsed,
    reason,
    sentAt,
    deliveredAt,
    finishedAt,
    discardedAt,
  };
}

export function attemptRow(notificationId: NotificationId, leg: number, attempt: Attempt): AttemptRow {
  return [
    notificationId,
    leg,
    attempt.number,
    attempt.channel,
    attempt.provider,
    attempt.outcome,
    attempt.code,
    attempt.detail,
    attempt.startedAt,
    attempt.durationMs,
    attempt.providerMessageId,
  ];
}

export function entryRow(entry: NewInboxEntry): EntryRow {
  const { userId, id, notificationId, title, body, actionUrl, data, createdAt } = entry;
  return [userId, id, notificationId, title, body, actionUrl, json(data), createdAt];
}

export function priorityNumber(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

function priorityOf(priority: number): Priority {
  return PRIORITIES[priority] ?? 'normal';
}

export function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

export function parse(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

function jsonUnlessEmpty(value: object): string | null {
  for (const _key in value) return JSON.stringify(value);
  return null;
}

function channels(text: string | null): readonly Channel[] {
  return text === null || text === '' ? [] : (text.split(',') as Channel[]);
}
