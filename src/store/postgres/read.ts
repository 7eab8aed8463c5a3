import { type DeliveryId, deliveryId, MAX_LEGS, type NotificationId } from '../../domain/ids.ts';
import type { Notification } from '../../domain/notification.ts';
import type { Attempt } from '../../domain/outcome.ts';
import type { Claim, NotificationFilter, NotificationRecord, Page, PageRequest } from '../store.ts';
import { age, candidates, conditions, Parameters, UNSENT } from './filter.ts';
import { DELIVERY_KEY, rowsOf } from './recordset.ts';
import { attemptFrom, claimFrom, deliveryFrom, deliveryKey, NOTIFICATION_COLUMNS, notificationFrom } from './rows.ts';
import type { Row, Session } from './session.ts';

export async function find(session: Session, id: NotificationId): Promise<NotificationRecord | null> {
  const rows = await session.rows(`SELECT ${NOTIFICATION_COLUMNS} FROM tidings.notifications n WHERE n.id = $1`, [id]);
  const [record] = await records(session, rows.map(notificationFrom));
  return record ?? null;
}

export async function list(
  session: Session,
  filter: NotificationFilter,
  page: PageRequest,
): Promise<Page<NotificationRecord>> {
  const parameters = new Parameters();
  const scanned = `${candidates(filter, page.after, parameters)} LIMIT ${parameters.of(page.scan)}`;
  const rows = await session.rows(
    `SELECT ${NOTIFICATION_COLUMNS} FROM (${scanned}) c JOIN tidings.notifications n ON n.id = c.id
     WHERE ${conditions(filter, parameters)} ORDER BY c.id DESC LIMIT ${parameters.of(page.limit + 1)}`,
    parameters.values,
  );
  const found = rows.slice(0, page.limit).map(notificationFrom);
  const items = await records(session, found);
  if (rows.length > page.limit) return { items, next: found.at(-1)?.id ?? null };
  const rest = new Parameters();
  const [last] = await session.rows(
    `${candidates(filter, page.after, rest)} OFFSET ${rest.of(page.scan - 1)} LIMIT 1`,
    rest.values,
  );
  return { items, next: last === undefined ? null : String(last.id) };
}

export async function deadLetters(
  session: Session,
  filter: NotificationFilter & { readonly code?: string },
  page: PageRequest,
): Promise<Page<Claim & { readonly log: readonly Attempt[] }>> {
  const parameters = new Parameters();
  const scanned = `${failed(filter, page.after, parameters)} LIMIT ${parameters.of(page.scan)}`;
  const wanted = conditions(filter, parameters);
  const code = filter.code === undefined ? 'TRUE' : `d.reason = ${parameters.of(filter.code)}`;
  const rows = await session.rows(
    `SELECT d.*, ${NOTIFICATION_COLUMNS} FROM (${scanned}) c JOIN tidings.deliveries d USING (notification_id, leg)
     JOIN tidings.notifications n ON n.id = d.notification_id
     WHERE ${wanted} AND ${code}
     ORDER BY c.notification_id DESC, c.leg DESC LIMIT ${parameters.of(page.limit + 1)}`,
    parameters.values,
  );
  const claims = rows.slice(0, page.limit).map(claimFrom);
  const logs = await logsOf(session, claims);
  const items = claims.map((claim) => ({ ...claim, log: logs.get(claim.delivery.id) ?? [] }));
  if (rows.length > page.limit) return { items, next: items.at(-1)?.delivery.id ?? null };
  const rest = new Parameters();
  const [last] = await session.rows(
    `${failed(filter, page.after, rest)} OFFSET ${rest.of(page.scan - 1)} LIMIT 1`,
    rest.values,
  );
  return { items, next: last === undefined ? null : idOf(last) };
}

/** The keys of dead letters, newest first, after the one named. */
function failed(filter: NotificationFilter, after: string | null, parameters: Parameters): string {
  const key = after === null ? null : deliveryKey(after as DeliveryId);
  const below =
    key === null
      ? 'TRUE'
      : `(notification_id, leg) < (${parameters.of(String(key.notification_id))}::uuid, ${parameters.of(Number(key.leg))}::smallint)`;
  return `SELECT notification_id, leg FROM tidings.deliveries
    WHERE status = 'failed' AND ${UNSENT} AND discarded_at IS NULL AND ${below}
    AND ${age(filter, 'notification_id', parameters)} ORDER BY notification_id DESC, leg DESC`;
}

/** Everything about these notifications, in their order. */
async function records(session: Session, notifications: readonly Notification[]): Promise<NotificationRecord[]> {
  if (notifications.length === 0) return [];
  const ids = notifications.map(({ id }) => id);
  const about = async (select: string) => {
    const rows = await session.rows(select, [ids]);
    return Map.groupBy(rows, (row) => row.notification_id as NotificationId);
  };
  const deliveries = await about(
    'SELECT * FROM tidings.deliveries WHERE notification_id = ANY ($1::uuid[]) ORDER BY leg',
  );
  const attempts = await about(
    'SELECT * FROM tidings.attempts WHERE notification_id = ANY ($1::uuid[]) ORDER BY leg, number',
  );
  const reads = await session.rows(
    `SELECT i.read_at, i.notification_id FROM json_to_recordset($1::json) AS k(first uuid, last uuid)
     JOIN tidings.inbox i ON i.id BETWEEN k.first AND k.last WHERE i.read_at IS NOT NULL ORDER BY i.read_at DESC`,
    [JSON.stringify(ids.map((id) => ({ first: id, last: deliveryId(id, MAX_LEGS) })))],
  );
  const readAt = new Map(reads.map((row) => [row.notification_id as NotificationId, row.read_at as number]));
  return notifications.map((notification) => ({
    notification,
    deliveries: (deliveries.get(notification.id) ?? []).map(deliveryFrom),
    attempts: (attempts.get(notification.id) ?? []).map((row) => ({ ...attemptFrom(row), deliveryId: idOf(row) })),
    readAt: readAt.get(notification.id) ?? null,
  }));
}

async function logsOf(session: Session, claims: readonly Claim[]): Promise<ReadonlyMap<DeliveryId, Attempt[]>> {
  const logs = new Map<DeliveryId, Attempt[]>();
  if (claims.length === 0) return logs;
  const keys = claims.map(({ delivery }) => deliveryKey(delivery.id));
  const rows = await session.rows(
    `SELECT a.* FROM ${rowsOf(DELIVERY_KEY, '$1')} JOIN tidings.attempts a USING (notification_id, leg) ORDER BY a.number`,
    [JSON.stringify(keys)],
  );
  for (const row of rows) {
    const id = idOf(row);
    const log = logs.get(id) ?? [];
    log.push(attemptFrom(row));
    logs.set(id, log);
  }
  return logs;
}

function idOf(row: Row): DeliveryId {
  return deliveryId(row.notification_id as NotificationId, Number(row.leg));
}
