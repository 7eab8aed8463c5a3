import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** An insert of one row, its parameters named as its columns. */
export function insertInto(db: DatabaseSync, table: string, columns: readonly string[]): StatementSync {
  const values = columns.map((column) => `:${column}`).join(', ');
  return db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values})`);
}

/** What a delivery must be for the index `deliveries_ready` to hold it: letter by letter as in the migration. */
export const READY = "status IN ('scheduled', 'pending', 'retrying')";
/** The same for `deliveries_unsent`. */
export const UNSENT = "status IN ('failed', 'expired', 'suppressed', 'cancelled')";
