import { newTally, tallyAccepted, tallyWritten } from '../../domain/counters.ts';
import { moveText } from '../moves.ts';
import type { AcceptResult, IdempotencyKey, NewNotification, Submission } from '../store.ts';
import { count } from './counters.ts';
import { WorthRepeating } from './faults.ts';
import { addMoves, moveValues } from './moves.ts';
import { ATTEMPT, DELIVERY, insertRows, NOTIFICATION } from './recordset.ts';
import { attemptRow, deliveryRow, notificationRow } from './rows.ts';
import type { Session } from './session.ts';
import type { TimeParameter } from './store-time.ts';

const KEY = 'scope text, key text, fingerprint text, answer text, created_at bigint';

/** In the order of the keys, so that two transactions that share several wait for each other in one direction. */
const REMEMBER = `INSERT INTO tidings.idempotency_keys (scope, key, fingerprint, answer, created_at)
  SELECT scope, key, fingerprint, answer, created_at FROM json_to_recordset($1::json) AS r(${KEY})
  ORDER BY r.scope COLLATE "C", r.key COLLATE "C"
  ON CONFLICT DO NOTHING RETURNING scope, key`;

const RECALL = `SELECT k.scope, k.key, k.fingerprint, k.answer
  FROM json_to_recordset($1::json) AS r(scope text, key text) JOIN tidings.idempotency_keys k USING (scope, key)`;

const INSERT = `WITH n AS (${insertRows('notifications', NOTIFICATION, '$1')}),
  d AS (${insertRows('deliveries', DELIVERY, '$2')}), ${addMoves(4)} ${insertRows('attempts', ATTEMPT, '$3')}`;

/** Writes the calls of many, each with its submissions; answers for each submission. */
export async function acceptBatch(
  session: Session,
  calls: readonly (readonly Submission[])[],
  time: TimeParameter,
): Promise<readonly (readonly AcceptResult[])[]> {
  const stored = await rememberKeys(session, calls.flat());
  const fresh: NewNotification[] = [];
  const answers = calls.map((submissions) =>
    submissions.map(({ key, notifications }): AcceptResult => {
      const result = key === null ? ACCEPTED : answerOf(key, stored);
      if (result.kind === 'accepted') fresh.push(...notifications);
      return result;
    }),
  );
  await insert(session, fresh, time);
  return answers;
}

const ACCEPTED: AcceptResult = { kind: 'accepted' };

/** Identity says whose it is: what this batch was the first to write stands there as the very key it brought. */
type Stored = ReadonlyMap<string, Pick<IdempotencyKey, 'fingerprint' | 'answer'>>;

function answerOf(key: IdempotencyKey, stored: Stored): AcceptResult {
  const before = stored.get(nameOf(key));
  if (before === key) return ACCEPTED;
  if (before?.fingerprint !== key.fingerprint) return { kind: 'mismatch' };
  return { kind: 'replayed', answer: before.answer };
}

async function rememberKeys(session: Session, submissions: readonly Submission[]): Promise<Stored> {
  const first = new Map<string, IdempotencyKey>();
  for (const { key } of submissions) if (key !== null && !first.has(nameOf(key))) first.set(nameOf(key), key);
  const stored = new Map<string, Pick<IdempotencyKey, 'fingerprint' | 'answer'>>();
  if (first.size === 0) return stored;
  const rows = [...first.values()].map(({ createdAt, ...key }) => ({ ...key, created_at: createdAt }));
  for (const row of await session.rows(REMEMBER, [JSON.stringify(rows)])) {
    const name = nameOf({ scope: String(row.scope), key: String(row.key) });
    const key = first.get(name);
    if (key !== undefined) stored.set(name, key);
  }
  const known = [...first].filter(([name]) => !stored.has(name)).map(([, { scope, key }]) => ({ scope, key }));
  if (known.length === 0) return stored;
  for (const row of await session.rows(RECALL, [JSON.stringify(known)])) {
    const name = nameOf({ scope: String(row.scope), key: String(row.key) });
    stored.set(name, { fingerprint: String(row.fingerprint), answer: String(row.answer) });
  }
  // There when it was to be inserted, and purged before it was read.
  if (stored.size < first.size) throw new WorthRepeating('an idempotency key was forgotten in between');
  return stored;
}

async function insert(session: Session, fresh: readonly NewNotification[], time: TimeParameter): Promise<void> {
  if (fresh.length === 0) return;
  const tally = newTally();
  tallyAccepted(tally, fresh.length);
  const deliveries = [];
  const attempts = [];
  const moves = [];
  for (const parcel of fresh) {
    for (const delivery of parcel.deliveries) {
      deliveries.push(deliveryRow(delivery));
      const log = parcel.attempts.get(delivery.id) ?? [];
      for (const attempt of log) attempts.push(attemptRow(delivery, attempt));
      tallyWritten(tally, delivery, []);
      moves.push(moveText(delivery, log));
    }
  }
  const notifications = fresh.map(({ notification }) => notificationRow(notification));
  const rows = [notifications, deliveries, attempts].map((each) => JSON.stringify(each));
  await session.rows(INSERT, [...rows, ...moveValues(moves, time)]);
  await count(session, tally, time);
}

function nameOf({ scope, key }: Pick<IdempotencyKey, 'scope' | 'key'>): string {
  return JSON.stringify([scope, key]);
}

export async function findAnswer(session: Session, scope: string, key: string) {
  const [row] = await session.rows(
    'SELECT fingerprint, answer FROM tidings.idempotency_keys WHERE scope = $1 AND key = $2',
    [scope, key],
  );
  return row === undefined ? null : { fingerprint: String(row.fingerprint), answer: String(row.answer) };
}

export async function purgeKeys(session: Session, before: number, limit: number): Promise<number> {
  // What another process is forgetting at the same time is its own.
  const purged = await session.rows(
    `DELETE FROM tidings.idempotency_keys WHERE (scope, key) IN (SELECT scope, key FROM tidings.idempotency_keys
       WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1 AS one`,
    [before, limit],
  );
  // Lanes of processes that are long gone.
  await session.rows("DELETE FROM tidings.lanes WHERE marked_at < now() - interval '1 day'");
  return purged.length;
}
