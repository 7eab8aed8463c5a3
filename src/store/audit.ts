import { DELIVERY_STATUSES, type DeliveryStatus, isTerminal } from '../domain/delivery.ts';
import type { DeliveryId, NotificationId } from '../domain/ids.ts';

/**
 * A small port of its own: what a store says of itself when it is gone through from end to end. Reads only, and in short
 * steps, so that a service may go on meanwhile. Rules for errors as in store.ts.
 */
export interface AuditStore {
  /** The store's own time. */
  now(): Promise<number>;
  /** Of one moment. */
  count(from: NotificationId): Promise<AuditCount>;
  /**
   * The next stretch of about `limit` notifications after a key (null: from the first) and before another (null: to the
   * last), with everything that belongs there, all of one moment.
   */
  stretch(after: NotificationId | null, before: NotificationId | null, limit: number): Promise<Stretch>;
  /** Deliveries that are being sent, the lease that ends first first. */
  inDoubt(limit: number): Promise<readonly { readonly id: DeliveryId; readonly leaseUntil: number }[]>;
  close(): Promise<void>;
}

export interface AuditCount {
  /** Notifications that are there from an id on. */
  readonly there: number;
  /** Notifications that were ever accepted, as counted in the transactions that did it. */
  readonly accepted: number;
  /** Those of them that retention has forgotten. */
  readonly forgotten: number;
}

export interface Stretch {
  readonly notifications: number;
  /** Notifications, by folded status. */
  readonly byStatus: ReadonlyMap<DeliveryStatus, number>;
  readonly deliveries: readonly DeliveryGroup[];
  readonly faults: readonly Fault[];
  /** Where to go on; null: there is no more. */
  readonly next: NotificationId | null;
}

/** Deliveries of one status. */
export interface DeliveryGroup {
  readonly status: DeliveryStatus;
  readonly count: number;
  /** Due by now and not expired; of those that are being sent: the lease has ended. */
  readonly due: number;
  /** Expired before they were finished. */
  readonly expired: number;
  /** The oldest of `due`, and the next of those that are neither due nor expired. */
  readonly firstDueAt: number | null;
  readonly firstLaterAt: number | null;
  /** Of requests that would rather have no message than two. */
  readonly atMostOnce: number;
}

export const FAULT_CODES = [
  'notification_without_delivery',
  'delivery_without_notification',
  'unknown_status',
  'finished_and_due',
  'unfinished_and_not_due',
  'finished_without_time',
  'attempts_miscounted',
  'attempt_without_delivery',
  'sent_without_attempt',
  'sent_without_inbox_entry',
  'inbox_entry_without_notification',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** Something that cannot be, and where: a notification, or one of its deliveries. */
export interface Fault {
  readonly code: FaultCode;
  readonly id: NotificationId | DeliveryId;
}

const listOf = (statuses: readonly string[]) => statuses.map((status) => `'${status}'`).join(', ');
const FINISHED = listOf(DELIVERY_STATUSES.filter(isTerminal));
const UNFINISHED = listOf(DELIVERY_STATUSES.filter((status) => !isTerminal(status)));
/** The one provider whose sends are entries (channels/in-app/inbox.ts): what the sandbox catches is none. */
const INBOX = 'inbox';
const RANK = DELIVERY_STATUSES.map((status, rank) => `WHEN '${status}' THEN ${rank}`).join(' ');

/** How an engine writes what differs: the name of a table, and the values of a stretch. */
export interface AuditWords {
  readonly table: (name: string) => string;
  /** Both belong to notifications: after the first, up to the second. */
  readonly from: string;
  readonly to: string;
  /** The last ids that deliveries of those two can have. */
  readonly entriesFrom: string;
  readonly entriesTo: string;
  /** The id of delivery `d`, as the inbox has it. */
  readonly entry: string;
  readonly now: string;
}

/** The statements of a stretch, which are the same in every SQL. */
export function auditStatements({ table, from, to, entriesFrom, entriesTo, entry, now }: AuditWords) {
  const [notifications, deliveries, attempts, inbox] = ['notifications', 'deliveries', 'attempts', 'inbox'].map(table);
  const within = (column: string) => `${column} > ${from} AND ${column} <= ${to}`;
  const legs = (code: FaultCode, condition: string) =>
    `SELECT '${code}' AS code, d.notification_id AS id, d.leg AS leg FROM ${deliveries} d WHERE ${within('d.notification_id')} AND (${condition})`;
  const isOpen = `d.status IN (${UNFINISHED})`;
  const isOver = `${isOpen} AND d.status <> 'sending' AND d.expires_at IS NOT NULL AND d.expires_at <= ${now}`;
  const isDue = `d.due_at <= ${now} AND NOT (${isOver})`;
  const ofLeg = 'a.notification_id = d.notification_id AND a.leg = d.leg';
  const accepted = `SELECT 1 FROM ${attempts} a WHERE ${ofLeg} AND a.outcome = 'accepted'`;
  const faults = [
    `SELECT 'notification_without_delivery' AS code, n.id AS id, 0 AS leg FROM ${notifications} n
     WHERE ${within('n.id')} AND NOT EXISTS (SELECT 1 FROM ${deliveries} d WHERE d.notification_id = n.id)`,
    legs(
      'delivery_without_notification',
      `NOT EXISTS (SELECT 1 FROM ${notifications} n WHERE n.id = d.notification_id)`,
    ),
    legs('unknown_status', `d.status NOT IN (${UNFINISHED}, ${FINISHED})`),
    legs('finished_and_due', `d.status IN (${FINISHED}) AND d.due_at IS NOT NULL`),
    legs('unfinished_and_not_due', `${isOpen} AND d.due_at IS NULL`),
    legs('finished_without_time', `d.status IN (${FINISHED}) AND d.finished_at IS NULL`),
    legs('attempts_miscounted', `d.attempts <> (SELECT count(*) FROM ${attempts} a WHERE ${ofLeg})`),
    legs('sent_without_attempt', `d.status = 'sent' AND NOT EXISTS (${accepted})`),
    // An entry is written with its record; older versions wrote it before. Marks keep it, retention takes it with its
    // delivery, and copies and backups are of one moment: so it is there as long as its delivery is.
    legs(
      'sent_without_inbox_entry',
      `d.status IN ('sent', 'delivered') AND d.channel_used = 'in_app'
       AND NOT EXISTS (SELECT 1 FROM ${inbox} i WHERE i.id = ${entry})
       AND EXISTS (${accepted} AND a.channel = 'in_app' AND a.provider = '${INBOX}')`,
    ),
    `SELECT DISTINCT 'attempt_without_delivery' AS code, a.notification_id AS id, a.leg AS leg FROM ${attempts} a
     WHERE ${within('a.notification_id')} AND NOT EXISTS (SELECT 1 FROM ${deliveries} d WHERE ${ofLeg})`,
    `SELECT 'inbox_entry_without_notification' AS code, i.notification_id AS id, 0 AS leg FROM ${inbox} i
     WHERE i.id > ${entriesFrom} AND i.id <= ${entriesTo}
     AND NOT EXISTS (SELECT 1 FROM ${notifications} n WHERE n.id = i.notification_id)`,
  ];
  return {
    groups: `SELECT d.status, count(*) AS n, count(*) FILTER (WHERE ${isDue}) AS due, min(d.due_at) FILTER (WHERE ${isDue}) AS first_due,
       count(*) FILTER (WHERE ${isOver}) AS expired, min(d.due_at) FILTER (WHERE d.due_at > ${now}) AS first_later,
       count(*) FILTER (WHERE n.on_unknown = 'fail') AS at_most_once
     FROM ${deliveries} d LEFT JOIN ${notifications} n ON n.id = d.notification_id
     WHERE ${within('d.notification_id')} GROUP BY d.status`,
    folded: `SELECT rank, count(*) AS n FROM (SELECT n.id, min(CASE d.status ${RANK} END) AS rank
       FROM ${notifications} n LEFT JOIN ${deliveries} d ON d.notification_id = n.id
       WHERE ${within('n.id')} GROUP BY n.id) f GROUP BY rank`,
    faults: faults.join('\nUNION ALL\n'),
  };
}

/** Of `folded`'s rows: the notifications, and those that have a status, by it. */
export function byFoldedStatus(rows: readonly { readonly rank: number | null; readonly n: number }[]) {
  const byStatus = new Map<DeliveryStatus, number>();
  let notifications = 0;
  for (const { rank, n } of rows) {
    notifications += n;
    const status = rank === null ? undefined : DELIVERY_STATUSES[rank];
    if (status !== undefined) byStatus.set(status, n);
  }
  return { notifications, byStatus };
}
