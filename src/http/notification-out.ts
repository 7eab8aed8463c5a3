import { type Delivery, nextAttemptAt } from '../domain/delivery.ts';
import type { DeliveryId } from '../domain/ids.ts';
import type { Attempt } from '../domain/outcome.ts';
import type { Recipient } from '../domain/recipient.ts';
import { foldStatus } from '../domain/status.ts';
import { formatTime } from '../domain/time.ts';
import type { Claim, NotificationRecord } from '../store/store.ts';
import type { AttemptOut, DeliveryOut, RecipientOut } from './contract/notification-out.ts';

/** A time as it is answered. */
export function timeOrNull(time: number | null): string | null {
  return time === null ? null : formatTime(time);
}

/** `GET /api/v1/notifications/{id}`. */
export function notificationOut(record: NotificationRecord) {
  const attempts = record.attempts.map((attempt) => attemptOut(attempt, attempt.deliveryId));
  return { ...notificationItemOut(record), attempts };
}

/** The same in lists: without the attempts. */
export function notificationItemOut({ notification, deliveries, readAt }: NotificationRecord) {
  const { metadata, tags, title, message, priority, id } = notification;
  const used = deliveries.find(({ status }) => status === 'sent' || status === 'delivered');
  return {
    id,
    status: foldStatus(deliveries),
    channel_used: used?.channelUsed ?? null,
    recipient: recipientOut(notification.recipient),
    title,
    message,
    category: null,
    priority,
    created_at: formatTime(notification.createdAt),
    send_at: timeOrNull(notification.sendAt),
    expires_at: timeOrNull(notification.expiresAt),
    sent_at: timeOrNull(earliest(deliveries.map(({ sentAt }) => sentAt))),
    delivered_at: timeOrNull(earliest(deliveries.map(({ deliveredAt }) => deliveredAt))),
    read_at: timeOrNull(readAt),
    request_id: notification.requestId,
    metadata,
    tags,
    deliveries: deliveries.map(deliveryOut),
  };
}

/** An item of `GET /api/v1/dead-letters`. */
export function deadLetterOut({ delivery, notification, log }: Claim & { readonly log: readonly Attempt[] }) {
  const { recipient, title, message, priority, metadata, tags } = notification;
  return {
    id: delivery.id,
    notification_id: delivery.notificationId,
    channels: delivery.chain,
    reason: delivery.reason,
    failed_at: timeOrNull(delivery.finishedAt),
    round: delivery.round,
    attempts: log.map((attempt) => attemptOut(attempt, delivery.id)),
    notification: {
      recipient: recipientOut(recipient),
      title,
      message,
      priority,
      created_at: formatTime(notification.createdAt),
      expires_at: timeOrNull(notification.expiresAt),
      request_id: notification.requestId,
      metadata,
      tags,
    },
  };
}

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function deliveryOut(delivery: Delivery): DeliveryOut {
  return {
    id: delivery.id,
    channels: [...delivery.chain],
    status: delivery.status,
    channel_used: delivery.channelUsed,
    next_attempt_at: timeOrNull(nextAttemptAt(delivery)),
    reason: delivery.reason,
  };
}

function attemptOut(attempt: Attempt, deliveryId: DeliveryId): AttemptOut {
  return {
    delivery_id: deliveryId,
    attempt: attempt.number,
    channel: attempt.channel,
    provider: attempt.provider,
    outcome: attempt.outcome,
    code: attempt.code,
    detail: attempt.detail,
    started_at: formatTime(attempt.startedAt),
    duration_ms: attempt.durationMs,
    provider_message_id: attempt.providerMessageId,
  };
}

function recipientOut({ userId, pushTokens, webhookUrl, ...same }: Recipient): RecipientOut {
  return {
    ...(userId === undefined ? {} : { user_id: userId }),
    ...same,
    ...(pushTokens === undefined ? {} : { push_tokens: [...pushTokens] }),
    ...(webhookUrl === undefined ? {} : { webhook_url: webhookUrl }),
  };
}
