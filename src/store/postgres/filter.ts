import { DELIVERY_STATUSES, type DeliveryStatus } from '../../domain/delivery.ts';
import { firstIdAt } from '../../domain/ids.ts';
import type { NotificationFilter } from '../store.ts';
import type { Value } from './session.ts';

/** The values of a statement's parameters; `of` answers how the statement names one. */
export class Parameters {
  readonly values: Value[] = [];

  of(value: Value): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** What a delivery must be for the index `deliveries_unsent` to hold it: as in the migration. */
export const UNSENT = "status IN ('failed', 'expired', 'suppressed', 'cancelled')";
const INDEXED: ReadonlySet<DeliveryStatus> = new Set(['failed', 'expired', 'suppressed', 'cancelled']);

/** The folded status as SQL: the first of a notification's deliveries' states in the folding order. */
const FOLDED_STATUS = `(SELECT min(array_position(ARRAY[${DELIVERY_STATUSES.map((status) => `'${status}'`).join(', ')}], f.status))
  FROM tidings.deliveries f WHERE f.notification_id = n.id)`;

/** Conditions on `n`, the notification, but for its age. */
export function conditions(filter: NotificationFilter, parameters: Parameters): string {
  const sql = ['TRUE'];
  const { status, channel, userId, recipient, tag, requestId, text } = filter;
  if (status !== undefined) sql.push(`${FOLDED_STATUS} = ${parameters.of(DELIVERY_STATUSES.indexOf(status) + 1)}`);
  if (channel !== undefined) {
    sql.push(`EXISTS (SELECT 1 FROM tidings.deliveries c
      WHERE c.notification_id = n.id AND ${parameters.of(channel)} = ANY (string_to_array(c.chain, ',')))`);
  }
  if (userId !== undefined) sql.push(`n.user_id = ${parameters.of(userId)}`);
  if (recipient !== undefined) {
    const address = parameters.of(recipient);
    // Lax paths look into arrays by themselves: push tokens are one.
    sql.push(`(n.user_id = ${address} OR jsonb_path_exists(n.addresses::jsonb - 'locale' - 'timezone',
      '$.* ? (@ == $address)', jsonb_build_object('address', ${address}::text)))`);
  }
  if (tag !== undefined) sql.push(`${parameters.of(tag)} = ANY (n.tags)`);
  if (requestId !== undefined) sql.push(`n.request_id = ${parameters.of(requestId)}`);
  if (text !== undefined) sql.push(holdsText(['n.message', 'n.title'], text, parameters));
  return sql.join(' AND ');
}

/** Whether any of the columns holds the text, ASCII letters matching in either case. */
export function holdsText(columns: readonly string[], text: string, parameters: Parameters): string {
  // In the collation "C" only ASCII letters have a case.
  const part = `lower(${parameters.of(`%${escapeLike(text)}%`)}::text COLLATE "C")`;
  return `(${columns.map((column) => `lower(${column} COLLATE "C") LIKE ${part}`).join(' OR ')})`;
}

/** The filter's bounds of age on a column that holds the notification's id, which is a time. */
export function age(filter: NotificationFilter, column: string, parameters: Parameters): string {
  const sql = ['TRUE'];
  const { createdAfter, createdBefore } = filter;
  if (createdAfter !== undefined) sql.push(`${column} >= ${parameters.of(firstIdAt(createdAfter))}::uuid`);
  if (createdBefore !== undefined) sql.push(`${column} < ${parameters.of(firstIdAt(createdBefore))}::uuid`);
  return sql.join(' AND ');
}

/** Notification ids, newest first, after the one named: as few as the filter's index and its ages allow. */
export function candidates(filter: NotificationFilter, after: string | null, parameters: Parameters): string {
  const before = (column: string) => {
    const below = after === null ? 'TRUE' : `${column} < ${parameters.of(after)}::uuid`;
    return `${below} AND ${age(filter, column, parameters)}`;
  };
  if (filter.status !== undefined && INDEXED.has(filter.status)) {
    return `SELECT DISTINCT notification_id AS id FROM tidings.deliveries
      WHERE status = ${parameters.of(filter.status)} AND ${UNSENT} AND ${before('notification_id')} ORDER BY notification_id DESC`;
  }
  const ofUser = filter.userId === undefined ? 'TRUE' : `user_id = ${parameters.of(filter.userId)}`;
  return `SELECT id FROM tidings.notifications WHERE ${ofUser} AND ${before('id')} ORDER BY id DESC`;
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}
