import type { Channel } from '../../domain/channel.ts';
import type { Delivery, DeliveryStatus } from '../../domain/delivery.ts';
import { type DeliveryId, deliveryId, legOf, type NotificationId, notificationOf } from '../../domain/ids.ts';
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
import type { Claim } from '../store.ts';
import type { ATTEMPT, DELIVERY, DELIVERY_KEY } from './recordset.ts';
import { NOTIFICATION } from './recordset.ts';
import type { Row } from './session.ts';

/**
 * Rows to words and back. What a column holds was written by this file, so its parsers assert the types instead of
 * checking them.
 */
type Cells<C> = Readonly<Record<keyof C, string | number | null | readonly string[]>>;

export function priorityNumber(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

export function notificationRow(notification: Notification): Cells<typeof NOTIFICATION> {
  const { userId, ...addresses } = notification.recipient;
  return {
    id: notification.id,
    request_id: notification.requestId,
    broadcast_id: notification.broadcastId,
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
    tags: notification.tags.length === 0 ? null : notification.tags,
  };
}

/** From a row whose notification columns carry the prefix `n_`, as NOTIFICATION_COLUMNS selects them. */
export function notificationFrom(row: Row): Notification {
  const addresses = (parse(row.n_addresses) ?? {}) as Recipient;
  const userId = row.n_user_id as string | null;
  return {
    id: row.n_id as NotificationId,
    requestId: row.n_request_id as string,
    broadcastId: row.n_broadcast_id as NotificationId | null,
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
    tags: (row.n_tags ?? []) as string[],
  };
}

export const NOTIFICATION_COLUMNS = Object.keys(NOTIFICATION)
  .map((column) => `n.${column} AS n_${column}`)
  .join(', ');

export function deliveryKey(id: DeliveryId): Cells<typeof DELIVERY_KEY> {
  return { notification_id: notificationOf(id), leg: legOf(id) };
}

export function deliveryRow(delivery: Delivery): Cells<typeof DELIVERY> {
  return {
    notification_id: delivery.notificationId,
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
  const notificationId = row.notification_id as NotificationId;
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

export function claimFrom(row: Row): Claim {
  return { delivery: deliveryFrom(row), notification: notificationFrom(row) };
}

export function attemptRow(
  delivery: Pick<Delivery, 'notificationId' | 'leg'>,
  attempt: Attempt,
): Cells<typeof ATTEMPT> {
  return {
    notification_id: delivery.notificationId,
    leg: delivery.leg,
    number: attempt.number,
    channel: attempt.channel,
    provider: attempt.provider,
    outcome: attempt.outcome,
    code: attempt.code,
    detail: foreign(attempt.detail),
    started_at: attempt.startedAt,
    duration_ms: attempt.durationMs,
    provider_message_id: foreign(attempt.providerMessageId),
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

export function parse(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : null;
}

function jsonUnlessEmpty(value: object): string | null {
  return Object.keys(value).length === 0 ? null : JSON.stringify(value);
}

/**
 * A provider's own words, which nobody has checked: PostgreSQL refuses NUL and halves of characters, and a result must
 * not be lost for them.
 */
function foreign(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}

function channels(value: unknown): readonly Channel[] {
  return typeof value === 'string' && value !== '' ? (value.split(',') as Channel[]) : [];
}
