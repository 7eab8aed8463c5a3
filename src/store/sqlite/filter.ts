import type { DatabaseSync } from 'node:sqlite';
import { DELIVERY_STATUSES } from '../../domain/delivery.ts';
import type { NotificationFilter } from '../store.ts';
import type { Params } from './columns.ts';

/** The folded status as SQL: the first of a notification's deliveries' states in the folding order. */
const FOLDED_STATUS = `(SELECT min(CASE f.status ${DELIVERY_STATUSES.map((status, rank) => `WHEN '${status}' THEN ${rank}`).join(' ')} END)
  FROM deliveries f WHERE f.notification_id = n.id)`;

/** Conditions on `n`, the notification, and the parameters they name: all but the times, which bound the walk. */
export function conditions(filter: NotificationFilter): { readonly sql: string; readonly params: Params } {
  const sql: string[] = [];
  const params: Params = {};
  const add = (condition: string, values: Params) => {
    sql.push(condition);
    Object.assign(params, values);
  };
  if (filter.status !== undefined)
    add(`${FOLDED_STATUS} = :status`, { status: DELIVERY_STATUSES.indexOf(filter.status) });
  if (filter.channel !== undefined) {
    add(
      "EXISTS (SELECT 1 FROM deliveries c WHERE c.notification_id = n.id AND instr(',' || c.chain || ',', :channel))",
      {
        channel: `,${filter.channel},`,
      },
    );
  }
  if (filter.userId !== undefined) add('n.user_id = :userId', { userId: filter.userId });
  if (filter.recipient !== undefined) {
    add(
      `(n.user_id = :recipient OR EXISTS (SELECT 1 FROM json_tree(n.addresses) a
        WHERE a.atom = :recipient AND a.key NOT IN ('locale', 'timezone')))`,
      { recipient: filter.recipient },
    );
  }
  if (filter.tag !== undefined)
    add('EXISTS (SELECT 1 FROM json_each(n.tags) t WHERE t.value = :tag)', { tag: filter.tag });
  if (filter.requestId !== undefined) add('n.request_id = :requestId', { requestId: filter.requestId });
  if (filter.text !== undefined) {
    add('(holds_text(n.message, :text) OR holds_text(n.title, :text))', { text: lowerAscii(filter.text) });
  }
  return { sql: sql.length === 0 ? 'TRUE' : sql.join(' AND '), params };
}

/**
 * The search of the conditions as a function of the connection: whether a text holds a part, ASCII letters matching in
 * either case. LIKE does the same in quadratic time, which a hostile search can make minutes of.
 */
export function addSearch(db: DatabaseSync): void {
  db.function('holds_text', { deterministic: true }, (text, part) =>
    typeof text === 'string' && typeof part === 'string' && lowerAscii(text).includes(part) ? 1 : 0,
  );
}

export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
