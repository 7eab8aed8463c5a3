import type { Delivery } from '../../domain/delivery.ts';
import type { Attempt } from '../../domain/outcome.ts';
import type { AcceptResult, Change, Claim, IdempotencyKey, Submission } from '../store.ts';
import { ATTEMPT, DELIVERY, ENTRY, idFrom, idOrNull, NOTIFICATION, type Values } from './columns.ts';
import {
  type AttemptRow,
  attemptRow,
  type DeliveryRow,
  deliveryOf,
  deliveryRow,
  type EntryRow,
  entryRow,
  type NotificationRow,
  notificationOf,
  notificationRow,
} from './rows.ts';

/**
 * What is asked of the store's thread for every notification, as it goes there and comes back. A list within a list costs
 * as much on its way as ten values, on either side; so the rows of a submission, a change or a claim stand one after the
 * other in a single list, and before rows that can be none or several stands how many there are.
 */
type Value = string | number | boolean | null;

/** `readSubmission` reads it. */
export type FlatSubmission = readonly Value[];
/** `readChange` reads it. */
export type FlatChange = readonly Value[];
/** A delivery's row, and its notification's. */
export type ClaimRow = readonly [...DeliveryRow, ...NotificationRow];
/** False is a mismatch; a text is what the request was answered when it came first. */
export type FlatResult = true | false | string;

/** A notification with its legs, and each leg with the attempts that are known from the start. */
export interface NewRows {
  readonly notification: NotificationRow;
  readonly legs: readonly { readonly delivery: DeliveryRow; readonly attempts: readonly AttemptRow[] }[];
}

export interface SubmissionRows {
  readonly key: IdempotencyKey | null;
  readonly notifications: readonly NewRows[];
}

export interface ChangeRows {
  readonly after: DeliveryRow;
  readonly attempts: readonly AttemptRow[];
  readonly sendAt: number | null;
  readonly kept: boolean;
  readonly entry: EntryRow | null;
}

/**
 * `map` for lists that are sent for every notification: what a compiled `map` makes may have holes to V8, which sends the
 * place of each value of such a list with it, and takes thrice as long to read it.
 */
export function packed<T, R>(list: readonly T[], made: (one: T) => R): readonly R[] {
  const result: R[] = [];
  for (const one of list) result.push(made(one));
  return result;
}

export function flatSubmission({ notifications, key }: Submission): FlatSubmission {
  const flat: Value[] = key === null ? [null] : [key.scope, key.key, key.fingerprint, key.answer, key.createdAt];
  flat.push(notifications.length);
  for (const { notification, deliveries, attempts } of notifications) {
    append(flat, notificationRow(notification));
    flat.push(deliveries.length);
    for (const delivery of deliveries) {
      append(flat, deliveryRow(delivery));
      // Nearly always there are none, and to ask for one of a text that is new means to read all of that.
      appendLog(flat, delivery, attempts.size === 0 ? [] : (attempts.get(delivery.id) ?? []));
    }
  }
  return flat;
}

function appendLog(flat: Value[], { notificationId, leg }: Delivery, log: readonly Attempt[]): void {
  flat.push(log.length);
  for (const attempt of log) append(flat, attemptRow(notificationId, leg, attempt));
}

/** In a loop: `push(...row)` takes twice as long. */
function append(flat: Value[], row: readonly Value[]): void {
  for (let index = 0; index < row.length; index++) flat.push(row[index] ?? null);
}

export function readSubmission(flat: FlatSubmission): SubmissionRows {
  const reader = new Reader(flat);
  const key = readKey(reader);
  const notifications = reader.several(() => ({
    notification: reader.row(NOTIFICATION) as NotificationRow,
    legs: reader.several(() => ({
      delivery: reader.row(DELIVERY) as DeliveryRow,
      attempts: reader.several(() => reader.row(ATTEMPT) as AttemptRow),
    })),
  }));
  return { key, notifications };
}

function readKey(reader: Reader): IdempotencyKey | null {
  const scope = reader.value() as string | null;
  if (scope === null) return null;
  const [key, fingerprint, answer] = [reader.value() as string, reader.value() as string, reader.value() as string];
  return { scope, key, fingerprint, answer, createdAt: reader.value() as number };
}

export function flatChange({ after, attempts, sendAt, kept, entry }: Change): FlatChange {
  const flat: Value[] = [...deliveryRow(after)];
  flat.push(sendAt ?? null, kept === true);
  appendLog(flat, after, attempts);
  if (entry !== undefined) append(flat, entryRow(entry));
  return flat;
}

export function readChange(flat: FlatChange): ChangeRows {
  const reader = new Reader(flat);
  return {
    after: reader.row(DELIVERY) as DeliveryRow,
    sendAt: reader.value() as number | null,
    kept: reader.value() as boolean,
    attempts: reader.several(() => reader.row(ATTEMPT) as AttemptRow),
    entry: reader.isAtEnd ? null : (reader.row(ENTRY) as EntryRow),
  };
}

export function flatResult(result: AcceptResult): FlatResult {
  return result.kind === 'replayed' ? result.answer : result.kind === 'accepted';
}

export function readResult(flat: FlatResult): AcceptResult {
  if (typeof flat === 'string') return { kind: 'replayed', answer: flat };
  return { kind: flat ? 'accepted' : 'mismatch' };
}

/** From the values of CLAIM_COLUMNS. */
export function claimRowFrom(values: Values): [...ClaimRow] {
  const row = [...values];
  row[0] = idFrom(row[0]);
  row[DELIVERY.length] = row[0];
  row[BROADCAST_ID] = idOrNull(row[BROADCAST_ID]);
  return row as unknown as [...ClaimRow];
}

const BROADCAST_ID = DELIVERY.length + NOTIFICATION.indexOf('broadcast_id');

export function readClaim(row: ClaimRow): Claim {
  // A delivery comes first, and what follows it is not looked at.
  const delivery = deliveryOf(row as unknown as DeliveryRow);
  return { delivery, notification: notificationOf(row.slice(DELIVERY.length) as unknown as NotificationRow) };
}

/** Reads a list from its front. Of what type a value is, or the values of a row are, knows whoever wrote it. */
class Reader {
  readonly #flat: readonly Value[];
  #at = 0;

  constructor(flat: readonly Value[]) {
    this.#flat = flat;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#flat.length;
  }

  value(): unknown {
    const value = this.#flat[this.#at];
    this.#at += 1;
    return value;
  }

  row(columns: readonly string[]): unknown {
    const from = this.#at;
    this.#at += columns.length;
    return this.#flat.slice(from, this.#at);
  }

  several<T>(read: () => T): readonly T[] {
    const list: T[] = [];
    for (let left = Number(this.value()); left > 0; left--) list.push(read());
    return list;
  }
}
