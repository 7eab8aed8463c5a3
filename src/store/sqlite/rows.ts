import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { Channel } from '../../domain/channel.ts';
import type { Delivery, DeliveryStatus } from '../../domain/delivery.ts';
import { type DeliveryId, deliveryId, legOf, type NotificationId } from '../../domain/ids.ts';
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
 * Rows to words and back. What a column holds was written by this file, so its parsers assert the types instead of
 * checking them.
 */
export type Row = Record<string, SQLOutputValue>;
export type Params = Record<string, SQLInputValue>;

export function idBytes(id: NotificationId | DeliveryId): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

export function idFrom(value: SQLOutputValue | undefined): NotificationId {
  if (!(value instanceof Uint8Array)) throw new Error('an id column holds no bytes');
  const hex = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return parts.join('-') as NotificationId;
}

export function priorityNumber(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

export function notificationParams(notification: Notification): Params {
  const { userId, ...addresses } = notification.recipient;
  return {
    id: idBytes(notification.id),
    request_id: notification.requestId,
    broadcast_id: notification.broadcastId === null ? null : idBytes(notification.broadcastId),
    created_at: notification.createdAt,
    user_id: userId ?? null,
    addresses: jsonUnlessEmpty(addresses),
    title: notification.title,
    message: notification.message,
    action_url: notification.actionUrl,
    data: json(notification.data),
    overrides: json(notification.overrides),
    priority: priorityNumber(notification.priority),
    send_at: notification.sendAt,
    expires_at: notification.expiresAt,
    retry: json(notification.retry),
    on_unknown: notification.onUnknown,
    metadata: jsonUnlessEmpty(notification.metadata),
    tags: notification.tags.length === 0 ? null : JSON.stringify(notification.tags),
  };
}

/** From a row whose notification columns carry the prefix `n_`, as NOTIFICATION_COLUMNS selects them. */
export function notificationFrom(row: Row): Notification {
  const addresses = (parse(row.n_addresses) ?? {}) as Recipient;
  const userId = row.n_user_id as string | null;
  return {
    id: idFrom(row.n_id),
    requestId: row.n_request_id as string,
    broadcastId: row.n_broadcast_id === null ? null : idFrom(row.n_broadcast_id),
    createdAt: row.n_created_at as number,
    recipient: userId === null ? addresses : { userId, ...addresses },
    title: row.n_title as string | null,
    message: row.n_message as string,
    actionUrl: row.n_action_url as string | null,
    data: parse(row.n_data) as JsonObject | null,
    overrides: parse(row.n_overrides) as Overrides | null,
    priority: PRIORITIES[row.n_priority as number] ?? 'normal',
    sendAt: row.n_send_at as number | null,
    expiresAt: row.n_expires_at as number | null,
    retry: parse(row.n_retry) as RetryPolicy | null,
    onUnknown: row.n_on_unknown as OnUnknown,
    metadata: (parse(row.n_metadata) ?? {}) as Record<string, string>,
    tags: (parse(row.n_tags) ?? []) as string[],
  };
}

export const NOTIFICATION_COLUMNS = [
  'id',
  'request_id',
  'broadcast_id',
  'created_at',
  'user_id',
  'addresses',
  'title',
  'message',
  'action_url',
  'data',
  'overrides',
  'priority',
  'send_at',
  'expires_at',
  'retry',
  'on_unknown',
  'metadata',
  'tags',
]
  .map((column) => `n.${column} AS n_${column}`)
  .join(', ');

export function deliveryKey(id: DeliveryId): { notification_id: Uint8Array; leg: number } {
  return { notification_id: idBytes(`${id.slice(0, -2)}00` as NotificationId), leg: legOf(id) };
}

export function deliveryParams(delivery: Delivery): Params {
  return {
    notification_id: idBytes(delivery.notificationId),
    leg: delivery.leg,
    chain: delivery.chain.join(','),
    status: delivery.status,
    version: delivery.version,
    priority: priorityNumber(delivery.priority),
    due_at: delivery.dueAt,
    expires_at: delivery.expiresAt,
    round: delivery.round,
    position: delivery.position,
    dropped: delivery.out.length === 0 ? null : delivery.out.join(','),
    attempts: delivery.attempts,
    crashes: delivery.crashes,
    limited_since: delivery.limitedSince,
    channel_used: delivery.channelUsed,
    reason: delivery.reason,
    sent_at: delivery.sentAt,
    delivered_at: delivery.deliveredAt,
    finished_at: delivery.finishedAt,
    discarded_at: delivery.discardedAt,
  };
}

export function deliveryFrom(row: Row): Delivery {
  const notificationId = idFrom(row.notification_id);
  const leg = row.leg as number;
  return {
    id: deliveryId(notificationId, leg),
    notificationId,
    leg,
    chain: channels(row.chain),
    status: row.status as DeliveryStatus,
    version: row.version as number,
    priority: PRIORITIES[row.priority as number] ?? 'normal',
    dueAt: row.due_at as number | null,
    expiresAt: row.expires_at as number | null,
    round: row.round as number,
    position: row.position as number,
    out: channels(row.dropped),
    attempts: row.attempts as number,
    crashes: row.crashes as number,
    limitedSince: row.limited_since as number | null,
    channelUsed: row.channel_used as Channel | null,
    reason: row.reason as Reason | null,
    sentAt: row.sent_at as number | null,
    deliveredAt: row.delivered_at as number | null,
    finishedAt: row.finished_at as number | null,
    discardedAt: row.discarded_at as number | null,
  };
}

export function attemptParams(delivery: Pick<Delivery, 'notificationId' | 'leg'>, attempt: Attempt): Params {
  return {
    notification_id: idBytes(delivery.notificationId),
    leg: delivery.leg,
    number: attempt.number,
    channel: attempt.channel,
    provider: attempt.provider,
    outcome: attempt.outcome,
    code: attempt.code,
    detail: attempt.detail,
    started_at: attempt.startedAt,
    duration_ms: attempt.durationMs,
    provider_message_id: attempt.providerMessageId,
  };
}

export function attemptFrom(row: Row): Attempt {
  return {
    number: row.number as number,
    channel: row.channel as Channel,
    provider: row.provider as string | null,
    outcome: row.outcome as Outcome['kind'],
    code: row.code as Reason | null,
    detail: row.detail as string | null,
    startedAt: row.started_at as number,
    durationMs: row.duration_ms as number,
    providerMessageId: row.provider_message_id as string | null,
  };
}

export function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

export function parse(value: SQLOutputValue | undefined): unknown {
  return typeof value === 'string' ? JSON.parse(value) : null;
}

function jsonUnlessEmpty(value: object): string | null {
  return Object.keys(value).length === 0 ? null : JSON.stringify(value);
}

function channels(value: SQLOutputValue | undefined): readonly Channel[] {
  return typeof value === 'string' && value !== '' ? (value.split(',') as Channel[]) : [];
}
