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
import type { Claim } from '../store.ts';

/**
 * Rows to words and back. What a column holds was written by this file, so its parsers assert the types instead of
 * checking them.
 */
export type Row = Record<string, SQLOutputValue>;
export type Params = Record<string, SQLInputValue>;
/** The same as the bare values of its columns, in their order: with forty of them half as dear as an object. */
export type Values = readonly (SQLOutputValue | undefined)[];

/** Digit by digit: a delivery's trip needs six of them, and a text without dashes and a Buffer of that cost twice as much. */
export function idBytes(id: NotificationId | DeliveryId): Uint8Array {
  const bytes = new Uint8Array(16);
  let high = -1;
  let at = 0;
  for (let index = 0; index < id.length; index++) {
    const code = id.charCodeAt(index);
    if (code === DASH) continue;
    const digit = code <= DIGIT_9 ? code - DIGIT_0 : (code | LOWER_CASE) - LETTER_A + 10;
    if (high < 0) high = digit;
    else {
      bytes[at++] = (high << 4) | digit;
      high = -1;
    }
  }
  return bytes;
}

const DASH = 45;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const LETTER_A = 97;
const LOWER_CASE = 32;

export function idFrom(value: SQLOutputValue | undefined): NotificationId {
  if (!(value instanceof Uint8Array)) throw new Error('an id column holds no bytes');
  const hex = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  return id as NotificationId;
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

/** The columns of a notification, as `notificationOf` reads them. */
const NOTIFICATION = [
  ...['id', 'request_id', 'broadcast_id', 'created_at', 'user_id', 'addresses', 'title', 'message', 'action_url'],
  ...['data', 'overrides', 'priority', 'send_at', 'expires_at', 'retry', 'on_unknown', 'metadata', 'tags'],
];

export const NOTIFICATION_COLUMNS = NOTIFICATION.map((column) => `n.${column} AS n_${column}`).join(', ');

/** From a row whose notification columns carry the prefix `n_`, as NOTIFICATION_COLUMNS selects them. */
export function notificationFrom(row: Row): Notification {
  return notificationOf(NOTIFICATION.map((column) => row[`n_${column}`]));
}

function notificationOf(values: Values): Notification {
  const [id, requestId, broadcastId, createdAt, userId, addresses, title, message, actionUrl, ...rest] = values;
  const [data, overrides, priority, sendAt, expiresAt, retry, onUnknown, metadata, tags] = rest;
  const others = (parse(addresses) ?? {}) as Recipient;
  return {
    id: idFrom(id),
    requestId: requestId as string,
    broadcastId: broadcastId === null ? null : idFrom(broadcastId),
    createdAt: createdAt as number,
    recipient: userId === null ? others : { userId: userId as string, ...others },
    title: title as string | null,
    message: message as string,
    actionUrl: actionUrl as string | null,
    data: parse(data) as JsonObject | null,
    overrides: parse(overrides) as Overrides | null,
    priority: PRIORITIES[priority as number] ?? 'normal',
    sendAt: sendAt as number | null,
    expiresAt: expiresAt as number | null,
    retry: parse(retry) as RetryPolicy | null,
    onUnknown: onUnknown as OnUnknown,
    metadata: (parse(metadata) ?? {}) as Record<string, string>,
    tags: (parse(tags) ?? []) as string[],
  };
}

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

/** The columns of a delivery, as `deliveryOf` reads them. */
const DELIVERY = [
  ...['notification_id', 'leg', 'chain', 'status', 'version', 'priority', 'due_at', 'expires_at', 'round', 'position'],
  ...['dropped', 'attempts', 'crashes', 'limited_since', 'channel_used', 'reason', 'sent_at', 'delivered_at'],
  ...['finished_at', 'discarded_at'],
];

export function deliveryFrom(row: Row): Delivery {
  return deliveryOf(DELIVERY.map((column) => row[column]));
}

function deliveryOf(values: Values): Delivery {
  const [id, leg, chain, status, version, priority, dueAt, expiresAt, round, position, ...rest] = values;
  const [out, attempts, crashes, limitedSince, channelUsed, reason, sentAt, deliveredAt, finishedAt, discardedAt] =
    rest;
  const notificationId = idFrom(id);
  return {
    id: deliveryId(notificationId, leg as number),
    notificationId,
    leg: leg as number,
    chain: channels(chain),
    status: status as DeliveryStatus,
    version: version as number,
    priority: PRIORITIES[priority as number] ?? 'normal',
    dueAt: dueAt as number | null,
    expiresAt: expiresAt as number | null,
    round: round as number,
    position: position as number,
    out: channels(out),
    attempts: attempts as number,
    crashes: crashes as number,
    limitedSince: limitedSince as number | null,
    channelUsed: channelUsed as Channel | null,
    reason: reason as Reason | null,
    sentAt: sentAt as number | null,
    deliveredAt: deliveredAt as number | null,
    finishedAt: finishedAt as number | null,
    discardedAt: discardedAt as number | null,
  };
}

/** The columns of a claim, of deliveries `d` and notifications `n`, as `claimOf` reads them. */
export const CLAIM_COLUMNS = [
  ...DELIVERY.map((column) => `d.${column}`),
  ...NOTIFICATION.map((column) => `n.${column}`),
].join(', ');

export function claimOf(values: Values): Claim {
  return { delivery: deliveryOf(values), notification: notificationOf(values.slice(DELIVERY.length)) };
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
