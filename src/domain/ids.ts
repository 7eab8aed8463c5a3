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

/** Random bytes of one id. */
const RANDOM_BYTES = 9;

/** `random(n)` answers n fresh random bytes. They are drawn for `ahead` ids at once, as each time may cost microseconds. */
export function idMaker(random: (bytes: number) => Uint8Array, ahead = 1): IdMaker {
  let lastTime = 0;
  let lastCounter = 0;
  /** The last id: what differs in the next one is written over it. */
  const text = Buffer.from(firstIdAt(0), 'latin1');
  const write = (place: number, byte: number) => {
    text[place] = digit(byte >> 4);
    text[place + 1] = digit(byte & 0xf);
  };
  let drawn: Uint8Array = new Uint8Array();
  let next = 0;
  return {
    notificationId(time) {
      if (next + RANDOM_BYTES > drawn.length) {
        drawn = random(RANDOM_BYTES * ahead);
        next = 0;
      }
      const byte = (index: number) => drawn[next + index] ?? 0;
      // rand_a (12 bits) counts within one millisecond, so that ids made in one process keep their order
      // (RFC 9562 §6.2, method 1). A clock that stands still or steps back only keeps the counter running.
      if (time > lastTime) {
        lastTime = time;
        text.write(stampOf(lastTime), 'latin1');
        // 11 random bits to start from; the twelfth is room to count.
        lastCounter = (byte(0) << 3) | (byte(1) >> 5);
      } else if (++lastCounter > 0xfff) {
        lastTime += 1;
        text.write(stampOf(lastTime), 'latin1');
        lastCounter = 0;
      }
      write(14, 0x70 | (lastCounter >> 8));
      write(16, lastCounter & 0xff);
      write(19, 0x80 | (byte(2) & 0x3f));
      write(21, byte(3));
      for (let index = 4; index < RANDOM_BYTES; index++) write(16 + 2 * index, byte(index));
      next += RANDOM_BYTES;
      return text.toString('latin1') as NotificationId;
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
  return `${stampOf(Math.max(0, Math.floor(time)))}-7000-8000-000000000000` as NotificationId;
}

/** The 48 bits of a time, as they stand at the beginning of an id. */
function stampOf(time: number): string {
  const stamp = time.toString(16).padStart(12, '0');
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}`;
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/** The character code of a hexadecimal digit. */
function digit(value: number): number {
  return value + (value < 10 ? 0x30 : 0x57);
}
