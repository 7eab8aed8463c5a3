import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import { type DeliveryId, deliveryId, MAX_LEGS, type NotificationId } from '../../domain/ids.ts';
import type { Attempt } from '../../domain/outcome.ts';
import type { Claim, NotificationFilter, NotificationRecord, Page, PageRequest, Store, StoreStats } from '../store.ts';
import { addSearch, conditions } from './filter.ts';
import {
  attemptFrom,
  deliveryFrom,
  deliveryKey,
  idBytes,
  idFrom,
  NOTIFICATION_COLUMNS,
  notificationFrom,
  type Params,
  type Row,
} from './rows.ts';
import { READY, UNSENT } from './statements.ts';

/** States for which `deliveries_unsent` leads to the notifications without walking over all the others. */
const INDEXED: ReadonlySet<DeliveryStatus> = new Set(['failed', 'expired', 'suppressed', 'cancelled']);
/** The last id there can be. */
const END = new Uint8Array(16).fill(0xff);
/** How far unfinished deliveries are counted. */
const COUNT_LIMIT = 100_000;
const MINUTE = 60_000;

export function prepareReads(db: DatabaseSync) {
  addSearch(db);
  const notification = db.prepare(`SELECT ${NOTIFICATION_COLUMNS} FROM notifications n WHERE n.id = ?`);
  const deliveries = db.prepare('SELECT * FROM deliveries WHERE notification_id = ? ORDER BY leg');
  const attempts = db.prepare('SELECT * FROM attempts WHERE notification_id = ? ORDER BY leg, number');
  const log = db.prepare('SELECT * FROM attempts WHERE notification_id = ? AND leg = ? ORDER BY number');
  const read = db.prepare('SELECT min(read_at) AS at FROM inbox WHERE id BETWEEN ? AND ?');

  const record = (row: Row): NotificationRecord => {
    const found = notificationFrom(row);
    const id = idBytes(found.id);
    const last = idBytes(deliveryId(found.id, MAX_LEGS));
    return {
      notification: found,
      deliveries: deliveries.all(id).map(deliveryFrom),
      attempts: attempts
        .all(id)
        .map((one) => ({ ...attemptFrom(one), deliveryId: deliveryId(found.id, one.leg as number) })),
      readAt: read.get(id, last)?.at as number | null,
    };
  };

  return {
    find(id: NotificationId): NotificationRecord | null {
      const row = notification.get(idBytes(id));
      return row === undefined ? null : record(row);
    },

    list(filter: NotificationFilter, page: PageRequest): Page<NotificationRecord> {
      const { sql, params } = conditions(filter);
      const candidates = candidatesFor(filter);
      const bounds: Params = {
        ...candidates.params,
        before: page.after === null ? END : idBytes(page.after as NotificationId),
      };
      const rows = db
        .prepare(
          `SELECT ${NOTIFICATION_COLUMNS} FROM (${candidates.sql} LIMIT :scan) c JOIN notifications n ON n.id = c.id
           WHERE ${sql} ORDER BY n.id DESC LIMIT :limit`,
        )
        .all({ ...params, ...bounds, scan: page.scan, limit: page.limit + 1 });
      const items = rows.slice(0, page.limit).map(record);
      const lastItem = items.at(-1)?.notification.id ?? null;
      if (rows.length > page.limit) return { items, next: lastItem };
      const lastSeen = db.prepare(`${candidates.sql} LIMIT 1 OFFSET :skip`).get({ ...bounds, skip: page.scan - 1 });
      return { items, next: lastSeen === undefined ? null : idFrom(lastSeen.id) };
    },

    deadLetters(
      filter: NotificationFilter & { readonly code?: string },
      page: PageRequest,
    ): Page<Claim & { readonly log: readonly Attempt[] }> {
      const { sql, params } = conditions(filter);
      const after = page.after === null ? { notification_id: END, leg: 256 } : deliveryKey(page.after as DeliveryId);
      const scanned = `SELECT notification_id, leg FROM deliveries WHERE status = 'failed' AND ${UNSENT} AND discarded_at IS NULL
        AND (notification_id, leg) < (:notification_id, :leg) ORDER BY notification_id DESC, leg DESC`;
      const rows = db
        .prepare(
          `SELECT d.*, ${NOTIFICATION_COLUMNS} FROM (${scanned} LIMIT :scan) c
           JOIN deliveries d ON d.notification_id = c.notification_id AND d.leg = c.leg
           JOIN notifications n ON n.id = d.notification_id
           WHERE ${sql} AND (:code IS NULL OR d.reason = :code)
           ORDER BY d.notification_id DESC, d.leg DESC LIMIT :limit`,
        )
        .all({ ...params, ...after, code: filter.code ?? null, scan: page.scan, limit: page.limit + 1 });
      const items = rows.slice(0, page.limit).map((row) => {
        const delivery = deliveryFrom(row);
        const entries = log.all(idBytes(delivery.notificationId), delivery.leg).map(attemptFrom);
        return { delivery, notification: notificationFrom(row), log: entries };
      });
      if (rows.length > page.limit) return { items, next: items.at(-1)?.delivery.id ?? null };
      const last = db.prepare(`${scanned} LIMIT 1 OFFSET :skip`).get({ ...after, skip: page.scan - 1 });
      const next = last === undefined ? null : deliveryId(idFrom(last.notification_id), last.leg as number);
      return { items, next };
    },

    stats: (since: number): StoreStats => readStats(db, since),
    backlog: (now: number) => readBacklog(db, now),
  };
}

/** Notification ids, newest first, below `:before`: as few as the filter's index allows. */
function candidatesFor(filter: NotificationFilter): { readonly sql: string; readonly params: Params } {
  if (filter.status !== undefined && INDEXED.has(filter.status)) {
    return {
      sql: `SELECT DISTINCT notification_id AS id FROM deliveries WHERE status = :candidate AND ${UNSENT}
        AND notification_id < :before ORDER BY notification_id DESC`,
      params: { candidate: filter.status },
    };
  }
  if (filter.userId !== undefined) {
    return {
      sql: 'SELECT id FROM notifications WHERE user_id = :candidate AND id < :before ORDER BY id DESC',
      params: { candidate: filter.userId },
    };
  }
  return { sql: 'SELECT id FROM notifications WHERE id < :before ORDER BY id DESC', params: {} };
}

function readStats(db: DatabaseSync, since: number): StoreStats {
  const minute = Math.floor(since / MINUTE);
  const byStatus: Partial<Record<DeliveryStatus, number>> = {};
  const live = `SELECT status, count(*) AS n FROM (
      SELECT status FROM deliveries WHERE ${READY} UNION ALL SELECT status FROM deliveries WHERE status = 'sending'
      LIMIT ${COUNT_LIMIT}) GROUP BY status`;
  for (const row of db.prepare(live).all()) byStatus[row.status as DeliveryStatus] = row.n as number;
  const sums = { accepted: 0, channel: {} as Record<string, number>, provider: {} as Record<string, number> };
  const totals = db
    .prepare('SELECT kind, name, sum(count) AS n FROM counters WHERE minute >= ? GROUP BY kind, name')
    .all(minute);
  for (const row of totals) {
    const name = row.name as string;
    const count = row.n as number;
    if (row.kind === 'accepted') sums.accepted = count;
    else if (row.kind === 'finished') byStatus[name as DeliveryStatus] = count;
    else if (row.kind === 'channel') sums.channel[name] = count;
    else sums.provider[name] = count;
  }
  const series = db
    .prepare(
      `SELECT minute, sum(count) FILTER (WHERE kind = 'accepted') AS accepted,
         sum(count) FILTER (WHERE kind = 'finished' AND name = 'sent') AS sent,
         sum(count) FILTER (WHERE kind = 'finished' AND name = 'failed') AS failed
       FROM counters WHERE minute >= ? GROUP BY minute ORDER BY minute`,
    )
    .all(minute)
    .map((row) => ({
      minute: (row.minute as number) * MINUTE,
      accepted: (row.accepted as number | null) ?? 0,
      sent: (row.sent as number | null) ?? 0,
      failed: (row.failed as number | null) ?? 0,
    }));
  return { accepted: sums.accepted, byStatus, byChannel: sums.channel, byProvider: sums.provider, series };
}

function readBacklog(db: DatabaseSync, now: number): Awaited<ReturnType<Store['backlog']>> {
  const due = `SELECT due_at FROM deliveries WHERE ${READY} AND priority IN (0, 1, 2) AND due_at <= ?`;
  const row = db.prepare(`SELECT count(*) AS depth FROM (${due} LIMIT ${COUNT_LIMIT})`).get(now);
  const oldest = [0, 1, 2]
    .map(
      (priority) =>
        db.prepare(`SELECT min(due_at) AS at FROM deliveries WHERE ${READY} AND priority = ?`).get(priority)?.at,
    )
    .filter((at) => typeof at === 'number')
    .filter((at) => at <= now);
  return {
    depth: (row?.depth as number | undefined) ?? 0,
    oldestDueAt: oldest.length === 0 ? null : Math.min(...oldest),
  };
}
