import type { DatabaseSync } from 'node:sqlite';
import { statusesFrom } from '../../domain/counters.ts';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import { type DeliveryId, deliveryId, firstIdAt, MAX_LEGS, type NotificationId } from '../../domain/ids.ts';
import type { Attempt } from '../../domain/outcome.ts';
import type { Claim, NotificationFilter, NotificationRecord, Page, PageRequest, Store, StoreStats } from '../store.ts';
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
} from './columns.ts';
import { addSearch, conditions } from './filter.ts';
import { READY, UNSENT } from './statements.ts';

/** States for which `deliveries_unsent` leads to the notifications without walking over all the others. */
const INDEXED: ReadonlySet<DeliveryStatus> = new Set(['failed', 'expired', 'suppressed', 'cancelled']);
/** The last id there can be. */
const END = new Uint8Array(16).fill(0xff);
const START = new Uint8Array(16);
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
      const { from, key, isAll, params: bounds } = candidatesFor(filter, page.after);
      // Where every candidate is wanted, the limit is all that must stop the walk.
      const last =
        isAll && page.limit < page.scan
          ? undefined
          : db.prepare(lastLookedAt(from, key)).get({ ...bounds, skip: page.scan - 1 });
      const floor = last === undefined ? bounds.floor : last.key;
      const rows = db
        .prepare(`SELECT ${NOTIFICATION_COLUMNS} ${from} AND ${sql} ORDER BY ${key} DESC LIMIT :limit + 0`)
        .all({ ...params, ...bounds, floor, limit: page.limit + 1 } as Params);
      const items = rows.slice(0, page.limit).map(record);
      if (rows.length > page.limit) return { items, next: items.at(-1)?.notification.id ?? null };
      return { items, next: last === undefined ? null : idFrom(last.key) };
    },

    deadLetters(
      filter: NotificationFilter & { readonly code?: string },
      page: PageRequest,
    ): Page<Claim & { readonly log: readonly Attempt[] }> {
      const { sql, params } = conditions(filter);
      const after = page.after === null ? { notification_id: END, leg: 256 } : deliveryKey(page.after as DeliveryId);
      const [top, bottom] = created(filter);
      const bounds = { ...after, top, bottom };
      const last = db.prepare(LAST_DEAD_LETTER).get({ ...bounds, skip: page.scan - 1 });
      const floor = { floor: last?.notification_id ?? bottom, floorLeg: last?.leg ?? 0 };
      const rows = db
        .prepare(
          `SELECT d.*, ${NOTIFICATION_COLUMNS} ${DEAD_LETTERS} AND (d.notification_id, d.leg) >= (:floor, :floorLeg)
           AND ${sql} AND (:code IS NULL OR d.reason = :code)
           ORDER BY d.notification_id DESC, d.leg DESC LIMIT :limit + 0`,
        )
        .all({ ...params, ...bounds, ...floor, code: filter.code ?? null, limit: page.limit + 1 });
      const items = rows.slice(0, page.limit).map((row) => {
        const delivery = deliveryFrom(row);
        const entries = log.all(idBytes(delivery.notificationId), delivery.leg).map(attemptFrom);
        return { delivery, notification: notificationFrom(row), log: entries };
      });
      if (rows.length > page.limit) return { items, next: items.at(-1)?.delivery.id ?? null };
      const next = last === undefined ? null : deliveryId(idFrom(last.notification_id), last.leg as number);
      return { items, next };
    },

    stats: (since: number): StoreStats => readStats(db, since),
    backlog: (now: number) => readBacklog(db, now),
  };
}

/** Dead letters, below the key of the page before and within the times asked for. */
const DEAD = `d.status = 'failed' AND ${UNSENT} AND d.discarded_at IS NULL
  AND (d.notification_id, d.leg) < (:notification_id, :leg) AND d.notification_id < :top AND d.notification_id >= :bottom`;
const DEAD_LETTERS = `FROM deliveries d CROSS JOIN notifications n ON n.id = d.notification_id WHERE ${DEAD}`;
const LAST_DEAD_LETTER = `SELECT d.notification_id, d.leg FROM deliveries d WHERE ${DEAD}
  ORDER BY d.notification_id DESC, d.leg DESC LIMIT 1 OFFSET :skip`;

interface Candidates {
  /** The tables and what bounds the walk through them; to be read in the order of `key`, downwards, with no sorting. */
  readonly from: string;
  readonly key: string;
  /** Nothing else is asked of them. */
  readonly isAll: boolean;
  readonly params: Params;
}

/** Notifications by the index that leaves the fewest to be looked at. */
function candidatesFor(filter: NotificationFilter, after: string | null): Candidates {
  const [top, floor] = created(filter);
  const before = after === null ? END : idBytes(after as NotificationId);
  const params = { before: Buffer.compare(before, top) < 0 ? before : top, floor };
  const asked = new Set(Object.keys(filter));
  for (const bound of ['createdAfter', 'createdBefore']) asked.delete(bound);
  if (filter.status !== undefined && INDEXED.has(filter.status)) {
    const from = `FROM deliveries d CROSS JOIN notifications n ON n.id = d.notification_id
      WHERE d.status = :candidate AND ${UNSENT} AND d.notification_id < :before AND d.notification_id >= :floor
      AND NOT EXISTS (SELECT 1 FROM deliveries e
        WHERE e.notification_id = d.notification_id AND e.leg < d.leg AND e.status = :candidate)`;
    return { from, key: 'd.notification_id', isAll: false, params: { ...params, candidate: filter.status } };
  }
  const bounded = 'n.id < :before AND n.id >= :floor';
  if (filter.userId !== undefined) {
    const from = `FROM notifications n WHERE n.user_id = :candidate AND ${bounded}`;
    return { from, key: 'n.id', isAll: asked.size === 1, params: { ...params, candidate: filter.userId } };
  }
  return { from: `FROM notifications n WHERE ${bounded}`, key: 'n.id', isAll: asked.size === 0, params };
}

/** The last of as many candidates as may be looked at; none: there are fewer. */
function lastLookedAt(from: string, key: string): string {
  return `SELECT ${key} AS key ${from} ORDER BY ${key} DESC LIMIT 1 OFFSET :skip`;
}

/** The ids between which the times asked for lie: below the first, from the second on. */
function created({ createdAfter, createdBefore }: NotificationFilter): readonly [Uint8Array, Uint8Array] {
  return [
    createdBefore === undefined ? END : idBytes(firstIdAt(createdBefore)),
    createdAfter === undefined ? START : idBytes(firstIdAt(createdAfter)),
  ];
}

function readStats(db: DatabaseSync, since: number): StoreStats {
  const minute = Math.floor(since / MINUTE);
  const byStatus: Record<string, number> = {};
  const live = `SELECT status, count(*) AS n FROM (
      SELECT status FROM deliveries WHERE ${READY} UNION ALL SELECT status FROM deliveries WHERE status = 'sending'
      LIMIT ${COUNT_LIMIT}) GROUP BY status`;
  for (const row of db.prepare(live).all()) byStatus[row.status as string] = row.n as number;
  const sums = { accepted: 0, channel: {} as Record<string, number>, provider: {} as Record<string, number> };
  const totals = db
    .prepare('SELECT kind, name, sum(count) AS n FROM counters WHERE minute >= ? GROUP BY kind, name')
    .all(minute);
  for (const row of totals) {
    const name = row.name as string;
    const count = row.n as number;
    if (row.kind === 'accepted') sums.accepted = count;
    else if (row.kind === 'finished') byStatus[name] = count;
    else if (row.kind === 'channel') sums.channel[name] = count;
    else if (row.kind === 'provider') sums.provider[name] = count;
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
  return {
    accepted: sums.accepted,
    byStatus: statusesFrom(byStatus),
    byChannel: sums.channel,
    byProvider: sums.provider,
    series,
  };
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
