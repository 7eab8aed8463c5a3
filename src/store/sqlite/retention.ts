import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import { deliveryId, firstIdAt, type NotificationId } from '../../domain/ids.ts';
import { type LegState, look } from '../../domain/retention.ts';
import { FORGOTTEN_MINUTE, LEGS_AT_ONCE, type RetentionStore } from '../retention.ts';
import { idBytes, idFrom, type Row } from './columns.ts';

type Forget = Parameters<RetentionStore['forget']>[0];

const START = new Uint8Array(16);

/** The retention's statements, all of them for inside the caller's transaction. */
export function prepareRetention(db: DatabaseSync) {
  const legs = db.prepare(
    `SELECT notification_id, leg, status, finished_at, attempts FROM deliveries
     WHERE notification_id > ? AND notification_id < ? ORDER BY notification_id, leg LIMIT ${LEGS_AT_ONCE}`,
  );
  const lastEntry = db.prepare('SELECT notification_id FROM inbox WHERE seq = (SELECT max(seq) FROM inbox)');
  const deletes = ['attempts', 'deliveries'].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE notification_id = ?`),
  );
  const deleteNotification = db.prepare('DELETE FROM notifications WHERE id = ?');
  const deleteEntry = db.prepare('DELETE FROM inbox WHERE id = ?');
  const deleteCaught = db.prepare(
    'DELETE FROM sandbox WHERE id IN (SELECT id FROM sandbox WHERE id > 0 ORDER BY id LIMIT ? + 0) AND caught_at < ?',
  );
  const counters = db.prepare(
    `SELECT minute, kind, name, count FROM counters WHERE minute > ${FORGOTTEN_MINUTE} AND minute < ? ORDER BY minute, kind, name LIMIT ? + 0`,
  );
  const deleteCounter = db.prepare('DELETE FROM counters WHERE minute = ? AND kind = ? AND name = ?');
  const remember = db.prepare(
    `INSERT INTO counters (minute, kind, name, count) VALUES (${FORGOTTEN_MINUTE}, 'forgotten', ?, ?)
     ON CONFLICT DO UPDATE SET count = count + excluded.count`,
  );

  function forgetOne(id: NotificationId, own: readonly LegState[]): void {
    for (const leg of own) deleteEntry.run(idBytes(leg.id));
    for (const statement of deletes) statement.run(idBytes(id));
    deleteNotification.run(idBytes(id));
  }

  return {
    forget({ endedBefore, after, rows }: Forget): Awaited<ReturnType<RetentionStore['forget']>> {
      const top = firstIdAt(Math.max(0, ...Object.values(endedBefore)));
      const read = legs.all(after === null ? START : idBytes(after), idBytes(top)).map(legFrom);
      const last = lastEntry.get();
      const keep = last === undefined ? null : idFrom(last.notification_id);
      const { few, next } = look(read, { before: endedBefore, keep, rows, most: LEGS_AT_ONCE });
      for (const { id, legs: own } of few) forgetOne(id, own);
      if (few.length > 0) remember.run('notifications', few.length);
      return { notifications: few.length, next };
    },

    forgetCaught: (before: number, limit: number): number => Number(deleteCaught.run(limit, before).changes),

    forgetCounters(beforeMinute: number, limit: number): number {
      const old = counters.all(beforeMinute, limit);
      let accepted = 0;
      for (const { minute = null, kind = null, name = null, count } of old) {
        deleteCounter.run(minute, kind, name);
        if (kind === 'accepted') accepted += count as number;
      }
      if (accepted > 0) remember.run('accepted', accepted);
      return old.length;
    },
  };
}

function legFrom(row: Row): LegState {
  return {
    id: deliveryId(idFrom(row.notification_id), row.leg as number),
    status: row.status as DeliveryStatus,
    finishedAt: row.finished_at as number | null,
    attempts: row.attempts as number,
  };
}
