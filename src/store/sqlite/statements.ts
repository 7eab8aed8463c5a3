import type { DatabaseSync, StatementResultingChanges } from 'node:sqlite';
import type { Params } from './rows.ts';

/** A prepared statement whose parameters are the columns of one row. */
export interface RowStatement {
  run(row: Params): StatementResultingChanges;
}

/** An insert of one row. */
export function insertInto(db: DatabaseSync, table: string, columns: readonly string[]): RowStatement {
  const places = columns.map(() => '?').join(', ');
  return byPlace(db, `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, columns);
}

/** A statement whose parameters stand in the order of `columns`: binding them by name takes twice as long as the rest. */
export function byPlace(db: DatabaseSync, sql: string, columns: readonly string[]): RowStatement {
  const statement = db.prepare(sql);
  return { run: (row) => statement.run(...columns.map((column) => row[column] ?? null)) };
}

/** What a delivery must be for the index `deliveries_ready` to hold it: letter by letter as in the migration. */
export const READY = "status IN ('scheduled', 'pending', 'retrying')";
/** The same for `deliveries_unsent`. */
export const UNSENT = "status IN ('failed', 'expired', 'suppressed', 'cancelled')";
