import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryId } from '../../domain/ids.ts';
import type { Priority } from '../../domain/notification.ts';
import { claimed } from '../../domain/transition.ts';
import type { Lease } from '../store.ts';
import { CLAIM_COLUMNS, deliveryKey, type Values } from './columns.ts';
import { type ClaimRow, claimRowFrom } from './flat-rows.ts';
import { priorityNumber } from './rows.ts';
import { READY, valueQuery } from './statements.ts';

const CLAIMABLE = `SELECT ${CLAIM_COLUMNS} FROM deliveries d JOIN notifications n ON n.id = d.notification_id`;

/** Everything about leases. The writing functions run inside the caller's transaction. */
export function prepareClaims(db: DatabaseSync) {
  // Limits are sums in this folder: SQLite reads a bare parameter's value to plan by it, and makes the statement anew for
  // each run, which takes longer than a small claim.
  const due = valueQuery(
    db,
    `${CLAIMABLE} WHERE ${READY} AND d.priority = ? AND d.due_at <= ? ORDER BY d.due_at LIMIT ? + 0`,
  );
  const byId = valueQuery(db, `${CLAIMABLE} WHERE d.notification_id = ? AND d.leg = ?`);
  const expired = valueQuery(
    db,
    `${CLAIMABLE} WHERE d.status = 'sending' AND d.due_at <= ? ORDER BY d.due_at LIMIT ? + 0`,
  );
  const take = db.prepare(
    'UPDATE deliveries SET status = ?, version = ?, due_at = ? WHERE notification_id = ? AND leg = ?',
  );
  const extend = db.prepare(
    "UPDATE deliveries SET due_at = ? WHERE notification_id = ? AND leg = ? AND version = ? AND status = 'sending' AND due_at > ?",
  );
  const nextReady = db.prepare(`SELECT min(due_at) AS at FROM deliveries WHERE ${READY} AND priority = ?`);

  const lease = (values: Values, now: number, leaseMs: number, named: boolean): ClaimRow | null => {
    const row = claimRowFrom(values);
    const after = claimed({ status: row[3], version: row[4], dueAt: row[6] }, now + leaseMs, now, named);
    if (after === null) return null;
    // Its key comes first, as the bytes that it is.
    take.run(after.status, after.version, after.dueAt, values[0] ?? null, row[1]);
    [row[3], row[4], row[6]] = [after.status, after.version, after.dueAt];
    return row;
  };

  return {
    claimDue(
      request: { limit: number; order: readonly Priority[]; leaseMs: number },
      now: number,
    ): readonly ClaimRow[] {
      const claims: ClaimRow[] = [];
      for (const priority of request.order) {
        const room = request.limit - claims.length;
        if (room <= 0) break;
        for (const row of due.all(priorityNumber(priority), now, room)) {
          const claim = lease(row, now, request.leaseMs, false);
          if (claim !== null) claims.push(claim);
        }
      }
      return claims;
    },

    claim(ids: readonly DeliveryId[], leaseMs: number, now: number): readonly ClaimRow[] {
      return ids.flatMap((id) => {
        const { notification_id, leg } = deliveryKey(id);
        const [row] = byId.all(notification_id, leg);
        const claim = row === undefined ? null : lease(row, now, leaseMs, true);
        return claim === null ? [] : [claim];
      });
    },

    renew(leases: readonly Lease[], leaseMs: number, now: number): readonly boolean[] {
      return leases.map(({ id, version }) => {
        const { notification_id, leg } = deliveryKey(id);
        return extend.run(now + leaseMs, notification_id, leg, version, now).changes === 1;
      });
    },

    expiredLeases: (limit: number, now: number): readonly ClaimRow[] => expired.all(now, limit).map(claimRowFrom),

    nextDueAt(): number | null {
      const times = [nextReady.get(0), nextReady.get(1), nextReady.get(2)]
        .map((row) => row?.at)
        .filter((at) => typeof at === 'number');
      return times.length === 0 ? null : Math.min(...times);
    },
  };
}
