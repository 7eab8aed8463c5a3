import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AppliedMigration, type Migration, needsOf, schemaRefusal } from '../schema.ts';
import type { Database } from './database.ts';
import { sqlState } from './faults.ts';

/** The lock that only migrations take: any number that other programs hardly use. */
const LOCK = 7_443_182_201;
/** Longest wait for another process that migrates, in ms; a migration itself may take longer. */
const LOCK_WAIT = 15_000;
const MIGRATION_WAIT = 600_000;
/** SQLSTATE: the wait for a lock took too long; two transactions waited for each other's tables, and this one had to go. */
const IN_THE_WAY: ReadonlySet<string | null> = new Set(['55P03', '40P01']);
/**
 * Longest wait for a table, in ms: whoever comes to a table that is waited for waits too. A dump that is under way holds
 * all of them for as long as it takes, so it is tried again a few times, and others pass in between.
 */
const TABLE_WAIT = 2_000;
const TRIES = 5;

/** The numbered `.sql` files, in order. */
export function readMigrations(folder = join(import.meta.dirname, 'migrations')): readonly Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({ number: Number(file.slice(0, 4)), name: file, sql: readFileSync(join(folder, file), 'utf8') }));
}

/**
 * Brings the schema `tidings` up to date and answers the names of what was applied. One message is one transaction
 * under an advisory lock: of several processes that start at once one migrates and the others wait; a crash in between
 * leaves nothing half done. Where nothing is to be done, no right to create anything is needed.
 * Throws a sentence if the schema is too new for this program or has a history other than ours.
 */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<readonly string[]> {
  const applied: string[] = [];
  const before = await history(database);
  if (pending(before, migrations).length === 0) return applied;
  for (const migration of migrations) {
    if (await apply(database, migration)) applied.push(migration.name);
  }
  // What another process did meanwhile may be newer than what this one knows.
  pending(await history(database), migrations);
  return applied;
}

type History = ReadonlyMap<number, AppliedMigration>;

async function history(database: Database): Promise<History> {
  const [there] = await database.plain("SELECT to_regclass('tidings.tidings_migrations') IS NOT NULL AS yes");
  if (there?.yes !== true) return new Map();
  const rows = await database.plain('SELECT * FROM tidings.tidings_migrations');
  const applied = rows.map(({ number, name, sha256, needs }): AppliedMigration => {
    const known = typeof needs === 'number' ? needs : null;
    return { number: Number(number), name: String(name), sha256: String(sha256), needs: known };
  });
  return new Map(applied.map((row) => [row.number, row]));
}

function pending(done: History, migrations: readonly Migration[]): readonly Migration[] {
  const refusal = schemaRefusal(done.values(), migrations.at(-1)?.number ?? 0);
  if (refusal !== null) throw new Error(refusal);
  return migrations.filter((migration) => {
    const before = done.get(migration.number);
    if (before !== undefined && before.sha256 !== digest(migration))
      throw new Error(`migration ${migration.name} was changed after it had been applied`);
    return before === undefined;
  });
}

/**
 * One migration, if nobody has applied it. It travels as the body of a DO block, so that the look and the work are one
 * statement under the lock; that answers by whether the row was made in this transaction.
 */
async function apply(database: Database, migration: Migration): Promise<boolean> {
  const values = `${migration.number}, ${literal(migration.name)}, ${literal(digest(migration))}, ${needsOf(migration)}`;
  const message = `BEGIN; SET LOCAL lock_timeout = ${LOCK_WAIT}; SET LOCAL statement_timeout = ${MIGRATION_WAIT};
    SELECT pg_advisory_xact_lock(${LOCK});
    SET LOCAL client_min_messages = warning;
    CREATE SCHEMA IF NOT EXISTS tidings;
    CREATE TABLE IF NOT EXISTS tidings.tidings_migrations (
      number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
    SET LOCAL lock_timeout = ${TABLE_WAIT};
    ALTER TABLE tidings.tidings_migrations ADD COLUMN IF NOT EXISTS needs integer;
    DO ${literal(`BEGIN
      IF NOT EXISTS (SELECT 1 FROM tidings.tidings_migrations WHERE number = ${migration.number}) THEN
        EXECUTE ${literal(migration.sql)};
        INSERT INTO tidings.tidings_migrations (number, name, sha256, needs) VALUES (${values});
      END IF;
    END`)};
    SELECT applied_at = now() AS yes FROM tidings.tidings_migrations WHERE number = ${migration.number};
    COMMIT`;
  for (let tries = 1; ; tries++) {
    try {
      const [row] = await database.plain(message, [], MIGRATION_WAIT);
      return row?.yes === true;
    } catch (error) {
      if (!(error instanceof Error) || !IN_THE_WAY.has(sqlState(error.cause))) throw error;
      if (tries < TRIES) continue;
      const why = 'another process migrates it, or a dump or somebody else holds a table';
      throw new Error(`${migration.name} could not be applied: ${why}; start again later`, { cause: error });
    }
  }
}

function digest({ sql }: Migration): string {
  return createHash('sha256').update(sql).digest('hex');
}

/** A text literal that no setting of the server reads differently. */
function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
