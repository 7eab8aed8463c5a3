import { statusesFrom } from '../../domain/counters.ts';
import type { Store, StoreStats } from '../store.ts';
import { READY } from './claim.ts';
import type { Session } from './session.ts';
import { now, type TimeParameter } from './store-time.ts';

/** How far unfinished deliveries are counted. */
const COUNT_LIMIT = 100_000;
const MINUTE = 60_000;

const UNFINISHED = `SELECT status, count(*) AS n FROM (
    (SELECT status FROM tidings.deliveries WHERE ${READY} LIMIT ${COUNT_LIMIT})
    UNION ALL (SELECT status FROM tidings.deliveries WHERE status = 'sending' LIMIT ${COUNT_LIMIT})
  ) u GROUP BY status`;

const TOTALS = `SELECT kind, name, sum(count)::bigint AS n FROM tidings.counters WHERE minute >= $1 GROUP BY kind, name`;

const SERIES = `SELECT minute, sum(count) FILTER (WHERE kind = 'accepted')::bigint AS accepted,
    sum(count) FILTER (WHERE kind = 'finished' AND name = 'sent')::bigint AS sent,
    sum(count) FILTER (WHERE kind = 'finished' AND name = 'failed')::bigint AS failed
  FROM tidings.counters WHERE minute >= $1 GROUP BY minute ORDER BY minute`;

const BACKLOG = `SELECT
  (SELECT count(*) FROM (SELECT 1 FROM tidings.deliveries WHERE ${READY} AND priority IN (0, 1, 2) AND due_at <= ${now('$1')}
    LIMIT ${COUNT_LIMIT}) d) AS depth,
  least(${[0, 1, 2]
    .map(
      (priority) =>
        `(SELECT min(due_at) FROM tidings.deliveries WHERE ${READY} AND priority = ${priority} AND due_at <= ${now('$1')})`,
    )
    .join(', ')}) AS oldest`;

export async function stats(session: Session, since: number): Promise<StoreStats> {
  const minute = Math.floor(since / MINUTE);
  const byStatus: Record<string, number> = {};
  for (const row of await session.rows(UNFINISHED)) byStatus[String(row.status)] = Number(row.n);
  const sums = { accepted: 0, channel: {} as Record<string, number>, provider: {} as Record<string, number> };
  for (const row of await session.rows(TOTALS, [minute])) {
    const name = String(row.name);
    const count = Number(row.n);
    if (row.kind === 'accepted') sums.accepted = count;
    else if (row.kind === 'finished') byStatus[name] = count;
    else if (row.kind === 'channel') sums.channel[name] = count;
    else if (row.kind === 'provider') sums.provider[name] = count;
  }
  const series = (await session.rows(SERIES, [minute])).map((row) => ({
    minute: Number(row.minute) * MINUTE,
    accepted: Number(row.accepted ?? 0),
    sent: Number(row.sent ?? 0),
    failed: Number(row.failed ?? 0),
  }));
  return {
    accepted: sums.accepted,
    byStatus: statusesFrom(byStatus),
    byChannel: sums.channel,
    byProvider: sums.provider,
    series,
  };
}

export async function backlog(session: Session, time: TimeParameter): ReturnType<Store['backlog']> {
  const [row] = await session.rows(BACKLOG, [time()]);
  return { depth: Number(row?.depth ?? 0), oldestDueAt: typeof row?.oldest === 'number' ? row.oldest : null };
}
