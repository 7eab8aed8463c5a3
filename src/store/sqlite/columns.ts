import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { Delivery } from '../../domain/delivery.ts';
import { type DeliveryId, legOf, type NotificationId, notificationOf as notificationIdOf } from '../../domain/ids.ts';
import type { Notification } from '../../domain/notification.ts';
import type { Attempt } from '../../domain/outcome.ts';
import { type AttemptRow, type DeliveryRow, deliveryOf, type NotificationRow, notificationOf } from './rows.ts';

/** The columns of the tables, in the order of the rows in rows.ts, and what stands in them. Ids stand there as 16 bytes. */
export type Row = Record<string, SQLOutputValue>;
export type Params = Record<string, SQLInputValue>;
/** A row as the bare values of its columns: with forty of them half as dear as an object. */
export type Values = readonly (SQLOutputValue | undefined)[];

export const NOTIFICATION = [
  ...['id', 'request_id', 'broadcast_id', 'created_at', 'user_id', 'addresses', 'title', 'message', 'action_url'],
  ...['data', 'overrides', 'priority', 'send_at', 'expires_at', 'retry', 'on_unknown', 'metadata', 'tags'],
];

export const DELIVERY = [
  ...['notification_id', 'leg', 'chain', 'status', 'version', 'priority', 'due_at', 'expires_at', 'round', 'position'],
  ...['dropped', 'attempts', 'crashes', 'limited_since', 'channel_used', 'reason', 'sent_at', 'delivered_at'],
  ...['finished_at', 'discarded_at'],
];

export const ATTEMPT = [
  ...['notification_id', 'leg', 'number', 'channel', 'provider', 'outcome', 'code', 'detail', 'started_at'],
  ...['duration_ms', 'provider_message_id'],
];

export const ENTRY = ['user_id', 'id', 'notification_id', 'title', 'body', 'action_url', 'data', 'created_at'];

/** Columns that hold ids. (The sandbox's `id` is a number, and stays one.) */
const ID_COLUMNS: ReadonlySet<string> = new Set(['id', 'notification_id', 'broadcast_id']);

/** Makes of a row with its ids as texts what is bound to a statement. */
export function binder(columns: readonly string[]): (row: readonly SQLInputValue[]) => SQLInputValue[] {
  const places = columns.flatMap((column, place) => (ID_COLUMNS.has(column) ? [place] : []));
  return (row) => {
    const values = [...row];
    for (const place of places) {
      const value = values[place];
      if (typeof value === 'string') values[place] = idBytes(value as NotificationId);
    }
    return values;
  };
}

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

export function deliveryKey(id: DeliveryId): { notification_id: Uint8Array; leg: number } {
  return { notification_id: idBytes(notificationIdOf(id)), leg: legOf(id) };
}

export const NOTIFICATION_COLUMNS = NOTIFICATION.map((column) => `n.${column} AS n_${column}`).join(', ');

/** From a row whose notification columns carry the prefix `n_`, as NOTIFICATION_COLUMNS selects them. */
export function notificationFrom(row: Row): Notification {
  return notificationOf(notificationRowFrom(NOTIFICATION.map((column) => row[`n_${column}`])));
}

export function deliveryFrom(row: Row): Delivery {
  return deliveryOf(deliveryRowFrom(DELIVERY.map((column) => row[column])));
}

export function attemptFrom(row: Row): Attempt {
  const [, , number, channel, provider, outcome, code, detail, startedAt, durationMs, providerMessageId] = ATTEMPT.map(
    (column) => row[column],
  ) as unknown as AttemptRow;
  return { number, channel, provider, outcome, code, detail, startedAt, durationMs, providerMessageId };
}

/** The columns of a claim, of deliveries `d` and notifications `n`; the id of the latter is read as that of the former. */
export const CLAIM_COLUMNS = [
  ...DELIVERY.map((column) => `d.${column}`),
  ...NOTIFICATION.map((column) => (column === 'id' ? 'NULL' : `n.${column}`)),
].join(', ');

function deliveryRowFrom([id, ...rest]: Values): DeliveryRow {
  return [idFrom(id), ...rest] as unknown as DeliveryRow;
}

function notificationRowFrom([id, requestId, broadcastId, ...rest]: Values): NotificationRow {
  return [idFrom(id), requestId, idOrNull(broadcastId), ...rest] as unknown as NotificationRow;
}

export function idOrNull(value: SQLOutputValue | undefined): NotificationId | null {
  return value === null ? null : idFrom(value);
}
