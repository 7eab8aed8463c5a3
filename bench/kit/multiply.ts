import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { USERS } from './bodies.ts';

/** Days that the copies are spread over, up to now, in ms. */
const SPREAD = 30 * 86_400_000;

/**
 * Puts copies of the newest notification, with all its rows, into a store that no process has open: a history in
 * seconds instead of minutes. The copies differ in id and user; the columns are asked of the database.
 */
export function multiply(path: string, copies: number): void {
  const db = new DatabaseSync(path);
  // What is lost with the power here is lost with the bench.
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000');
  db.exec('BEGIN');
  const first = Date.now() - SPREAD;
  const template = db.prepare('SELECT max(id) AS id FROM notifications').get()?.id ?? null;
  for (const table of tables(db)) {
    const key = table === 'notifications' ? 'id' : 'notification_id';
    const columns = columnsOf(db, table).filter((column) => !isCounted(table, column));
    const values = columns.map((column) => copied(table, column));
    db.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :copies - 1)
       INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')}
       FROM n CROSS JOIN (SELECT *, :first AS first, :spread AS spread, :copies AS copies FROM ${table} WHERE ${key} = :template) t`,
    ).run({ copies, first, spread: SPREAD, template });
  }
  db.exec('COMMIT');
  db.close();
  // Or the disk is busy with it while others are measured.
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
}

/** Those whose rows belong to a notification. */
function tables(db: DatabaseSync): readonly string[] {
  const names = db
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
    .all()
    .map(({ name }) => String(name));
  return names.filter((name) => name === 'notifications' || columnsOf(db, name).includes('notification_id'));
}

function columnsOf(db: DatabaseSync, table: string): readonly string[] {
  return db
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all(table)
    .map(({ name }) => String(name));
}

/** The database numbers these itself. */
function isCounted(table: string, column: string): boolean {
  return (table === 'inbox' && column === 'seq') || (table === 'sandbox' && column === 'id');
}

function copied(table: string, column: string): string {
  if (column === 'notification_id' || (table === 'notifications' && column === 'id')) return idEnding('00');
  // An entry of the inbox goes by the id of its delivery, the first.
  if (table === 'inbox' && column === 'id') return idEnding('01');
  if (column === 'user_id') return `CASE WHEN t.user_id IS NULL THEN NULL ELSE 'user-' || (i % ${USERS}) END`;
  return `t.${column}`;
}

/** A UUIDv7 whose time grows with `i`. */
function idEnding(end: string): string {
  return `unhex(printf('%012x70008000%010x${end}', t.first + i * t.spread / t.copies, i))`;
}
