import type { DatabaseSync } from 'node:sqlite';
import { type Tally, tallyWritten } from '../../domain/counters.ts';
import { type MoveText, moveText } from '../moves.ts';
import type { Change } from '../store.ts';
import { prepareAttempt } from './accept.ts';
import { attemptParams, deliveryParams, idBytes } from './rows.ts';
import { byPlace } from './statements.ts';

/** Writes one group inside the running transaction; false if the fence refused it, and then nothing was written. */
export type WriteGroup = (group: readonly Change[], tally: Tally, moves: MoveText[]) => boolean;

/** The columns that a transition can change. */
const CHANGING = [
  ...['status', 'due_at', 'round', 'position', 'dropped', 'attempts', 'crashes', 'limited_since', 'channel_used'],
  ...['reason', 'sent_at', 'delivered_at', 'finished_at', 'discarded_at'],
];

export function prepareWrite(db: DatabaseSync): WriteGroup {
  const update = byPlace(
    db,
    `UPDATE deliveries SET version = ?, ${CHANGING.map((column) => `${column} = ?`).join(', ')}
     WHERE notification_id = ? AND leg = ? AND version = ? - 1`,
    ['version', ...CHANGING, 'notification_id', 'leg', 'version'],
  );
  const version = db.prepare('SELECT version FROM deliveries WHERE notification_id = ? AND leg = ?');
  const insertAttempt = prepareAttempt(db);
  const setSendAt = db.prepare('UPDATE notifications SET send_at = ? WHERE id = ?');

  const holds = ({ after }: Change): boolean =>
    version.get(idBytes(after.notificationId), after.leg)?.version === after.version - 1;

  return (group, tally, moves) => {
    // A group of one needs no look ahead: its update is the fence.
    if (group.length > 1 && !group.every(holds)) return false;
    for (const { after, attempts, sendAt, kept } of group) {
      if (update.run(deliveryParams(after)).changes !== 1) return false;
      for (const attempt of attempts) insertAttempt.run(attemptParams(after, attempt));
      if (sendAt !== undefined) setSendAt.run(sendAt, idBytes(after.notificationId));
      if (kept !== undefined) continue;
      tallyWritten(tally, after, attempts);
      moves.push(moveText(after, attempts));
    }
    return true;
  };
}
