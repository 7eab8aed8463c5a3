import type { CounterKind } from '../../domain/counters.ts';
import { type DeliveryId, deliveryId, legOf, type NotificationId, notificationOf } from '../../domain/ids.ts';
import { type Content, portable, type RowKey, type TableName } from '../transfer.ts';
import { ENTRY, entryFrom } from './inbox.ts';
import { ATTEMPT, type Columns, DELIVERY, NOTIFICATION } from './recordset.ts';
import {
  attemptFrom,
  attemptRow,
  deliveryFrom,
  deliveryKey,
  deliveryRow,
  json,
  NOTIFICATION_COLUMNS,
  notificationFrom,
  notificationRow,
} from './rows.ts';
import { MESSAGE, messageFrom } from './sandbox.ts';
import type { Row, Value } from './session.ts';

/** How the rows of one table are read in the order of their keys, and written. */
export interface Shape<R> {
  readonly select: string;
  /** The columns of the key with their types; as `select` names them where that differs. */
  readonly key: Columns;
  readonly shownKey?: readonly string[];
  readonly groupBy?: string;
  /** Roughly how many bytes a row has: an expression, cheap even where the value is large. */
  readonly size: string;
  readonly from: (row: Row) => R;
  readonly keyValues: (key: RowKey) => readonly Value[];
  readonly columns: Columns;
  readonly row: (row: R) => Readonly<Record<string, unknown>>;
  /** The column whose numbers the database gives out itself. */
  readonly numbered?: string;
}

/** Of rows that are never large. */
const SMALL = '200';

export const SHAPES: { readonly [T in TableName]: Shape<Content[T]> } = {
  notifications: {
    select: `SELECT ${NOTIFICATION_COLUMNS} FROM tidings.notifications n`,
    key: { id: 'uuid' },
    shownKey: ['n_id'],
    size: sizeOf(['n_message', 'n_data', 'n_overrides']),
    from: notificationFrom,
    keyValues: ([id]) => [id as NotificationId],
    columns: NOTIFICATION,
    row: notificationRow,
  },
  attempts: {
    select: 'SELECT * FROM tidings.attempts',
    key: { notification_id: 'uuid', leg: 'smallint', number: 'integer' },
    size: SMALL,
    from: (row) =>
      portable({ ...attemptFrom(row), deliveryId: deliveryId(row.notification_id as NotificationId, Number(row.leg)) }),
    keyValues: ([id, number]) => [...keyOf(id as DeliveryId), number as number],
    columns: ATTEMPT,
    row: (attempt) =>
      attemptRow({ notificationId: notificationOf(attempt.deliveryId), leg: legOf(attempt.deliveryId) }, attempt),
  },
  idempotency_keys: {
    select: 'SELECT * FROM tidings.idempotency_keys',
    key: { scope: 'text', key: 'text' },
    size: sizeOf(['answer']),
    from: (row) => ({
      scope: row.scope as string,
      key: row.key as string,
      fingerprint: row.fingerprint as string,
      answer: row.answer as string,
      createdAt: row.created_at as number,
    }),
    keyValues: (key) => key,
    columns: { scope: 'text', key: 'text', fingerprint: 'text', answer: 'text', created_at: 'bigint' },
    row: ({ createdAt, ...key }) => ({ ...key, created_at: createdAt }),
  },
  inbox: {
    select: 'SELECT * FROM tidings.inbox',
    key: { seq: 'bigint' },
    size: sizeOf(['body', 'data']),
    from: (row) => ({ ...entryFrom(row), seq: row.seq as number }),
    keyValues: (key) => key,
    columns: { seq: 'bigint', ...ENTRY, seen_at: 'bigint', read_at: 'bigint', archived_at: 'bigint' },
    row: (entry) => ({
      seq: entry.seq,
      id: entry.id,
      notification_id: entry.notificationId,
      user_id: entry.userId,
      title: entry.title,
      body: entry.body,
      action_url: entry.actionUrl,
      data: json(entry.data),
      created_at: entry.createdAt,
      seen_at: entry.seenAt,
      read_at: entry.readAt,
      archived_at: entry.archivedAt,
    }),
    numbered: 'seq',
  },
  sandbox: {
    select: 'SELECT * FROM tidings.sandbox',
    key: { id: 'bigint' },
    size: sizeOf(['message']),
    from: messageFrom,
    keyValues: (key) => key,
    columns: { id: 'bigint', ...MESSAGE },
    row: (caught) => ({
      id: caught.id,
      ...deliveryKey(caught.deliveryId),
      channel: caught.channel,
      recipient: caught.to,
      message: JSON.stringify(caught.message),
      caught_at: caught.caughtAt,
    }),
    numbered: 'id',
  },
  counters: {
    // The sums over the slots; what is written goes to the first of them.
    select: 'SELECT minute, kind, name, sum(count)::bigint AS count FROM tidings.counters',
    groupBy: 'GROUP BY minute, kind, name',
    key: { minute: 'bigint', kind: 'text', name: 'text' },
    size: SMALL,
    from: (row) => ({
      minute: row.minute as number,
      kind: row.kind as CounterKind,
      name: row.name as string,
      count: row.count as number,
    }),
    keyValues: (key) => key,
    columns: { minute: 'bigint', kind: 'text', name: 'text', slot: 'smallint', count: 'bigint' },
    row: (counter) => ({ ...counter, slot: 0 }),
  },
  deliveries: {
    select: 'SELECT * FROM tidings.deliveries',
    key: { notification_id: 'uuid', leg: 'smallint' },
    size: SMALL,
    from: deliveryFrom,
    keyValues: ([id]) => keyOf(id as DeliveryId),
    columns: DELIVERY,
    row: deliveryRow,
  },
};

function keyOf(id: DeliveryId): readonly Value[] {
  const { notification_id, leg } = deliveryKey(id);
  return [notification_id, leg];
}

/** The length of a stored text is known without reading it. */
function sizeOf(texts: readonly string[]): string {
  return [SMALL, ...texts.map((text) => `coalesce(octet_length(${text}), 0)`)].join(' + ');
}
