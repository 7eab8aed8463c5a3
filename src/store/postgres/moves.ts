import { type Move, type MoveText, movesFrom } from '../moves.ts';
import type { Row, Session, Value } from './session.ts';
import { now, type TimeParameter } from './store-time.ts';

/**
 * Adds the moves of a transaction: a part of a statement that writes, for `moveValues` from parameter `first` on.
 * Nobody waits for anybody: rows carry their transaction's number, and are read in the order of those.
 */
export function addMoves(first: number): string {
  const [count, moves, time] = [`$${first}`, `$${first + 1}`, `$${first + 2}`];
  return `m AS (INSERT INTO tidings.moves (count, at, moves)
    SELECT ${count}::integer, ${now(time)}, ${moves}::text WHERE ${count}::integer > 0)`;
}

export function moveValues(moves: readonly MoveText[], time: TimeParameter): readonly Value[] {
  return [moves.length, `[${moves.join(',')}]`, time()];
}

/** Rows of transactions before the oldest that is under way: what is not among them now never will be. */
const SETTLED = 'm.tx < pg_snapshot_xmin(pg_current_snapshot())';

/**
 * Makes the log fit for reading. It has a row, so that there is a point before everything that comes; and none of a
 * transaction that is still to come, as those of another server have that a dump was taken of.
 */
export const OPEN_MOVES = `WITH foreign_rows AS (DELETE FROM tidings.moves WHERE tx >= pg_snapshot_xmax(pg_current_snapshot()))
  INSERT INTO tidings.moves (count, at, moves) SELECT 0, 0, '[]'
  WHERE NOT EXISTS (SELECT 1 FROM tidings.moves WHERE tx < pg_snapshot_xmax(pg_current_snapshot()))`;

/** Where not even the first row can be read yet. */
const BEFORE_ALL = '0.0.0';

/** A transaction's number, its row's, and how many of that row's moves were read. */
interface Point {
  readonly tx: string;
  readonly seq: string;
  readonly count: number;
}

/** Rows that are read at once: one can hold the moves of a thousand deliveries. */
const ROWS = 32;

export async function endOfMoves(session: Session): Promise<string> {
  const [row] = await session.rows(
    `SELECT m.tx::text AS tx, m.seq, m.count FROM tidings.moves m WHERE ${SETTLED} ORDER BY m.tx DESC, m.seq DESC LIMIT 1`,
  );
  return row === undefined ? BEFORE_ALL : `${String(row.tx)}.${String(row.seq)}.${String(row.count)}`;
}

export async function movesAfter(session: Session, text: string, limit: number): Promise<readonly Move[] | null> {
  const point = parsePoint(text);
  if (point === null) return null;
  const moves: Move[] = [];
  let { tx, seq } = point;
  for (let first = true; ; first = false) {
    const rows = await session.rows(
      `SELECT m.tx::text AS tx, m.seq, m.count, m.at, m.moves FROM tidings.moves m
       WHERE (m.tx, m.seq) ${first ? '>=' : '>'} ($1::xid8, $2::bigint) AND ${SETTLED}
       ORDER BY m.tx, m.seq LIMIT ${ROWS}`,
      [tx, seq],
    );
    if (first && !isFirstOf(rows, point)) return null;
    for (const row of rows) {
      const skipped = isAt(point, row) ? point.count : 0;
      moves.push(...movesOf(row).slice(skipped, skipped + limit - moves.length));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS || moves.length === limit) return moves;
    tx = String(last.tx);
    seq = String(last.seq);
  }
}

export async function forgetMoves(session: Session, keep: number, limit: number): Promise<number> {
  const gone = await session.rows(
    `DELETE FROM tidings.moves WHERE (tx, seq) IN (SELECT tx, seq FROM (
         SELECT tx, seq, sum(count) OVER (ORDER BY tx DESC, seq DESC) - count AS newer,
           row_number() OVER (ORDER BY tx DESC, seq DESC) AS place FROM tidings.moves) numbered
       WHERE newer >= $1::bigint AND place > 1 ORDER BY tx, seq LIMIT $2::bigint) RETURNING 1 AS one`,
    [keep, limit],
  );
  return gone.length;
}

/** Whether none after a point was forgotten: its row is there, or the log's first, which is empty. */
function isFirstOf([row]: readonly Row[], point: Point): boolean {
  if (point.tx === '0') return row === undefined || row.count === 0;
  return isAt(point, row);
}

function movesOf(row: Row): readonly Move[] {
  const place = `${String(row.tx)}.${String(row.seq)}`;
  return movesFrom(String(row.moves), Number(row.at), (index) => `${place}.${index + 1}`);
}

function isAt({ tx, seq, count }: Point, row: Row | undefined): boolean {
  return row !== undefined && row.tx === tx && String(row.seq) === seq && count <= Number(row.count);
}

function parsePoint(text: string): Point | null {
  const [, tx, seq, count] = /^(\d{1,19})\.(\d{1,18})\.(\d{1,6})$/.exec(text) ?? [];
  return tx === undefined || seq === undefined ? null : { tx, seq, count: Number(count) };
}
