import type { DatabaseSync, SQLInputValue, StatementResultingChanges } from 'node:sqlite';
import { binder, type Values } from './columns.ts';

/** A prepared statement whose parameters are the columns of one row, in their order. */
export interface RowStatement {
  run(row: readonly SQLInputValue[]): StatementResultingChanges;
}

/** An insert of one row; `conflict` says what is done where it is there already. */
export function insertInto(db: DatabaseSync, table: string, columns: readonly string[], conflict = ''): RowStatement {
  const places = columns.map(() => '?').join(', ');
  return rowStatement(db, `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places}) ${conflict}`, columns);
}

/** A statement whose parameters `?1`, `?2`, … are those columns: binding them by name takes twice as long as the rest. */
export function rowStatement(db: DatabaseSync, sql: string, columns: readonly string[]): RowStatement {
  const statement = db.prepare(sql);
  const bound = binder(columns);
  return { run: (row) => statement.run(...bound(row)) };
}

/** A query that answers bare values. */
export interface ValueQuery {
  all(...params: readonly SQLInputValue[]): readonly Values[];
}

export function valueQuery(db: DatabaseSync, sql: string): ValueQuery {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  // That it now answers arrays is not in its types.
  return { all: (...params) => statement.all(...params) as unknown as readonly Values[] };
}

/**
 * What a delivery must be for the index `deliveries_ready` to hold it: as in the migration, so that the index is used.
 * Not an IN: SQLite would fill a table of its own for that in every statement that writes a delivery.
 */
export const READY = "(status = 'scheduled' OR status = 'pending' OR status = 'retrying')";
/** The same for `deliveries_unsent`. */
export const UNSENT = "(status = 'failed' OR status = 'expired' OR status = 'suppressed' OR status = 'cancelled')";
