import type { DeliveryId, NotificationId } from '../../domain/ids.ts';
import type { NewInboxEntry } from '../../domain/inbox-entry.ts';
import type { JsonObject } from '../../domain/notification.ts';
import type { InboxCounts, InboxEntry, InboxMark, InboxNews, InboxPage, InboxStatus } from '../inbox.ts';
import { further, type InboxEnds, inboxPoint, inOrder, knownPoint, type MarkRow } from '../inbox-order.ts';
import { type Columns, rowsOf } from './recordset.ts';
import { json, parse } from './rows.ts';
import type { Row, Session, Value } from './session.ts';

export const ENTRY = {
  id: 'uuid',
  notification_id: 'uuid',
  user_id: 'text',
  title: 'text',
  body: 'text',
  action_url: 'text',
  data: 'text',
  created_at: 'bigint',
} as const satisfies Columns;

const SHOWN: Readonly<Record<InboxStatus | 'all', string>> = {
  all: 'archived_at IS NULL',
  unread: 'archived_at IS NULL AND read_at IS NULL',
  read: 'archived_at IS NULL AND read_at IS NOT NULL',
  archived: 'archived_at IS NOT NULL',
};

/** What a mark sets, and which entries it changes at all; `$2` is the time. */
const MARKS: Readonly<Record<InboxMark, { readonly set: string; readonly where: string }>> = {
  seen: { set: 'seen_at = $2::bigint', where: 'seen_at IS NULL' },
  read: { set: 'read_at = $2::bigint, seen_at = coalesce(seen_at, $2::bigint)', where: 'read_at IS NULL' },
  unread: { set: 'read_at = NULL', where: 'read_at IS NOT NULL' },
  archive: { set: 'archived_at = $2::bigint', where: 'archived_at IS NULL' },
  unarchive: { set: 'archived_at = NULL', where: 'archived_at IS NOT NULL' },
};

/**
 * Held until the commit by every transaction that writes to an inbox: so their numbers become visible in their order,
 * and whoever has read up to one has missed none before it.
 */
export const INBOX_LOCK = 7_443_182_202;

/**
 * Adds entries: a part of a statement that writes, for `entryValue` as that parameter. It takes the lock itself, as late
 * as can be: no row is there, and so none has a number, before the lock is.
 */
export function addEntries(parameter: string): string {
  const columns = Object.keys(ENTRY).join(', ');
  return `held AS MATERIALIZED (SELECT pg_advisory_xact_lock(${INBOX_LOCK})),
    e AS (INSERT INTO tidings.inbox (${columns}) SELECT ${columns} FROM held, ${rowsOf(ENTRY, parameter)}
      ON CONFLICT (id) DO NOTHING)`;
}

export function entryValue(entries: readonly NewInboxEntry[]): Value {
  const rows = entries.map((entry) => ({
    id: entry.id,
    notification_id: entry.notificationId,
    user_id: entry.userId,
    title: entry.title,
    body: entry.body,
    action_url: entry.actionUrl,
    data: json(entry.data),
    created_at: entry.createdAt,
  }));
  return JSON.stringify(rows);
}

export async function listInbox(
  session: Session,
  userId: string,
  status: InboxStatus | null,
  page: { readonly limit: number; readonly after: string | null },
): Promise<InboxPage> {
  const rows = await session.rows(
    `SELECT * FROM tidings.inbox WHERE user_id = $1 AND seq < $2 AND ${SHOWN[status ?? 'all']} ORDER BY seq DESC LIMIT $3`,
    [userId, page.after === null ? Number.MAX_SAFE_INTEGER : Number(page.after), page.limit + 1],
  );
  const items = rows.slice(0, page.limit).map(entryFrom);
  return { items, next: rows.length > page.limit ? String(rows[page.limit - 1]?.seq) : null };
}

export async function countInbox(session: Session, userId: string): Promise<InboxCounts> {
  const [row] = await session.rows(
    `SELECT count(*) AS total, count(*) FILTER (WHERE read_at IS NULL) AS unread,
       count(*) FILTER (WHERE seen_at IS NULL) AS unseen FROM tidings.inbox WHERE user_id = $1 AND archived_at IS NULL`,
    [userId],
  );
  return { total: Number(row?.total), unread: Number(row?.unread), unseen: Number(row?.unseen) };
}

export async function markInboxEntry(
  session: Session,
  userId: string,
  id: DeliveryId,
  mark: InboxMark,
  now: number,
): Promise<InboxEntry | null> {
  await markInbox(session, userId, mark, { ids: [id] }, now);
  const [row] = await session.rows('SELECT * FROM tidings.inbox WHERE user_id = $1 AND id = $2', [userId, id]);
  return row === undefined ? null : entryFrom(row);
}

export async function markInbox(
  session: Session,
  userId: string,
  mark: InboxMark,
  which: { readonly ids: readonly DeliveryId[] } | { readonly before: number | null },
  now: number,
): Promise<number> {
  const { set, where } = MARKS[mark];
  const [these, those] =
    'ids' in which
      ? ['id = ANY ($3::uuid[])', which.ids]
      : ['($3::bigint IS NULL OR created_at < $3::bigint)', which.before];
  const rows = await session.rows(
    `UPDATE tidings.inbox SET ${set} WHERE user_id = $1 AND ${where} AND ${these} RETURNING id, $2::bigint AS at`,
    [userId, now, those],
  );
  if (rows.length > 0) {
    const what = 'ids' in which ? [JSON.stringify(rows.map(({ id }) => id)), null] : [null, which.before];
    await session.rows(INSERT_MARK, [userId, mark, ...what, now]);
  }
  return rows.length;
}

const INSERT_MARK = `INSERT INTO tidings.inbox_marks (entry_seq, user_id, mark, ids, before, at)
  SELECT coalesce(max(seq), 0), $1, $2, $3::text, $4::bigint, $5::bigint FROM tidings.inbox`;

export async function endOfInboxes(session: Session): Promise<string> {
  return inboxPoint(await ends(session));
}

export async function inboxAfter(
  session: Session,
  userId: string,
  point: string,
  limit: number,
): Promise<InboxNews | null> {
  const end = await ends(session);
  const from = knownPoint(point, end);
  if (from === null) return null;
  const logOf = (table: string, after: number) =>
    session.rows(`SELECT * FROM tidings.${table} WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, [
      userId,
      after,
      limit,
    ]);
  const entries = (await logOf('inbox', from.entry)).map((row) => ({ seq: Number(row.seq), entry: entryFrom(row) }));
  const marks = await logOf('inbox_marks', from.mark);
  return inOrder(from, end, entries, marks.map(markFrom), limit);
}

export async function inboxesAfter(session: Session, point: string, limit: number) {
  const end = await ends(session);
  const from = knownPoint(point, end);
  if (from === null) return null;
  const to = further(from, end, limit);
  const rows = await session.rows(
    `SELECT user_id FROM tidings.inbox WHERE seq > $1 AND seq <= $2
     UNION ALL SELECT user_id FROM tidings.inbox_marks WHERE seq > $3 AND seq <= $4`,
    [from.entry, to.entry, from.mark, to.mark],
  );
  return { userIds: new Set(rows.map((row) => String(row.user_id))), point: inboxPoint(to) };
}

export async function forgetMarks(session: Session, before: number, limit: number): Promise<number> {
  const gone = await session.rows(
    `DELETE FROM tidings.inbox_marks WHERE seq IN (SELECT seq FROM tidings.inbox_marks
       WHERE at < $1 AND seq < (SELECT max(seq) FROM tidings.inbox_marks) ORDER BY at LIMIT $2) RETURNING 1 AS one`,
    [before, limit],
  );
  return gone.length;
}

async function ends(session: Session): Promise<InboxEnds> {
  const [row] = await session.rows(
    `SELECT (SELECT coalesce(max(seq), 0) FROM tidings.inbox) AS entry,
       (SELECT coalesce(max(seq), 0) FROM tidings.inbox_marks) AS mark,
       (SELECT min(seq) FROM tidings.inbox_marks) AS oldest`,
  );
  const oldestMark = row?.oldest ?? null;
  return {
    entry: Number(row?.entry),
    mark: Number(row?.mark),
    oldestMark: oldestMark === null ? null : Number(oldestMark),
  };
}

function markFrom(row: Row): MarkRow {
  return {
    seq: Number(row.seq),
    entrySeq: Number(row.entry_seq),
    mark: row.mark as InboxMark,
    ids: parse(row.ids) as readonly DeliveryId[] | null,
    before: row.before === null ? null : Number(row.before),
  };
}

export function entryFrom(row: Row): InboxEntry {
  return {
    id: row.id as DeliveryId,
    notificationId: row.notification_id as NotificationId,
    userId: row.user_id as string,
    title: row.title as string | null,
    body: row.body as string,
    actionUrl: row.action_url as string | null,
    data: parse(row.data) as JsonObject | null,
    createdAt: row.created_at as number,
    seenAt: row.seen_at as number | null,
    readAt: row.read_at as number | null,
    archivedAt: row.archived_at as number | null,
  };
}
