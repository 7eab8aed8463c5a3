import { newTally, tallyWritten } from '../../domain/counters.ts';
import type { Delivery } from '../../domain/delivery.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import type { NewInboxEntry } from '../../domain/inbox-entry.ts';
import { moveText } from '../moves.ts';
import type { Change } from '../store.ts';
import { count } from './counters.ts';
import { addEntries, entryValue } from './inbox.ts';
import { addMoves, moveValues } from './moves.ts';
import { ATTEMPT, CHANGING, DELIVERY_KEY, insertRows, rowsOf } from './recordset.ts';
import { attemptRow, deliveryFrom, deliveryKey, deliveryRow } from './rows.ts';
import type { Row, Session } from './session.ts';
import type { TimeParameter } from './store-time.ts';

/** Locks in the order of ids, as every other statement does that locks several. */
const LOCK = `SELECT d.notification_id, d.leg, d.version
  FROM ${rowsOf(DELIVERY_KEY, '$1')} JOIN tidings.deliveries d USING (notification_id, leg)
  ORDER BY d.notification_id, d.leg FOR NO KEY UPDATE OF d`;

const SETTINGS = Object.keys(CHANGING)
  .map((column) => `${column} = r.${column}`)
  .join(', ');

const PARTS = `a AS (${insertRows('attempts', ATTEMPT, '$2')}),
  s AS (UPDATE tidings.notifications n SET send_at = t.send_at FROM ${rowsOf({ id: 'uuid', send_at: 'bigint' }, '$3', 't')}
    WHERE n.id = t.id),
  ${addMoves(4)}`;

const UPDATE = `UPDATE tidings.deliveries d SET version = r.version, ${SETTINGS}
  FROM ${rowsOf({ ...DELIVERY_KEY, version: 'integer', ...CHANGING }, '$1')}
  WHERE d.notification_id = r.notification_id AND d.leg = r.leg`;

const WRITE = `WITH ${PARTS} ${UPDATE}`;
/** The same where something comes into an inbox: only then others are to wait. */
const WRITE_WITH_ENTRIES = `WITH ${PARTS}, ${addEntries('$7')} ${UPDATE}`;

/**
 * Writes the groups one after the other, each whole or not at all; answers which were written. All versions are read
 * under a lock first, so what is decided here is what is true when it is written.
 */
export async function writeBatch(
  session: Session,
  groups: readonly (readonly Change[])[],
  time: TimeParameter,
): Promise<readonly boolean[]> {
  const versions = await lockVersions(session, groups.flat());
  const tally = newTally();
  const latest = new Map<DeliveryId, Delivery>();
  const attempts = [];
  const moves = [];
  const entries: NewInboxEntry[] = [];
  const sendTimes = new Map<string, number>();
  const answers: boolean[] = [];
  for (const group of groups) {
    const holds = group.every(({ after }) => versions.get(after.id) === after.version - 1);
    answers.push(holds);
    if (!holds) continue;
    for (const change of group) {
      const { after, sendAt, entry } = change;
      versions.set(after.id, after.version);
      latest.set(after.id, after);
      for (const attempt of change.attempts) attempts.push(attemptRow(after, attempt));
      if (sendAt !== undefined) sendTimes.set(after.notificationId, sendAt);
      if (entry !== undefined) entries.push(entry);
      if (change.kept !== undefined) continue;
      tallyWritten(tally, after, change.attempts);
      moves.push(moveText(after, change.attempts));
    }
  }
  if (latest.size === 0) return answers;
  const moved = [...sendTimes].map(([id, sendAt]) => ({ id, send_at: sendAt }));
  const changed = [...latest.values()].map(deliveryRow);
  const rows = [changed, attempts, moved].map((each) => JSON.stringify(each));
  const values = [...rows, ...moveValues(moves, time)];
  if (entries.length === 0) await session.rows(WRITE, values);
  else await session.rows(WRITE_WITH_ENTRIES, [...values, entryValue(entries)]);
  await count(session, tally, time);
  return answers;
}

async function lockVersions(session: Session, changes: readonly Change[]): Promise<Map<DeliveryId, number>> {
  const ids = new Set(changes.map(({ after }) => after.id));
  const rows = await session.rows(LOCK, [JSON.stringify([...ids].map(deliveryKey))]);
  return new Map(rows.map((row) => [idOf(row), Number(row.version)]));
}

function idOf(row: Row): DeliveryId {
  return deliveryFrom(row).id;
}
