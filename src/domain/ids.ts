/**
 * Ids are UUIDv7 strings (RFC 9562): they sort by the time they were made, so keys append instead of scattering.
 *
 * A notification's id always ends in `00`; the ids of its deliveries are the same id with the leg's number
 * (1–255) as the last byte. So a delivery's id names its notification, and no index is needed between the two
 * (docs/adr/0004). Beside the millisecond remain 54 random bits and a 12-bit counter.
 */
export type NotificationId = string & { readonly __brand: 'NotificationId' };
export type DeliveryId = string & { readonly __brand: 'DeliveryId' };

/** Most legs a route can have: one byte of the id, and 0 is the notification itself. */
export const MAX_LEGS = 255;

/** Makes ids. `time` is in ms since the epoch; two ids of one maker never go backwards. */
export interface IdMaker {
  notificationId(time: number): NotificationId;
}

/** `random(n)` answers n fresh random bytes. */
export function idMaker(random: (bytes: number) => Uint8Array): IdMaker {
  let lastTime = 0;
  let lastCounter = 0;
  return {
    notificationId(time) {
      const bytes = random(9);
      // rand_a (12 bits) counts within one millisecond, so that ids made in one process keep their order
      // (RFC 9562 §6.2, method 1). A clock that stands still or steps back only keeps the counter running.
      if (time > lastTime) {
        lastTime = time;
        // 11 random bits to start from; the twelfth is room to count.
        lastCounter = ((bytes[0] ?? 0) << 3) | ((bytes[1] ?? 0) >> 5);
      } else if (++lastCounter > 0xfff) {
        lastTime += 1;
        lastCounter = 0;
      }
      const stamp = lastTime.toString(16).padStart(12, '0');
      const variant = 0x80 | ((bytes[2] ?? 0) & 0x3f);
      const tail = hex(bytes.subarray(4, 9));
      const id = `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${lastCounter.toString(16).padStart(3, '0')}-${hexByte(variant)}${hexByte(bytes[3] ?? 0)}-${tail}00`;
      return id as NotificationId;
    },
  };
}

export function deliveryId(notification: NotificationId, leg: number): DeliveryId {
  return `${notification.slice(0, -2)}${hexByte(leg)}` as DeliveryId;
}

export function legOf(delivery: DeliveryId): number {
  return Number.parseInt(delivery.slice(-2), 16);
}

export function notificationOf(delivery: DeliveryId): NotificationId {
  return `${delivery.slice(0, -2)}00` as NotificationId;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The id a client sent, if it is one of ours by form; upper case is understood. */
export function parseNotificationId(text: string): NotificationId | null {
  const id = text.toLowerCase();
  return UUID.test(id) && id.endsWith('00') ? (id as NotificationId) : null;
}

export function parseDeliveryId(text: string): DeliveryId | null {
  const id = text.toLowerCase();
  return UUID.test(id) && !id.endsWith('00') ? (id as DeliveryId) : null;
}

/** The smallest notification id of a millisecond: the lower bound of a time range. */
export function firstIdAt(time: number): NotificationId {
  const stamp = Math.max(0, Math.floor(time)).toString(16).padStart(12, '0');
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7000-8000-000000000000` as NotificationId;
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hexByte(byte);
  return text;
}
