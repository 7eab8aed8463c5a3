import type { Content, Copy, RowKey, RowLimit, TableName, TransferStore } from '../transfer.ts';
import { SHAPES, type Shape } from './content-shapes.ts';
import type { Database } from './database.ts';
import { sqlState } from './faults.ts';
import { rowsOf } from './recordset.ts';
import type { Row, Session } from './session.ts';

/** Longest wait for a count, or for the planner's figures, over a whole table, in ms. */
const WHOLE_TABLE_WAIT = 600_000;
const UNIQUE_VIOLATION = '23505';

const IDENTITY = `SELECT concat('postgres ', oid, ' ', extract(epoch FROM pg_postmaster_start_time()), ' ', datname) AS name
  FROM pg_database WHERE datname = current_database()`;

/** Every transaction that writes marks its lane. */
const WRITE_MARK = 'SELECT concat(count(*), $$ $$, sum(seq), $$ $$, max(marked_at)) AS mark FROM tidings.lanes';

const BEGIN_COPY = `INSERT INTO tidings.copy (id, source, version, started_at, ended_at, progress)
  VALUES (1, $1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1 AS done`;

const NOTE = `UPDATE tidings.copy SET version = $1::bigint, ended_at = $2, progress = $3
  WHERE version = $1::bigint - 1 AND ended_at IS NULL RETURNING 1 AS done`;

export function transferOn(database: Database, read: Database['read'], write: Database['write']): TransferStore {
  return {
    identity: () => read(async (session) => String((await session.rows(IDENTITY))[0]?.name)),
    writeMark: () => read(async (session) => String((await session.rows(WRITE_MARK))[0]?.mark)),
    readRows: (table, after, limit) => read((session) => readRows(session, table, after, limit)),
    async countRows(table) {
      const { select, groupBy = '' } = SHAPES[table];
      const [row] = await database.plain(`SELECT count(*) AS n FROM (${select} ${groupBy}) t`, [], WHOLE_TABLE_WAIT);
      return Number(row?.n);
    },
    findCopy: () => read(findCopy),
    beginCopy: ({ source, version, startedAt, endedAt, progress }) =>
      write(async (session) => {
        const values = [source, version, startedAt, endedAt, JSON.stringify(progress)];
        return (await session.rows(BEGIN_COPY, values)).length === 1;
      }),
    writeRows: (table, rows, copy) => write((session) => writeRows(session, table, rows, copy)).catch(falseIfTaken),
    async endCopy(copy) {
      // A table that was filled at one go has no figures yet, and would be walked through until it has.
      const tables = Object.keys(SHAPES).map((table) => `tidings.${table}`);
      await database.plain(`ANALYZE ${tables.join(', ')}`, [], WHOLE_TABLE_WAIT);
      return write((session) => note(session, copy));
    },
  };
}

async function readRows<T extends TableName>(
  session: Session,
  table: T,
  after: RowKey | null,
  limit: RowLimit,
): Promise<readonly Content[T][]> {
  const shape: Shape<Content[T]> = SHAPES[table];
  const key = after === null ? [] : shape.keyValues(after);
  const rows = await session.rows(pageOf(shape, key.length), [limit.rows, limit.bytes, ...key]);
  return rows.map(shape.from);
}

/** `$1` rows at most and `$2` bytes; then the key that they come after, if any. */
function pageOf<R>({ select, key, shownKey, groupBy = '', size }: Shape<R>, bounds: number): string {
  const columns = Object.keys(key).join(', ');
  const shown = (shownKey ?? Object.keys(key)).join(', ');
  const values = Object.values(key).map((type, index) => `$${index + 3}::${type}`);
  const where = bounds === 0 ? '' : `WHERE (${columns}) > (${values.join(', ')})`;
  return `SELECT * FROM (
      SELECT p.*, sum(${size}) OVER (ORDER BY ${shown} ROWS UNBOUNDED PRECEDING) - (${size}) AS bytes_before
      FROM (${select} ${where} ${groupBy} ORDER BY ${columns} LIMIT $1) p
    ) q WHERE bytes_before < $2::bigint ORDER BY ${shown}`;
}

async function findCopy(session: Session): Promise<Copy | null> {
  const [row] = await session.rows('SELECT * FROM tidings.copy');
  return row === undefined ? null : copyFrom(row);
}

/** Whether the note was at the version before, and is now as given. */
async function note(session: Session, { version, endedAt, progress }: Copy): Promise<boolean> {
  return (await session.rows(NOTE, [version, endedAt, JSON.stringify(progress)])).length === 1;
}

async function writeRows<T extends TableName>(
  session: Session,
  table: T,
  rows: readonly Content[T][],
  copy: Copy,
): Promise<boolean> {
  if (!(await note(session, copy))) return false;
  const { columns, row, numbered }: Shape<Content[T]> = SHAPES[table];
  const names = Object.keys(columns).join(', ');
  const insert = `INSERT INTO tidings.${table} (${names}) ${numbered === undefined ? '' : 'OVERRIDING SYSTEM VALUE'}
    SELECT ${names} FROM ${rowsOf(columns, '$1')}`;
  await session.rows(insert, [JSON.stringify(rows.map(row))]);
  if (numbered !== undefined) {
    await session.rows(
      `SELECT setval(pg_get_serial_sequence('tidings.${table}', '${numbered}'), max(${numbered})) FROM tidings.${table}`,
    );
  }
  return true;
}

function falseIfTaken(error: unknown): false {
  if (sqlState(error) === UNIQUE_VIOLATION) return false;
  throw error;
}

function copyFrom(row: Row): Copy {
  return {
    source: row.source as string,
    version: row.version as number,
    startedAt: row.started_at as number,
    endedAt: row.ended_at as number | null,
    progress: JSON.parse(row.progress as string) as Copy['progress'],
  };
}
