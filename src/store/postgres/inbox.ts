import type { DeliveryId, NotificationId } from '../../domain/ids.ts';
import type { JsonObject } from '../../domain/notification.ts';
import type { InboxCounts, InboxEntry, InboxMark, InboxPage, InboxStatus, NewInboxEntry } from '../inbox.ts';
import { type Columns, insertRows } from './recordset.ts';
import { json, parse } from './rows.ts';
import type { Row, Session } from './session.ts';

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
 * The entries of many calls. An entry's number is taken when it is inserted, not when that is committed: where two
 * processes insert for one user at the same moment, the lower number may become visible last, below what was already
 * read. Whoever asks for the first page again sees it.
 */
export async function addToInbox(session: Session, entries: readonly NewInboxEntry[]): Promise<void> {
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
  await session.rows(`${insertRows('inbox', ENTRY, '$1')} ON CONFLICT (id) DO NOTHING`, [JSON.stringify(rows)]);
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
  // In one direction, so that two marks of the same entries wait for each other and never cross.
  const [row] = await session.rows(
    `WITH picked AS MATERIALIZED (SELECT seq FROM tidings.inbox
       WHERE user_id = $1 AND ${where} AND ${these} ORDER BY seq FOR NO KEY UPDATE),
     marked AS (UPDATE tidings.inbox i SET ${set} FROM picked p WHERE i.seq = p.seq RETURNING 1)
     SELECT count(*) AS n, $2::bigint AS at FROM marked`,
    [userId, now, those],
  );
  return Number(row?.n);
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
