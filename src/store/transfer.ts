import type { CounterKind } from '../domain/counters.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { DeliveryId } from '../domain/ids.ts';
import type { Notification } from '../domain/notification.ts';
import type { Attempt } from '../domain/outcome.ts';
import type { InboxEntry } from './inbox.ts';
import type { SandboxMessage } from './sandbox.ts';
import type { IdempotencyKey } from './store.ts';

/**
 * A small port of its own: everything that a store holds, read and written as rows that mean the same in every store,
 * so that one store can be copied into another. Rules for errors and durability as in store.ts.
 */
export interface TransferStore {
  /** The same for two openings of one store at the same time, and for no other store. */
  identity(): Promise<string>;

  /** Differs from what it was before if anybody else has written in between, whatever it was. */
  writeMark(): Promise<string>;

  /**
   * The rows after a key (null: from the first), in the order of their keys: as many as both limits allow, and at
   * least one if there is any. The properties of a row stand in the same order in every store.
   */
  readRows<T extends TableName>(table: T, after: RowKey | null, limit: RowLimit): Promise<readonly Content[T][]>;

  countRows(table: TableName): Promise<number>;

  /** The copy into this store, if there ever was one. */
  findCopy(): Promise<Copy | null>;

  /** Notes that a copy into this store begins; false if there is a note of one already. */
  beginCopy(copy: Copy): Promise<boolean>;

  /**
   * Writes rows, and in the same transaction how far the copy is now. Refused (false), and nothing is written, if the
   * note is no longer at the version before, `copy.version - 1`, or has ended, or if one of the rows is there: somebody
   * else is writing.
   */
  writeRows<T extends TableName>(table: T, rows: readonly Content[T][], copy: Copy): Promise<boolean>;

  /** Notes that the copy has ended, and makes the store ready for use. Refused like `writeRows`. */
  endCopy(copy: Copy): Promise<boolean>;
}

/** What a store holds for good. Leases, due times and versions are part of a delivery and go with it. */
export interface Content {
  readonly notifications: Notification;
  readonly attempts: Attempt & { readonly deliveryId: DeliveryId };
  readonly idempotency_keys: IdempotencyKey;
  readonly inbox: InboxEntry & { readonly seq: number };
  readonly sandbox: SandboxMessage;
  readonly counters: CounterRow;
  readonly deliveries: Delivery;
}

export type TableName = keyof Content;

/** In this order they are copied: deliveries last, as they are what workers act on. */
export const TABLES = [
  'notifications',
  'attempts',
  'idempotency_keys',
  'inbox',
  'sandbox',
  'counters',
  'deliveries',
] as const satisfies readonly TableName[];

export interface CounterRow {
  /** Minutes since the epoch. */
  readonly minute: number;
  readonly kind: CounterKind;
  readonly name: string;
  readonly count: number;
}

/** What a row is called by within its table; in the order of these the rows are read. */
export type RowKey = readonly (string | number)[];

export const KEY_OF: { readonly [T in TableName]: (row: Content[T]) => RowKey } = {
  notifications: ({ id }) => [id],
  attempts: ({ deliveryId, number }) => [deliveryId, number],
  idempotency_keys: ({ scope, key }) => [scope, key],
  inbox: ({ seq }) => [seq],
  sandbox: ({ id }) => [id],
  counters: ({ minute, kind, name }) => [minute, kind, name],
  deliveries: ({ id }) => [id],
};

export interface RowLimit {
  readonly rows: number;
  /** Roughly, and the last row may go past it. */
  readonly bytes: number;
}

/** The note of a copy, kept in the store that is copied into. */
export interface Copy {
  /** Where it comes from, for people, and to know the same copy again. */
  readonly source: string;
  /** Grows by one with every write, so that of two copies at once one is refused. */
  readonly version: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly progress: Readonly<Record<TableName, CopyProgress>>;
}

export interface CopyProgress {
  /** The key of the last row that is written; null before the first. */
  readonly after: RowKey | null;
  readonly rows: number;
  /** Over the rows as they were read from the source. */
  readonly checksum: string;
}

/**
 * The same attempt in the words that every store can hold: a provider's own text may hold a NUL or half of a character,
 * which some cannot.
 */
export function portable<A extends Attempt>(attempt: A): A {
  const { detail, providerMessageId } = attempt;
  if (isPlain(detail) && isPlain(providerMessageId)) return attempt;
  return { ...attempt, detail: plain(detail), providerMessageId: plain(providerMessageId) };
}

function isPlain(text: string | null): boolean {
  return text === null || (!text.includes('\u0000') && text.isWellFormed());
}

function plain(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}
