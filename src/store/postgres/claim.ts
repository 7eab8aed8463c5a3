import { type DeliveryId, deliveryId, type NotificationId } from '../../domain/ids.ts';
import { PRIORITIES, type Priority } from '../../domain/notification.ts';
import type { Claim, Lease } from '../store.ts';
import { DELIVERY_KEY, rowsOf } from './recordset.ts';
import { claimFrom, deliveryKey, NOTIFICATION_COLUMNS, priorityNumber } from './rows.ts';
import type { Row, Session } from './session.ts';
import { now, type TimeParameter } from './store-time.ts';

/** What a delivery must be for the index `deliveries_ready` to hold it: as in the migration. */
export const READY = "status IN ('scheduled', 'pending', 'retrying')";

/**
 * The event `claimed` for the deliveries in `picked`, which holds their keys, their old due time and their turn.
 * `$1` is now, `$2` the lease.
 */
const TAKE = `UPDATE tidings.deliveries d SET status = 'sending', version = d.version + 1, due_at = ${now('$1')} + $2::bigint
  FROM picked p JOIN tidings.notifications n ON n.id = p.notification_id
  WHERE d.notification_id = p.notification_id AND d.leg = p.leg
  RETURNING d.*, ${NOTIFICATION_COLUMNS}, p.turn, p.was_due`;

/**
 * One priority after the other, each as far as there is room. What another transaction has locked is passed over: it
 * is being claimed, or about to change.
 */
const CLAIM_DUE = `WITH ${PRIORITIES.map((_, turn) => {
  const earlier = Array.from({ length: turn }, (__, before) => ` - (SELECT count(*) FROM turn${before})`).join('');
  return `turn${turn} AS MATERIALIZED (SELECT notification_id, leg, due_at AS was_due, ${turn} AS turn FROM tidings.deliveries
    WHERE ${READY} AND priority = $${turn + 4}::smallint AND due_at <= ${now('$1')}
    ORDER BY due_at LIMIT greatest(0, $3::bigint${earlier}) FOR NO KEY UPDATE SKIP LOCKED)`;
}).join(',\n')},
  picked AS (${PRIORITIES.map((_, turn) => `SELECT * FROM turn${turn}`).join(' UNION ALL ')})
  ${TAKE}`;

/** Named by a queue: waits where it is locked, as a wrong "cannot be claimed" would make the queue forget it. */
const CLAIM = `WITH picked AS MATERIALIZED (SELECT d.notification_id, d.leg, d.due_at AS was_due, 0 AS turn
    FROM (SELECT DISTINCT notification_id, leg FROM ${rowsOf(DELIVERY_KEY, '$3')}) k
    JOIN tidings.deliveries d USING (notification_id, leg)
    WHERE d.status = 'pending' OR (d.${READY} AND d.due_at <= ${now('$1')})
    ORDER BY d.notification_id, d.leg FOR NO KEY UPDATE OF d)
  ${TAKE}`;

const EXPIRED = `SELECT d.*, ${NOTIFICATION_COLUMNS} FROM tidings.deliveries d JOIN tidings.notifications n ON n.id = d.notification_id
  WHERE d.status = 'sending' AND d.due_at <= ${now('$1')} ORDER BY d.due_at LIMIT $2`;

const RENEW = `WITH held AS MATERIALIZED (SELECT d.notification_id, d.leg
    FROM ${rowsOf({ ...DELIVERY_KEY, version: 'integer' }, '$3')} JOIN tidings.deliveries d USING (notification_id, leg)
    WHERE d.version = r.version AND d.status = 'sending' AND d.due_at > ${now('$1')}
    ORDER BY d.notification_id, d.leg FOR NO KEY UPDATE OF d)
  UPDATE tidings.deliveries d SET due_at = ${now('$1')} + $2::bigint FROM held h
  WHERE d.notification_id = h.notification_id AND d.leg = h.leg RETURNING d.notification_id, d.leg, d.version`;

const NEXT_DUE = `SELECT least(${PRIORITIES.map((_, number) => `(SELECT min(due_at) FROM tidings.deliveries WHERE ${READY} AND priority = ${number})`).join(', ')}) AS at`;

export async function claimDue(
  session: Session,
  request: { readonly limit: number; readonly order: readonly Priority[]; readonly leaseMs: number },
  time: TimeParameter,
): Promise<readonly Claim[]> {
  // A priority that is not asked for is none.
  const order = PRIORITIES.map((_, turn) => {
    const priority = request.order[turn];
    return priority === undefined ? -1 : priorityNumber(priority);
  });
  const rows = await session.rows(CLAIM_DUE, [time(), request.leaseMs, request.limit, ...order]);
  return rows
    .toSorted((a, b) => Number(a.turn) - Number(b.turn) || Number(a.was_due) - Number(b.was_due))
    .map(claimFrom);
}

export async function claimNamed(
  session: Session,
  ids: readonly DeliveryId[],
  leaseMs: number,
  time: TimeParameter,
): Promise<readonly Claim[]> {
  if (ids.length === 0) return [];
  const rows = await session.rows(CLAIM, [time(), leaseMs, JSON.stringify(ids.map(deliveryKey))]);
  return rows.map(claimFrom);
}

export async function expiredLeases(session: Session, limit: number, time: TimeParameter): Promise<readonly Claim[]> {
  return (await session.rows(EXPIRED, [time(), limit])).map(claimFrom);
}

/** Answers for each lease whether it was held; all are asked for the same length. */
export async function renew(
  session: Session,
  leases: readonly Lease[],
  leaseMs: number,
  time: TimeParameter,
): Promise<readonly boolean[]> {
  if (leases.length === 0) return [];
  const keys = leases.map(({ id, version }) => ({ ...deliveryKey(id), version }));
  const rows = await session.rows(RENEW, [time(), leaseMs, JSON.stringify(keys)]);
  const held = new Set(rows.map(leaseName));
  return leases.map(({ id, version }) => held.has(`${id} ${version}`));
}

function leaseName(row: Row): string {
  return `${deliveryId(row.notification_id as NotificationId, Number(row.leg))} ${Number(row.version)}`;
}

export async function nextDueAt(session: Session): Promise<number | null> {
  const [row] = await session.rows(NEXT_DUE);
  return typeof row?.at === 'number' ? row.at : null;
}
