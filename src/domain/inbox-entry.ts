import type { DeliveryId, NotificationId } from './ids.ts';
import type { JsonObject } from './notification.ts';

/** A message as it comes into a user's inbox. Its id is that of its delivery: the same delivery twice is one entry. */
export interface NewInboxEntry {
  readonly id: DeliveryId;
  readonly notificationId: NotificationId;
  readonly userId: string;
  readonly title: string | null;
  readonly body: string;
  readonly actionUrl: string | null;
  readonly data: JsonObject | null;
  readonly createdAt: number;
}
