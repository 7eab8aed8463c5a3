import { Pool } from 'undici';
import type { Bed } from './kit/bed.ts';
import type { Bench } from './kit/bench.ts';
import { asDrained, type Books, sqliteBooks } from './kit/books.ts';
import { fillSqlite, inApp } from './kit/filling.ts';
import { inTurn, type Measured, measure } from './kit/measured.ts';
import { multiply } from './kit/multiply.ts';
import type { Program } from './kit/program.ts';
import { atLeast, atMost, type Row, ratioRow } from './kit/row.ts';
import { quantile } from './kit/stats.ts';
import { type Settings, sqlitePlace, startTidings } from './kit/tidings.ts';
import { load } from './kit/wrk.ts';

interface Place {
  readonly api: Program;
  readonly books: Books;
  readonly settings: Settings;
}

type Turn = { readonly accepted: Measured; readonly drained: Measured };

export const growth: Bench = {
  name: 'growth',
  about: 'accept and drain with 1,000,000 (--rows) finished notifications in the store against an empty one; lists',
  async run(bed) {
    const rows = bed.rows ?? bed.sized(1_000_000, 5_000);
    const empty = await openPlace(bed, 0);
    const grown = await openPlace(bed, rows);
    const listed = await listTimes(grown.api.url, bed.sized(30, 2));
    const runs = await inTurn(bed, {
      empty: (inner) => acceptThenDrain(inner, empty),
      grown: (inner) => acceptThenDrain(inner, grown),
    });
    const named = (turns: readonly Turn[], which: keyof Turn, name: string) => ({
      name,
      runs: turns.map((turn) => turn[which]),
    });
    const about = `with ${rows.toLocaleString('en')} finished`;
    const ratio = (what: string, which: keyof Turn) =>
      ratioRow(`${what} ${about}`, named(runs.grown, which, 'full'), named(runs.empty, which, 'empty'), atLeast(0.85));
    return [ratio('accept', 'accepted'), ratio('drain', 'drained'), listRow(about, listed)];
  },
};

/** A store with a history that the real service began, and an API on it. */
async function openPlace(bed: Bed, rows: number): Promise<Place> {
  const { path, settings } = await sqlitePlace(bed);
  await fillSqlite(path, inApp(1));
  await bed.within(async (inner) => {
    await startTidings(inner, 'worker', settings);
    await using books = sqliteBooks(path);
    await books.allFinished();
  });
  if (rows > 0) multiply(path, rows);
  const api = await startTidings(bed, 'api', settings);
  const books = sqliteBooks(path);
  bed.scope.defer(() => books[Symbol.asyncDispose]());
  return { api, books, settings };
}

async function acceptThenDrain(bed: Bed, { api, books, settings }: Place): Promise<Turn> {
  const since = Date.now();
  const seconds = bed.sized(2, 1);
  const accepted = await measure([api], () => load({ url: api.url, path: '/api/v1/notifications', items: 1, seconds }));
  const worker = await startTidings(bed, 'worker', settings);
  const drained = await measure([worker], async () => {
    await books.allFinished();
    return asDrained(await books.trip(since));
  });
  return { accepted, drained };
}

const LISTS = [
  'notifications?limit=100',
  'notifications?status=sent&limit=100',
  'notifications?status=failed&limit=100',
  'notifications?status=pending&limit=100',
  'notifications?channel=in_app&limit=100',
  'notifications?channel=email&limit=100',
  'notifications?user_id=user-7&limit=100',
  'notifications?recipient=user-7&limit=100',
  'notifications?recipient=nobody@example.com&limit=100',
  'notifications?tag=nowhere&limit=100',
  'notifications?request_id=nowhere&limit=100',
  'notifications?q=warehouse&limit=100',
  'notifications?q=nowhere&limit=100',
  'notifications?created_before=2020-01-01T00:00:00Z&limit=100',
  'dead-letters?limit=100',
  'users/user-7/inbox?limit=100',
  'sandbox/messages?limit=100',
  'stats',
];

/** How long the slowest answers take (p99), in ms, by path. */
async function listTimes(url: string, times: number): Promise<ReadonlyMap<string, number>> {
  const pool = new Pool(url, { connections: 1 });
  const get = async (path: string) => {
    const begun = performance.now();
    const { statusCode, body } = await pool.request({ path: `/api/v1/${path}`, method: 'GET' });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${path} is answered with ${statusCode}: ${text}`);
    return { text, took: performance.now() - begun };
  };
  const { text } = await get('notifications?limit=1');
  const [one] = (JSON.parse(text) as { readonly data: readonly { readonly id: string }[] }).data;
  const found = new Map<string, number>();
  for (const path of [...LISTS, `notifications/${one?.id}`]) {
    const took: number[] = [];
    for (let time = 0; time < times; time++) took.push((await get(path)).took);
    found.set(path, quantile(took, 0.99));
  }
  await pool.close();
  return found;
}

function listRow(about: string, times: ReadonlyMap<string, number>): Row {
  const slowest = [...times].toSorted(([, a], [, b]) => b - a);
  const beside = slowest.slice(0, 3).map(([path, time]) => `${path} ${time.toFixed(1)} ms`);
  const figures = [slowest[0]?.[1] ?? Number.NaN];
  return { what: `slowest list, p99, ${about}`, unit: 'ms', figures, bar: atMost(50), beside: beside.join(' · ') };
}
