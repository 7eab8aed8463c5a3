import type { DatabaseSync } from 'node:sqlite';
import { type Tally, tallyWritten } from '../../domain/counters.ts';
import { type MoveText, moveText } from '../moves.ts';
import { ATTEMPT, DELIVERY, ENTRY, idBytes } from './columns.ts';
import { type ChangeRows, type FlatChange, readChange } from './flat-rows.ts';
import { moved, tried } from './rows.ts';
import { insertInto, rowStatement } from './statements.ts';

/** Writes one group inside the running transaction; false if the fence refused it, and then nothing was written. */
export type WriteGroup = (group: readonly FlatChange[], tally: Tally, moves: MoveText[]) => boolean;

/** The columns that a transition can change. */
const CHANGING = [
  ...['version', 'status', 'due_at', 'round', 'position', 'dropped', 'attempts', 'crashes', 'limited_since'],
  ...['channel_used', 'reason', 'sent_at', 'delivered_at', 'finished_at', 'discarded_at'],
];

export function prepareWrite(db: DatabaseSync): WriteGroup {
  const place = (column: string) => `?${DELIVERY.indexOf(column) + 1}`;
  const update = rowStatement(
    db,
    `UPDATE deliveries SET ${CHANGING.map((column) => `${column} = ${place(column)}`).join(', ')}
     WHERE notification_id = ${place('notification_id')} AND leg = ${place('leg')} AND version = ${place('version')} - 1`,
    DELIVERY,
  );
  const version = db.prepare('SELECT version FROM deliveries WHERE notification_id = ? AND leg = ?');
  const insertAttempt = insertInto(db, 'attempts', ATTEMPT);
  const insertEntry = insertInto(db, 'inbox', ENTRY, 'ON CONFLICT (id) DO NOTHING');
  const setSendAt = db.prepare('UPDATE notifications SET send_at = ? WHERE id = ?');

  const holds = ({ after: [notificationId, leg, , , after] }: ChangeRows): boolean =>
    version.get(idBytes(notificationId), leg)?.version === after - 1;

  return (flat, tally, moves) => {
    const group = flat.map(readChange);
    // A group of one needs no look ahead: its update is the fence.
    if (group.length > 1 && !group.every(holds)) return false;
    for (const { after, attempts, sendAt, kept, entry } of group) {
      if (update.run(after).changes !== 1) return false;
      for (const attempt of attempts) insertAttempt.run(attempt);
      if (sendAt !== null) setSendAt.run(sendAt, idBytes(after[0]));
      if (entry !== null) insertEntry.run(entry);
      if (kept) continue;
      const state = moved(after);
      const log = attempts.map(tried);
      tallyWritten(tally, state, log);
      moves.push(moveText(state, log));
    }
    return true;
  };
}
