import type { Clock } from '../../domain/clock.ts';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import { deliveryId, MAX_LEGS, type NotificationId } from '../../domain/ids.ts';
import {
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
import { Database } from './database.ts';
import { whenReady } from './open.ts';
import type { Row, Session } from './session.ts';
import { now, type TimeParameter, type TimeSource, timeParameter } from './store-time.ts';

export interface AuditOptions {
  readonly url: string;
  readonly clock: Clock;
  /** As in the store. */
  readonly time?: TimeSource;
  readonly onNotice?: (text: string) => void;
}

const FIRST = '00000000-0000-0000-0000-000000000000';
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const PATIENCE = 5_000;
const CONNECTIONS = 3;

const STATEMENTS = auditStatements({
  table: (name) => `tidings.${name}`,
  from: '$1::uuid',
  to: '$2::uuid',
  entriesFrom: '$3::uuid',
  entriesTo: '$4::uuid',
  // The id of a delivery: its notification's, with the number of the leg for the last byte.
  entry: "overlay(d.notification_id::text PLACING lpad(to_hex(d.leg::integer), 2, '0') FROM 35)::uuid",
  now: '$5::bigint',
});

/** Every statement has all five values, whether it looks at them or not. */
const ALL_FIVE = 'WHERE $3::uuid IS NOT NULL AND $4::uuid IS NOT NULL AND $5::bigint IS NOT NULL';

const COUNT = `SELECT (SELECT count(*) FROM tidings.notifications WHERE id >= $1) AS there,
  coalesce(sum(count) FILTER (WHERE kind = 'accepted' OR (kind = 'forgotten' AND name = 'accepted')), 0)::bigint AS accepted,
  coalesce(sum(count) FILTER (WHERE kind = 'forgotten' AND name = 'notifications'), 0)::bigint AS forgotten
  FROM tidings.counters WHERE minute >= ${FORGOTTEN_MINUTE}`;
/** So long may it take to add up the figures of more than a year, in ms. */
const COUNT_WAIT = 600_000;

const HEAD = 'SELECT id FROM tidings.notifications WHERE id > $1 AND id < $2 ORDER BY id LIMIT 1 OFFSET $3';

/** Connects for reading alone; the schema stays as it is. Throws WrongDatabase where there is nothing to read. */
export async function openPostgresAudit(options: AuditOptions): Promise<AuditStore> {
  const { url, clock, time = 'database', onNotice = () => {} } = options;
  return whenReady({ url, clock, patience: PATIENCE, onNotice }, async () => {
    const database = new Database({ url, clock, connections: CONNECTIONS });
    try {
      await database.greet();
      const [there] = await database.plain("SELECT to_regclass('tidings.notifications') IS NOT NULL AS yes");
      if (there?.yes !== true) throw new WrongDatabase('there are no tables of Tidings yet');
      return auditOn(database, timeParameter(time));
    } catch (error) {
      await database.close();
      throw error;
    }
  });
}

function auditOn(database: Database, time: TimeParameter): AuditStore {
  return {
    now: () => database.read((session) => nowOf(session, time)),
    async count(from) {
      const [row] = await database.plain(COUNT, [from], COUNT_WAIT);
      return { there: Number(row?.there), accepted: Number(row?.accepted), forgotten: Number(row?.forgotten) };
    },
    stretch: (after, before, limit) => database.read((session) => stretch(session, time, { after, before, limit })),
    inDoubt: (limit) =>
      database.read(async (session) => {
        const rows = await session.rows(
          "SELECT notification_id, leg, due_at FROM tidings.deliveries WHERE status = 'sending' ORDER BY due_at LIMIT $1",
          [limit],
        );
        return rows.map((row) => ({
          id: deliveryId(row.notification_id as NotificationId, Number(row.leg)),
          leaseUntil: Number(row.due_at),
        }));
      }),
    close: () => database.close(),
  };
}

async function nowOf(session: Session, time: TimeParameter): Promise<number> {
  const [row] = await session.rows(`SELECT ${now('$1')} AS now`, [time()]);
  return Number(row?.now);
}

/**
 * What belongs to a stretch is looked up by its key, row by row, in this one process. Left to its guesses of how many rows that
 * is, the planner may rather gather a whole table, employ other processes, or compile what then runs for milliseconds.
 */
const BY_KEY = `SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
  SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off`;

async function stretch(
  session: Session,
  time: TimeParameter,
  { after, before, limit }: { after: NotificationId | null; before: NotificationId | null; limit: number },
): Promise<Stretch> {
  const from = after ?? FIRST;
  const bound = before ?? LAST;
  await session.rows(BY_KEY);
  const [last] = await session.rows(HEAD, [from, bound, limit - 1]);
  const next = last === undefined ? null : (last.id as NotificationId);
  // No id is what bounds them all: nothing is left between the last and it.
  const entries = [
    after === null ? FIRST : deliveryId(after, MAX_LEGS),
    next === null ? bound : deliveryId(next, MAX_LEGS),
  ];
  const values = [from, next ?? bound, ...entries, await nowOf(session, time)];
  const rows = (sql: string) => session.rows(`SELECT * FROM (${sql}) q ${ALL_FIVE}`, values);
  const folded = await rows(STATEMENTS.folded);
  return {
    ...byFoldedStatus(folded.map(({ rank, n }) => ({ rank: rank === null ? null : Number(rank), n: Number(n) }))),
    deliveries: (await rows(STATEMENTS.groups)).map(groupFrom),
    faults: (await rows(STATEMENTS.faults)).map(faultFrom),
    next,
  };
}

function groupFrom(row: Row): DeliveryGroup {
  return {
    status: row.status as DeliveryStatus,
    count: Number(row.n),
    due: Number(row.due),
    expired: Number(row.expired),
    firstDueAt: row.first_due as number | null,
    firstLaterAt: row.first_later as number | null,
    atMostOnce: Number(row.at_most_once),
  };
}

function faultFrom(row: Row): Fault {
  const id = row.id as NotificationId;
  return { code: row.code as FaultCode, id: Number(row.leg) === 0 ? id : deliveryId(id, Number(row.leg)) };
}
