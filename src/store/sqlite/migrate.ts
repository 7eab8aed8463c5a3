import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

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
 * Throws a sentence if the file is newer than this program, was made by another, or has a history other than ours.
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
  db.exec(
    'CREATE TABLE IF NOT EXISTS tidings_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  );
  const done = new Map(
    db
      .prepare('SELECT number, name, sha256 FROM tidings_migrations')
      .all()
      .map((row) => [Number(row.number), { name: String(row.name), sha256: String(row.sha256) }]),
  );
  const newest = migrations.at(-1)?.number ?? 0;
  for (const [number, { name }] of done) {
    if (number > newest) throw new Error(`the database is newer (${name}) than this program; start a newer Tidings`);
  }
  const applied: string[] = [];
  for (const migration of migrations) {
    const sha256 = createHash('sha256').update(migration.sql).digest('hex');
    const before = done.get(migration.number);
    if (before !== undefined) {
      if (before.sha256 !== sha256)
        throw new Error(`migration ${migration.name} was changed after it had been applied`);
      continue;
    }
    db.exec(migration.sql);
    db.prepare('INSERT INTO tidings_migrations VALUES (?, ?, ?, ?)').run(migration.number, migration.name, sha256, now);
    applied.push(migration.name);
  }
  return applied;
}
