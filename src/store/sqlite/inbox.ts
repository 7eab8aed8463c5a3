import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryId } from '../../domain/ids.ts';
import type { JsonObject } from '../../domain/notification.ts';
import type { InboxCounts, InboxEntry, InboxMark, InboxNews, InboxPage, InboxStatus } from '../inbox.ts';
import { further, type InboxEnds, inboxPoint, inOrder, knownPoint, type MarkRow } from '../inbox-order.ts';
import { idBytes, idFrom, type Row } from './columns.ts';
import { parse } from './rows.ts';

const SHOWN: Readonly<Record<InboxStatus | 'all', string>> = {
  all: 'archived_at IS NULL',
  unread: 'archived_at IS NULL AND read_at IS NULL',
  read: 'archived_at IS NULL AND read_at IS NOT NULL',
  archived: 'archived_at IS NOT NULL',
};

/** What a mark sets, and which entries it changes at all. */
const MARKS: Readonly<Record<InboxMark, { readonly set: string; readonly where: string }>> = {
  seen: { set: 'seen_at = :now', where: 'seen_at IS NULL' },
  read: { set: 'read_at = :now, seen_at = coalesce(seen_at, :now)', where: 'read_at IS NULL' },
  unread: { set: 'read_at = NULL', where: 'read_at IS NOT NULL' },
  archive: { set: 'archived_at = :now', where: 'archived_at IS NULL' },
  unarchive: { set: 'archived_at = NULL', where: 'archived_at IS NOT NULL' },
};

/** The inbox's statements; the writing ones run inside the caller's transaction. */
export function prepareInbox(db: DatabaseSync) {
  const find = db.prepare('SELECT * FROM inbox WHERE user_id = ? AND id = ?');
  const counts = db.prepare(
    `SELECT count(*) AS total, count(*) FILTER (WHERE read_at IS NULL) AS unread,
       count(*) FILTER (WHERE seen_at IS NULL) AS unseen FROM inbox WHERE user_id = ? AND archived_at IS NULL`,
  );
  const insertMark = db.prepare(
    `INSERT INTO inbox_marks (entry_seq, user_id, mark, ids, before, at)
     SELECT coalesce(max(seq), 0), ?, ?, ?, ?, ? FROM inbox`,
  );
  const newest = db.prepare(
    `SELECT (SELECT coalesce(max(seq), 0) FROM inbox) AS entry, (SELECT coalesce(max(seq), 0) FROM inbox_marks) AS mark,
       (SELECT min(seq) FROM inbox_marks) AS oldest`,
  );
  const entriesAfter = db.prepare('SELECT * FROM inbox WHERE user_id = ? AND seq > ? ORDER BY seq LIMIT ? + 0');
  const marksAfter = db.prepare('SELECT * FROM inbox_marks WHERE user_id = ? AND seq > ? ORDER BY seq LIMIT ? + 0');
  const usersBetween = db.prepare(
    `SELECT user_id FROM inbox WHERE seq > ? AND seq <= ?
     UNION ALL SELECT user_id FROM inbox_marks WHERE seq > ? AND seq <= ?`,
  );
  const forgetMarks = db.prepare(
    `DELETE FROM inbox_marks WHERE seq IN (SELECT seq FROM inbox_marks
       WHERE at < ? AND seq < (SELECT max(seq) FROM inbox_marks) ORDER BY at LIMIT ? + 0)`,
  );

  return {
    list(userId: string, status: InboxStatus | null, page: { limit: number; after: string | null }): InboxPage {
      const rows = db
        .prepare(
          `SELECT * FROM inbox WHERE user_id = ? AND seq < ? AND ${SHOWN[status ?? 'all']} ORDER BY seq DESC LIMIT ? + 0`,
        )
        .all(userId, page.after === null ? Number.MAX_SAFE_INTEGER : Number(page.after), page.limit + 1);
      const items = rows.slice(0, page.limit).map(entryFrom);
      return { items, next: rows.length > page.limit ? String(rows[page.limit - 1]?.seq) : null };
    },

    count(userId: string): InboxCounts {
      const row = counts.get(userId) ?? {};
      return { total: Number(row.total), unread: Number(row.unread), unseen: Number(row.unseen) };
    },

    mark(userId: string, id: DeliveryId, mark: InboxMark, now: number): InboxEntry | null {
      this.markMany(userId, mark, { ids: [id] }, now);
      const row = find.get(userId, idBytes(id));
      return row === undefined ? null : entryFrom(row);
    },

    markMany(
      userId: string,
      mark: InboxMark,
      which: { readonly ids: readonly DeliveryId[] } | { readonly before: number | null },
      now: number,
    ): number {
      const { set, where } = MARKS[mark];
      const named = (condition: string) => {
        const statement = db.prepare(`UPDATE inbox SET ${set} WHERE user_id = :userId AND ${where} AND ${condition}`);
        statement.setAllowUnknownNamedParameters(true);
        return statement;
      };
      if ('ids' in which) {
        const one = named('id = :id');
        const ids = which.ids.filter((id) => one.run({ userId, now, id: idBytes(id) }).changes === 1);
        if (ids.length > 0) insertMark.run(userId, mark, JSON.stringify(ids), null, now);
        return ids.length;
      }
      const all = named('(:before IS NULL OR created_at < :before)');
      const changed = Number(all.run({ userId, now, before: which.before }).changes);
      if (changed > 0) insertMark.run(userId, mark, null, which.before, now);
      return changed;
    },

    end: (): string => inboxPoint(ends()),

    after(userId: string, point: string, limit: number): InboxNews | null {
      const end = ends();
      const from = knownPoint(point, end);
      if (from === null) return null;
      const entries = entriesAfter.all(userId, from.entry, limit).map((row) => {
        return { seq: Number(row.seq), entry: entryFrom(row) };
      });
      return inOrder(from, end, entries, marksAfter.all(userId, from.mark, limit).map(markFrom), limit);
    },

    usersAfter(point: string, limit: number) {
      const end = ends();
      const from = knownPoint(point, end);
      if (from === null) return null;
      const to = further(from, end, limit);
      const rows = usersBetween.all(from.entry, to.entry, from.mark, to.mark);
      return { userIds: new Set(rows.map((row) => String(row.user_id))), point: inboxPoint(to) };
    },

    forgetMarks: (before: number, limit: number): number => Number(forgetMarks.run(before, limit).changes),
  };

  function ends(): InboxEnds {
    const { entry, mark, oldest } = newest.get() ?? {};
    return { entry: Number(entry), mark: Number(mark), oldestMark: oldest as number | null };
  }
}

function markFrom(row: Row): MarkRow {
  return {
    seq: row.seq as number,
    entrySeq: row.entry_seq as number,
    mark: row.mark as InboxMark,
    ids: parse(row.ids as string | null) as readonly DeliveryId[] | null,
    before: row.before as number | null,
  };
}

export function entryFrom(row: Row): InboxEntry {
  return {
    id: idFrom(row.id) as string as DeliveryId,
    notificationId: idFrom(row.notification_id),
    userId: row.user_id as string,
    title: row.title as string | null,
    body: row.body as string,
    actionUrl: row.action_url as string | null,
    data: parse(row.data as string | null) as JsonObject | null,
    createdAt: row.created_at as number,
    seenAt: row.seen_at as number | null,
    readAt: row.read_at as number | null,
    archivedAt: row.archived_at as number | null,
  };
}
