import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { firstIdAt } from '../../src/domain/ids.ts';
import { READY as READY_IN_POSTGRES } from '../../src/store/postgres/claim.ts';
import { READY as READY_IN_SQLITE } from '../../src/store/sqlite/statements.ts';
import { seen } from '../../test/kit/until.ts';

/** What happened to the notifications of a bench, as the store has it. Times are in ms. */
export interface Trip {
  readonly accepted: number;
  readonly sent: number;
  readonly firstAcceptedAt: number;
  readonly firstCalledAt: number;
  readonly lastFinishedAt: number;
}

/** A look into a store from outside: it costs the service nothing but a few reads of its disk. */
export interface Books extends AsyncDisposable {
  /** Resolves when no delivery waits and none is under way, or after so many seconds at most; true: all are finished. */
  allFinished(seconds?: number): Promise<boolean>;
  /** Of the notifications accepted from `since` on. What is finished must have been sent. */
  trip(since: number): Promise<Trip>;
}

/** How long a backlog may take, in ms. */
const PATIENCE = 600_000;

export function sqliteBooks(path: string): Books {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  const isUnfinished = db.prepare(unfinished('deliveries', READY_IN_SQLITE));
  const read = db.prepare(tripOf('', "unhex(replace(:since, '-', ''))"));
  return {
    allFinished: (seconds) => finished(() => Promise.resolve(isUnfinished.get()?.yes === 0), seconds),
    trip: (since) => Promise.resolve(tripFrom(read.get({ since: firstIdAt(since) }) ?? {})),
    [Symbol.asyncDispose]: () => Promise.resolve(db.close()),
  };
}

export async function postgresBooks(url: string): Promise<Books> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const first = async (sql: string, params: readonly string[] = []) =>
    (await client.query<Record<string, unknown>>(sql, [...params])).rows[0] ?? {};
  return {
    allFinished: (seconds) =>
      finished(async () => (await first(unfinished('tidings.deliveries', READY_IN_POSTGRES))).yes === 0, seconds),
    trip: async (since) => tripFrom(await first(tripOf('tidings.', '$1::uuid'), [firstIdAt(since)])),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

/** `ready`: letter by letter the condition of the partial index, so that looking stays cheap. */
function unfinished(deliveries: string, ready: string): string {
  return `SELECT CASE WHEN EXISTS (SELECT 1 FROM ${deliveries} WHERE ${ready})
    OR EXISTS (SELECT 1 FROM ${deliveries} WHERE status = 'sending') THEN 1 ELSE 0 END AS yes`;
}

function tripOf(schema: string, since: string): string {
  return `SELECT count(*) AS count, count(d.sent_at) AS sent, count(d.finished_at) AS ended,
      min(n.created_at) AS accepted, max(d.finished_at) AS finished,
      (SELECT min(started_at) FROM ${schema}attempts WHERE notification_id >= ${since}) AS called
    FROM ${schema}notifications n JOIN ${schema}deliveries d ON d.notification_id = n.id WHERE n.id >= ${since}`;
}

function tripFrom(row: Record<string, unknown>): Trip {
  const accepted = Number(row.count);
  const sent = Number(row.sent);
  const ended = Number(row.ended);
  if (sent === 0 || sent !== ended)
    throw new Error(`of ${accepted} notifications ${ended} ended and ${sent} were sent`);
  return {
    accepted,
    sent,
    firstAcceptedAt: Number(row.accepted),
    firstCalledAt: Number(row.called),
    lastFinishedAt: Number(row.finished),
  };
}

/** From the first call of a provider to the last record of one. */
export function asDrained({ sent, firstCalledAt, lastFinishedAt }: Trip): { count: number; seconds: number } {
  return { count: sent, seconds: (lastFinishedAt - firstCalledAt) / 1000 };
}

async function finished(isFinished: () => Promise<boolean>, seconds?: number): Promise<boolean> {
  const end = Date.now() + (seconds ?? Number.POSITIVE_INFINITY) * 1000;
  return seen(
    async () => {
      if (await isFinished()) return true;
      return Date.now() > end ? false : undefined;
    },
    () => 'the backlog does not come to its end',
    PATIENCE,
  );
}
