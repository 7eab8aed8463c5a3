import type { DatabaseSync } from 'node:sqlite';
import { type Tally, tallyAccepted, tallyWritten } from '../../domain/counters.ts';
import { type MoveText, moveText } from '../moves.ts';
import type { AcceptResult, IdempotencyKey } from '../store.ts';
import { ATTEMPT, DELIVERY, NOTIFICATION } from './columns.ts';
import type { SubmissionRows } from './flat-rows.ts';
import { moved, tried } from './rows.ts';
import { insertInto } from './statements.ts';

export interface Accepts {
  /** Writes one submission inside the running transaction. */
  one(submission: SubmissionRows, tally: Tally, moves: MoveText[]): AcceptResult;
  findAnswer(scope: string, key: string): { readonly fingerprint: string; readonly answer: string } | null;
}

export function prepareAccept(db: DatabaseSync): Accepts {
  const insertNotification = insertInto(db, 'notifications', NOTIFICATION);
  const insertDelivery = insertInto(db, 'deliveries', DELIVERY);
  const insertAttempt = insertInto(db, 'attempts', ATTEMPT);
  const insertKey = db.prepare(
    'INSERT INTO idempotency_keys (scope, key, fingerprint, answer, created_at) VALUES (:scope, :key, :fingerprint, :answer, :createdAt) ON CONFLICT DO NOTHING',
  );
  const findKey = db.prepare('SELECT fingerprint, answer FROM idempotency_keys WHERE scope = ? AND key = ?');

  const findAnswer: Accepts['findAnswer'] = (scope, key) => {
    const row = findKey.get(scope, key);
    return row === undefined ? null : { fingerprint: String(row.fingerprint), answer: String(row.answer) };
  };

  const remember = (key: IdempotencyKey): AcceptResult => {
    if (insertKey.run({ ...key }).changes === 1) return { kind: 'accepted' };
    const before = findAnswer(key.scope, key.key);
    if (before?.fingerprint !== key.fingerprint) return { kind: 'mismatch' };
    return { kind: 'replayed', answer: before.answer };
  };

  const one: Accepts['one'] = ({ notifications, key }, tally, moves) => {
    const result: AcceptResult = key === null ? { kind: 'accepted' } : remember(key);
    if (result.kind !== 'accepted') return result;
    for (const { notification, legs } of notifications) {
      insertNotification.run(notification);
      for (const { delivery, attempts } of legs) {
        insertDelivery.run(delivery);
        for (const attempt of attempts) insertAttempt.run(attempt);
        const state = moved(delivery);
        tallyWritten(tally, state, []);
        moves.push(moveText(state, attempts.map(tried)));
      }
    }
    tallyAccepted(tally, notifications.length);
    return result;
  };

  return { one, findAnswer };
}
