import type { SQLInputValue } from 'node:sqlite';
import type { CounterKind } from '../../domain/counters.ts';
import { type DeliveryId, deliveryId, legOf, type NotificationId, notificationOf } from '../../domain/ids.ts';
import { type Content, portable, type RowKey, type TableName } from '../transfer.ts';
import {
  ATTEMPT,
  attemptFrom,
  DELIVERY,
  deliveryFrom,
  deliveryKey,
  ENTRY,
  idBytes,
  idFrom,
  NOTIFICATION,
  NOTIFICATION_COLUMNS,
  notificationFrom,
  type Params,
  type Row,
} from './columns.ts';
import { entryFrom } from './inbox.ts';
import { attemptRow, deliveryRow, entryRow, notificationRow } from './rows.ts';
import { messageFrom } from './sandbox.ts';

/** How the rows of one table are read in the order of their keys, and written. */
export interface Shape<R> {
  readonly select: string;
  readonly key: readonly string[];
  readonly from: (row: Row) => R;
  readonly params: (row: R) => Params;
  readonly keyValues: (key: RowKey) => readonly SQLInputValue[];
}

export const SHAPES: { readonly [T in TableName]: Shape<Content[T]> } = {
  notifications: {
    select: `SELECT ${NOTIFICATION_COLUMNS} FROM notifications n`,
    key: ['n.id'],
    from: notificationFrom,
    params: (notification) => named(NOTIFICATION, notificationRow(notification)),
    keyValues: ([id]) => [idBytes(id as NotificationId)],
  },
  attempts: {
    select: 'SELECT * FROM attempts',
    key: ['notification_id', 'leg', 'number'],
    from: (row) =>
      portable({ ...attemptFrom(row), deliveryId: deliveryId(idFrom(row.notification_id), row.leg as number) }),
    params: (attempt) =>
      named(ATTEMPT, attemptRow(notificationOf(attempt.deliveryId), legOf(attempt.deliveryId), attempt)),
    keyValues: ([id, number]) => [...Object.values(deliveryKey(id as DeliveryId)), number as number],
  },
  idempotency_keys: {
    select: 'SELECT * FROM idempotency_keys',
    key: ['scope', 'key'],
    from: (row) => ({
      scope: row.scope as string,
      key: row.key as string,
      fingerprint: row.fingerprint as string,
      answer: row.answer as string,
      createdAt: row.created_at as number,
    }),
    params: ({ createdAt, ...key }) => ({ ...key, created_at: createdAt }),
    keyValues: (key) => key,
  },
  inbox: {
    select: 'SELECT * FROM inbox',
    key: ['seq'],
    from: (row) => ({ ...entryFrom(row), seq: row.seq as number }),
    params: (entry) => ({
      seq: entry.seq,
      ...named(ENTRY, entryRow(entry)),
      seen_at: entry.seenAt,
      read_at: entry.readAt,
      archived_at: entry.archivedAt,
    }),
    keyValues: (key) => key,
  },
  sandbox: {
    select: 'SELECT * FROM sandbox',
    key: ['id'],
    from: messageFrom,
    params: (caught) => ({
      id: caught.id,
      ...deliveryKey(caught.deliveryId),
      channel: caught.channel,
      recipient: caught.to,
      message: JSON.stringify(caught.message),
      caught_at: caught.caughtAt,
    }),
    keyValues: (key) => key,
  },
  counters: {
    select: 'SELECT * FROM counters',
    key: ['minute', 'kind', 'name'],
    from: (row) => ({
      minute: row.minute as number,
      kind: row.kind as CounterKind,
      name: row.name as string,
      count: row.count as number,
    }),
    params: (counter) => ({ ...counter }),
    keyValues: (key) => key,
  },
  deliveries: {
    select: 'SELECT * FROM deliveries',
    key: ['notification_id', 'leg'],
    from: deliveryFrom,
    params: (delivery) => named(DELIVERY, deliveryRow(delivery)),
    keyValues: ([id]) => Object.values(deliveryKey(id as DeliveryId)),
  },
};

function named(columns: readonly string[], row: readonly SQLInputValue[]): Params {
  return Object.fromEntries(columns.map((column, place) => [column, row[place] ?? null]));
}
