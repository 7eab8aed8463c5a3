import { DatabaseSync } from 'node:sqlite';
import { Pool } from 'undici';
import { firstIdAt } from '../src/domain/ids.ts';
import { seen } from '../test/kit/until.ts';
import type { Bed } from './kit/bed.ts';
import type { Bench } from './kit/bench.ts';
import { IN_APP_BODY, withNumber } from './kit/bodies.ts';
import { fillSqlite, inApp } from './kit/filling.ts';
import { inTurn, measure } from './kit/measured.ts';
import { multiply } from './kit/multiply.ts';
import { atLeast, atMost, type Row, ratioRow } from './kit/row.ts';
import { quantile } from './kit/stats.ts';
import { sqlitePlace, startTidings } from './kit/tidings.ts';
import { load } from './kit/wrk.ts';

const DAY = 86_400_000;
const ITEMS = 100;

export const schedule: Bench = {
  name: 'schedule',
  about:
    'with 1,000,000 (--rows) notifications due tomorrow: the accept rate, and how late those are that come due now',
  async run(bed) {
    const rows = bed.rows ?? bed.sized(1_000_000, 5_000);
    const full = await sqlitePlace(bed);
    await fillSqlite(full.path, { ...inApp(1), dueAt: Date.now() + DAY });
    multiply(full.path, rows);
    const late = await bed.within((inner) => lateness(inner, full, bed.sized(10_000, 500), bed.sized(4_000, 500)));

    const empty = await sqlitePlace(bed);
    const seconds = bed.sized(2, 1);
    const apis = {
      empty: await startTidings(bed, 'api', empty.settings),
      full: await startTidings(bed, 'api', full.settings),
    };
    const accepted = (which: keyof typeof apis) => () =>
      measure([apis[which]], () => load({ url: apis[which].url, path: '/api/v1/notifications', items: 1, seconds }));
    const runs = await inTurn(bed, { empty: accepted('empty'), full: accepted('full') });
    const about = `with ${rows.toLocaleString('en')} scheduled`;
    return [
      ratioRow(`accept ${about}`, { name: 'full', runs: runs.full }, { name: 'empty', runs: runs.empty }, atLeast(0.9)),
      latenessRow(`late, p99, ${about}`, late, quantile(late, 0.99), atMost(250)),
      latenessRow(`late, the least, ${about}`, late, Math.min(...late), atLeast(0)),
    ];
  },
};

/** Accepts notifications that come due evenly over a while; answers by how many ms each was late. */
async function lateness(
  bed: Bed,
  place: Awaited<ReturnType<typeof sqlitePlace>>,
  count: number,
  over: number,
): Promise<readonly number[]> {
  const tidings = await startTidings(bed, 'start', place.settings);
  const since = Date.now();
  await postScheduled(tidings.url, count, since + 2_000, over / count);
  const db = new DatabaseSync(place.path, { readOnly: true, timeout: 5_000 });
  bed.scope.defer(() => db.close());
  const called = db.prepare(
    `SELECT a.started_at - n.send_at AS late FROM notifications n JOIN attempts a ON a.notification_id = n.id
     WHERE n.id >= unhex(replace(?, '-', ''))`,
  );
  return seen(
    () => {
      const rows = called.all(firstIdAt(since));
      return rows.length === count ? rows.map(({ late }) => Number(late)) : undefined;
    },
    () => 'what was scheduled is not sent',
    60_000,
  );
}

async function postScheduled(url: string, count: number, first: number, step: number): Promise<void> {
  const pool = new Pool(url, { connections: 8 });
  const batches = Array.from({ length: Math.ceil(count / ITEMS) }, async (_, batch) => {
    const items = Array.from({ length: Math.min(ITEMS, count - batch * ITEMS) }, (_, index) => {
      const number = batch * ITEMS + index;
      const at = new Date(first + number * step).toISOString();
      return { ...(JSON.parse(withNumber(IN_APP_BODY, number)) as object), send_at: at };
    });
    const { statusCode, body } = await pool.request({
      path: '/api/v1/notifications/batch',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ notifications: items }),
    });
    const answer = (await body.json()) as { readonly accepted: number };
    if (statusCode !== 202 || answer.accepted !== items.length) throw new Error(`answered with ${statusCode}`);
  });
  await Promise.all(batches);
  await pool.close();
}

function latenessRow(what: string, late: readonly number[], figure: number, bar: Row['bar']): Row {
  const beside = `${late.length.toLocaleString('en')} came due; p50 ${quantile(late, 0.5)} ms, most ${Math.max(...late)} ms`;
  return { what, unit: 'ms', figures: [figure], bar, beside };
}
