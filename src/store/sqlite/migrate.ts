import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type AppliedMigration, type Migration, needsOf, schemaRefusal } from '../schema.ts';

/** The numbered `.sql` files, in order. */
export function readMigrations(folder = join(import.meta.dirname, 'migrations')): readonly Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({ number: Number(file.slice(0, 4)), name: file, sql: readFileSync(join(folder, file), 'utf8') }));
}

/**
 * Brings the schema up to date and answers the names of what was applied. One transaction under the write lock: of
 * several processes that start at once one migrates and the others wait; a crash in between leaves nothing half done.
 * Throws a sentence if the file is too new for this program, was made by another, or has a history other than ours.
 */
export function migrate(db: DatabaseSync, migrations: readonly Migration[], now: number): readonly string[] {
  db.exec('BEGIN IMMEDIATE');
  try {
    const applied = apply(db, migrations, now);
    db.exec('COMMIT');
    return applied;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function apply(db: DatabaseSync, migrations: readonly Migration[], now: number): readonly string[] {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  const ours = tables.some((table) => table.name === 'tidings_migrations');
  if (!ours && tables.length > 0) {
    const names = tables.map((table) => String(table.name)).join(', ');
    throw new Error(`the file holds tables of another program (${names}); name another file in DATABASE_URL`);
  }
  if (tables.some((table) => table.name === 'tidings_backup')) {
    throw new Error('the file is a backup; "tidings restore" puts it in the place of a database');
  }
  if (!ours) db.exec(HISTORY);
  const done = readHistory(db);
  const refusal = schemaRefusal(done.values(), migrations.at(-1)?.number ?? 0);
  if (refusal !== null) throw new Error(refusal);
  const applied: string[] = [];
  for (const migration of migrations) {
    const sha256 = createHash('sha256').update(migration.sql).digest('hex');
    const before = done.get(migration.number);
    if (before !== undefined) {
      if (before.sha256 !== sha256)
        throw new Error(`migration ${migration.name} was changed after it had been applied`);
      continue;
    }
    // Before, no migration was written that any older program could work with: nothing is known of those, and null says so.
    if (!hasNeeds(db)) db.exec('ALTER TABLE tidings_migrations ADD COLUMN needs INTEGER');
    db.exec(migration.sql);
    const { number, name } = migration;
    db.prepare(REMEMBER).run(number, name, sha256, now, needsOf(migration));
    applied.push(name);
  }
  return applied;
}

const HISTORY = `CREATE TABLE tidings_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL,
  applied_at INTEGER NOT NULL, needs INTEGER) STRICT`;
const REMEMBER = 'INSERT INTO tidings_migrations (number, name, sha256, applied_at, needs) VALUES (?, ?, ?, ?, ?)';

/** What was applied to the file, by number. */
export function readHistory(db: DatabaseSync): ReadonlyMap<number, AppliedMigration> {
  const rows = db.prepare('SELECT * FROM tidings_migrations').all();
  const history = rows.map(({ number, name, sha256, needs }): AppliedMigration => {
    return { number: Number(number), name: String(name), sha256: String(sha256), needs: numberOrNull(needs) };
  });
  return new Map(history.map((row) => [row.number, row]));
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function hasNeeds(db: DatabaseSync): boolean {
  return (
    db.prepare("SELECT 1 AS yes FROM pragma_table_info('tidings_migrations') WHERE name = 'needs'").get() !== undefined
  );
}
