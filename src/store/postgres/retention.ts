import type { DeliveryStatus } from '../../domain/delivery.ts';
import { deliveryId, firstIdAt, type NotificationId } from '../../domain/ids.ts';
import { forgettable, type LegState, look } from '../../domain/retention.ts';
import { FORGOTTEN_MINUTE, LEGS_AT_ONCE, type RetentionStore } from '../retention.ts';
import type { Row, Session } from './session.ts';

type Forget = Parameters<RetentionStore['forget']>[0];

const COLUMNS = 'notification_id, leg, status, finished_at, attempts';
const FIRST = '00000000-0000-0000-0000-000000000000';

const LEGS = `SELECT ${COLUMNS} FROM tidings.deliveries
  WHERE notification_id > $1 AND notification_id < $2 ORDER BY notification_id, leg LIMIT ${LEGS_AT_ONCE}`;

const LAST_ENTRY = 'SELECT notification_id FROM tidings.inbox ORDER BY seq DESC LIMIT 1';

/** Locks in the order of ids, as every other statement does that locks several. */
const LOCK = `SELECT ${COLUMNS} FROM tidings.deliveries
  WHERE notification_id = ANY ($1::uuid[]) ORDER BY notification_id, leg FOR UPDATE`;

const DELETE = `WITH a AS (DELETE FROM tidings.attempts WHERE notification_id = ANY ($1::uuid[])),
  i AS (DELETE FROM tidings.inbox WHERE id = ANY ($2::uuid[])),
  n AS (DELETE FROM tidings.notifications WHERE id = ANY ($1::uuid[]))
  DELETE FROM tidings.deliveries WHERE notification_id = ANY ($1::uuid[])`;

/** What another process is forgetting at the same time is its own. */
const DELETE_CAUGHT = `DELETE FROM tidings.sandbox WHERE id IN (SELECT id FROM
    (SELECT id, caught_at FROM tidings.sandbox ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) s WHERE s.caught_at < $1)
  RETURNING 1 AS one`;

const DELETE_COUNTERS = `DELETE FROM tidings.counters WHERE (minute, kind, name, slot) IN (
    SELECT minute, kind, name, slot FROM tidings.counters WHERE minute > ${FORGOTTEN_MINUTE} AND minute < $1
    ORDER BY minute, kind, name, slot LIMIT $2 FOR UPDATE SKIP LOCKED)
  RETURNING kind, count`;

const REMEMBER = `INSERT INTO tidings.counters (minute, kind, name, slot, count)
  VALUES (${FORGOTTEN_MINUTE}, 'forgotten', $1, 0, $2)
  ON CONFLICT (minute, kind, name, slot) DO UPDATE SET count = counters.count + excluded.count`;

export async function forget(
  session: Session,
  { endedBefore, after, rows }: Forget,
): ReturnType<RetentionStore['forget']> {
  const top = firstIdAt(Math.max(0, ...Object.values(endedBefore)));
  const read = (await session.rows(LEGS, [after ?? FIRST, top])).map(legFrom);
  const [last] = await session.rows(LAST_ENTRY);
  const keep = last === undefined ? null : (last.notification_id as NotificationId);
  const { few, next } = look(read, { before: endedBefore, keep, rows, most: LEGS_AT_ONCE });
  if (few.length === 0) return { notifications: 0, next };
  // Somebody may have started one afresh since it was read, or forgotten it.
  const locked = (await session.rows(LOCK, [few.map(({ id }) => id)])).map(legFrom);
  const sure = forgettable(locked, endedBefore);
  const ids = sure.map(({ id }) => id);
  const entries = sure.flatMap(({ legs }) => legs.map(({ id }) => id));
  if (ids.length > 0) {
    await session.rows(DELETE, [ids, entries]);
    await session.rows(REMEMBER, ['notifications', ids.length]);
  }
  return { notifications: ids.length, next };
}

export async function forgetCaught(session: Session, before: number, limit: number): Promise<number> {
  return (await session.rows(DELETE_CAUGHT, [before, limit])).length;
}

export async function forgetCounters(session: Session, beforeMinute: number, limit: number): Promise<number> {
  const old = await session.rows(DELETE_COUNTERS, [beforeMinute, limit]);
  const accepted = old.reduce((sum, { kind, count }) => sum + (kind === 'accepted' ? Number(count) : 0), 0);
  if (accepted > 0) await session.rows(REMEMBER, ['accepted', accepted]);
  return old.length;
}

function legFrom(row: Row): LegState {
  return {
    id: deliveryId(row.notification_id as NotificationId, Number(row.leg)),
    status: row.status as DeliveryStatus,
    finishedAt: row.finished_at as number | null,
    attempts: Number(row.attempts),
  };
}
