import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../domain/clock.ts';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import { deliveryId, MAX_LEGS, type NotificationId } from '../../domain/ids.ts';
import {
  type AuditCount,
  type AuditStore,
  auditStatements,
  byFoldedStatus,
  type DeliveryGroup,
  type Fault,
  type FaultCode,
  type Stretch,
} from '../audit.ts';
import { FORGOTTEN_MINUTE } from '../retention.ts';
import { WrongDatabase } from '../store.ts';
import { idBytes, idFrom, type Row } from './columns.ts';
import { asPortError } from './database.ts';

const START = new Uint8Array(16);
const END = new Uint8Array(16).fill(0xff);

/** The id of a delivery: its notification's, with the number of the leg for the last byte. */
export const ENTRY_ID = "unhex(substr(hex(d.notification_id), 1, 30) || printf('%02X', d.leg))";

const STATEMENTS = auditStatements({
  table: (name) => name,
  from: ':from',
  to: ':to',
  entriesFrom: ':entriesFrom',
  entriesTo: ':entriesTo',
  entry: ENTRY_ID,
  now: ':now',
});

const COUNT = `SELECT (SELECT count(*) FROM notifications WHERE id >= ?) AS there,
  coalesce(sum(count) FILTER (WHERE kind = 'accepted' OR (kind = 'forgotten' AND name = 'accepted')), 0) AS accepted,
  coalesce(sum(count) FILTER (WHERE kind = 'forgotten' AND name = 'notifications'), 0) AS forgotten
  FROM counters WHERE minute >= ${FORGOTTEN_MINUTE}`;

/** Opens the file for reading alone: its schema stays as it is, and whoever works with it goes on. */
export function openSqliteAudit(path: string, clock: Clock): AuditStore {
  if (!existsSync(path)) throw new WrongDatabase(`there is no database ${path}`);
  const db = new DatabaseSync(path, { readOnly: true, timeout: 15_000 });
  if (!isOurs(db)) {
    db.close();
    throw new WrongDatabase(`${path} is not a database of Tidings`);
  }

  function prepared(sql: string) {
    const statement = db.prepare(sql);
    statement.setAllowUnknownNamedParameters(true);
    return statement;
  }

  /** Reads of one moment. */
  async function moment<T>(work: () => T): Promise<T> {
    try {
      db.exec('BEGIN');
      const answer = work();
      db.exec('COMMIT');
      return answer;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw asPortError(error);
    }
  }

  function count(from: NotificationId): AuditCount {
    const row = db.prepare(COUNT).get(idBytes(from));
    return { there: Number(row?.there), accepted: Number(row?.accepted), forgotten: Number(row?.forgotten) };
  }

  function stretch(after: NotificationId | null, before: NotificationId | null, limit: number): Stretch {
    const from = after === null ? START : idBytes(after);
    const bound = before === null ? END : idBytes(before);
    const last = db
      .prepare('SELECT id FROM notifications WHERE id > ? AND id < ? ORDER BY id LIMIT 1 OFFSET ?')
      .get(from, bound, limit - 1);
    const next = last === undefined ? null : idFrom(last.id);
    // No id is what bounds them all: nothing is left between the last and it.
    const to = next === null ? bound : idBytes(next);
    const entriesFrom = after === null ? START : idBytes(deliveryId(after, MAX_LEGS));
    const entriesTo = next === null ? bound : idBytes(deliveryId(next, MAX_LEGS));
    const values = { from, to, entriesFrom, entriesTo, now: clock.now() };
    const folded = prepared(STATEMENTS.folded).all(values);
    return {
      ...byFoldedStatus(folded.map(({ rank, n }) => ({ rank: rank as number | null, n: n as number }))),
      deliveries: prepared(STATEMENTS.groups).all(values).map(groupFrom),
      faults: prepared(STATEMENTS.faults).all(values).map(faultFrom),
      next,
    };
  }

  return {
    now: () => Promise.resolve(clock.now()),
    count: (from) => moment(() => count(from)),
    stretch: (after, before, limit) => moment(() => stretch(after, before, limit)),
    inDoubt: (limit) =>
      moment(() =>
        db
          .prepare(
            "SELECT notification_id, leg, due_at FROM deliveries WHERE status = 'sending' ORDER BY due_at LIMIT ? + 0",
          )
          .all(limit)
          .map((row) => ({
            id: deliveryId(idFrom(row.notification_id), row.leg as number),
            leaseUntil: row.due_at as number,
          })),
      ),
    async close() {
      db.close();
    },
  };
}

function isOurs(db: DatabaseSync): boolean {
  try {
    return db.prepare("SELECT 1 AS yes FROM sqlite_schema WHERE name = 'tidings_migrations'").get() !== undefined;
  } catch {
    return false;
  }
}

function groupFrom(row: Row): DeliveryGroup {
  return {
    status: row.status as DeliveryStatus,
    count: row.n as number,
    due: row.due as number,
    expired: row.expired as number,
    firstDueAt: row.first_due as number | null,
    firstLaterAt: row.first_later as number | null,
    atMostOnce: row.at_most_once as number,
  };
}

function faultFrom(row: Row): Fault {
  const id = idFrom(row.id);
  return { code: row.code as FaultCode, id: row.leg === 0 ? id : deliveryId(id, row.leg as number) };
}
