import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Content, Copy, RowKey, RowLimit, TableName } from '../transfer.ts';
import type { Row } from './columns.ts';
import { SHAPES, type Shape } from './content-shapes.ts';
import { insertInto, type RowStatement } from './statements.ts';

/** Everything to read and write whole tables with; the writing functions run inside the caller's transaction. */
export function prepareTransfer(db: DatabaseSync, path: string) {
  const prepared = new Map<string, StatementSync>();
  const inserts = new Map<TableName, RowStatement>();

  /** Hardly any process copies, so nothing is prepared before it is needed. */
  function statement(name: string, prepare: () => StatementSync): StatementSync {
    const known = prepared.get(name) ?? prepare();
    prepared.set(name, known);
    return known;
  }

  function page<R>(table: TableName, { select, key, keyValues }: Shape<R>, after: RowKey | null): Iterable<Row> {
    const columns = key.join(', ');
    const bound = after === null ? '' : `WHERE (${columns}) > (${key.map(() => '?').join(', ')})`;
    const reads = statement(`read ${table} ${bound}`, () => db.prepare(`${select} ${bound} ORDER BY ${columns}`));
    return reads.iterate(...(after === null ? [] : keyValues(after)));
  }

  function readRows<T extends TableName>(table: T, after: RowKey | null, limit: RowLimit): readonly Content[T][] {
    const shape: Shape<Content[T]> = SHAPES[table];
    const rows: Content[T][] = [];
    let bytes = 0;
    for (const row of page(table, shape, after)) {
      rows.push(shape.from(row));
      bytes += sizeOf(row);
      if (rows.length >= limit.rows || bytes >= limit.bytes) break;
    }
    return rows;
  }

  /** Whether the note was at the version before, and is now as given. */
  function note({ version, endedAt, progress }: Copy): boolean {
    const update = statement('note', () =>
      db.prepare('UPDATE copy SET version = ?, ended_at = ?, progress = ? WHERE version = ? AND ended_at IS NULL'),
    );
    return update.run(version, endedAt, JSON.stringify(progress), version - 1).changes === 1;
  }

  return {
    identity(): string {
      const { dev, ino } = statSync(path);
      return `sqlite ${dev}:${ino}`;
    },

    writeMark: (): string => String(db.prepare('PRAGMA data_version').get()?.data_version),

    readRows,

    countRows: (table: TableName): number => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n),

    findCopy(): Copy | null {
      const row = db.prepare('SELECT * FROM copy').get();
      return row === undefined ? null : copyFrom(row);
    },

    beginCopy: ({ source, version, startedAt, endedAt, progress }: Copy): boolean =>
      db
        .prepare(
          'INSERT INTO copy (id, source, version, started_at, ended_at, progress) VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
        )
        .run(source, version, startedAt, endedAt, JSON.stringify(progress)).changes === 1,

    writeRows<T extends TableName>(table: T, rows: readonly Content[T][], copy: Copy): boolean {
      if (!note(copy)) return false;
      const { params }: Shape<Content[T]> = SHAPES[table];
      for (const row of rows) {
        const values = params(row);
        const insert = inserts.get(table) ?? insertInto(db, table, Object.keys(values));
        inserts.set(table, insert);
        insert.run(Object.values(values));
      }
      return true;
    },

    endCopy: note,
  };
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

/** Roughly, in bytes. */
function sizeOf(row: Row): number {
  let size = 0;
  for (const name in row) {
    const value = row[name];
    size += typeof value === 'string' ? value.length : 8;
  }
  return size;
}
