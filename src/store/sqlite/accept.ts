import type { DatabaseSync } from 'node:sqlite';
import { type Tally, tallyAccepted, tallyWritten } from '../../domain/counters.ts';
import { type MoveText, moveText } from '../moves.ts';
import type { AcceptResult, IdempotencyKey, Submission } from '../store.ts';
import { attemptParams, deliveryParams, notificationParams } from './rows.ts';
import { insertInto } from './statements.ts';

export interface Accepts {
  /** Writes one submission inside the running transaction. */
  one(submission: Submission, tally: Tally, moves: MoveText[]): AcceptResult;
  findAnswer(scope: string, key: string): { readonly fingerprint: string; readonly answer: string } | null;
}

export function prepareAccept(db: DatabaseSync): Accepts {
  const insertNotification = insertInto(db, 'notifications', [
    ...['id', 'request_id', 'broadcast_id', 'created_at', 'user_id', 'addresses', 'title', 'message', 'action_url'],
    ...['data', 'overrides', 'priority', 'send_at', 'expires_at', 'retry', 'on_unknown', 'metadata', 'tags'],
  ]);
  const insertDelivery = insertInto(db, 'deliveries', [
    ...['notification_id', 'leg', 'chain', 'status', 'version', 'priority', 'due_at', 'expires_at', 'round'],
    ...['position', 'dropped', 'attempts', 'crashes', 'limited_since', 'channel_used', 'reason', 'sent_at'],
    ...['delivered_at', 'finished_at', 'discarded_at'],
  ]);
  const insertAttempt = prepareAttempt(db);
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
    for (const { notification, deliveries, attempts } of notifications) {
      insertNotification.run(notificationParams(notification));
      for (const delivery of deliveries) {
        insertDelivery.run(deliveryParams(delivery));
        const log = attempts.get(delivery.id) ?? [];
        for (const attempt of log) insertAttempt.run(attemptParams(delivery, attempt));
        tallyWritten(tally, delivery, []);
        moves.push(moveText(delivery, log));
      }
    }
    tallyAccepted(tally, notifications.length);
    return result;
  };

  return { one, findAnswer };
}

export function prepareAttempt(db: DatabaseSync) {
  return insertInto(db, 'attempts', [
    ...['notification_id', 'leg', 'number', 'channel', 'provider', 'outcome', 'code', 'detail', 'started_at'],
    ...['duration_ms', 'provider_message_id'],
  ]);
}
