import { countsOf, type Tally } from '../../domain/counters.ts';
import type { Session } from './session.ts';
import { now, type TimeParameter } from './store-time.ts';

const COUNT = `INSERT INTO tidings.counters (minute, kind, name, slot, count)
  SELECT ${now('$1')} / 60000, r.kind, r.name, $2::smallint, r.count
  FROM json_to_recordset($3::json) AS r(kind text, name text, count bigint) ORDER BY r.kind COLLATE "C", r.name COLLATE "C"
  ON CONFLICT (minute, kind, name, slot) DO UPDATE SET count = counters.count + excluded.count`;

/** Adds what a transaction has counted. Its last statement: the rows are shared with others, and locked until it ends. */
export async function count(session: Session, tally: Tally, time: TimeParameter): Promise<void> {
  if (tally.size === 0) return;
  await session.rows(COUNT, [time(), session.slot, JSON.stringify(countsOf(tally))]);
}
