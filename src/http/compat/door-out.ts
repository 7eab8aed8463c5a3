import type { DeliveryStatus } from '../../domain/delivery.ts';
import { foldStatus } from '../../domain/status.ts';
import { formatTime } from '../../domain/time.ts';
import type { NotificationRecord } from '../../store/store.ts';
import type { DoorNotificationOut } from '../contract/doors.ts';

/** Most entries of a list that has no pages: the newest ones. */
export const MOST_LISTED = 200;
/** Most notifications of a user that are looked at for those of one type. */
export const MOST_LOOKED_AT = 2000;

/** A notification as the clients of small services expect it. */
export function doorNotificationOut({ notification, deliveries }: NotificationRecord): DoorNotificationOut {
  const { id, recipient, message, createdAt, metadata } = notification;
  const status = foldStatus(deliveries);
  const used = deliveries.find(({ channelUsed }) => channelUsed !== null)?.channelUsed;
  const channel = used ?? deliveries[0]?.chain[0] ?? '';
  return {
    id,
    user_id: userIdOut(recipient.userId ?? ''),
    type: channel === 'in_app' && metadata.type === 'inapp' ? 'inapp' : channel,
    message,
    status: doorStatus(status),
    delivered: isDelivered(status),
    created_at: formatTime(createdAt),
  };
}

/** They wait while it is pending, and know no word for the moment in which it is sent. */
export function doorStatus(status: DeliveryStatus): Exclude<DeliveryStatus, 'sending'> {
  return status === 'sending' ? 'pending' : status;
}

export function isDelivered(status: DeliveryStatus): boolean {
  return status === 'sent' || status === 'delivered';
}

/** A number where the text is how that number is written. */
export function userIdOut(userId: string): number | string {
  const number = Number(userId);
  return Number.isSafeInteger(number) && String(number) === userId ? number : userId;
}
