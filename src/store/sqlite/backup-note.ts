import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { BackupNote, TableSum } from '../backup.ts';
import { schemaRefusal } from '../schema.ts';
import { readHistory, readMigrations } from './migrate.ts';

/** Only a backup has this table; a restored database has it no more. */
export const NOTE_TABLE = 'tidings_backup';
/** How much text is digested at once, in characters. */
const CHUNK = 65_536;

/** What stands in the way, as a sentence for whoever asked. */
export class Refusal extends Error {}

/** The tables of a database of ours, without the note. */
export function tablesOf(db: DatabaseSync): readonly string[] {
  const rows = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all();
  return rows.map(({ name }) => String(name)).filter((name) => name !== NOTE_TABLE);
}

export function hasTable(db: DatabaseSync, name: string): boolean {
  return db.prepare("SELECT 1 AS yes FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;
}

export function countRows(db: DatabaseSync): Readonly<Record<string, number>> {
  const count = (table: string) => Number(db.prepare(`SELECT count(*) AS n FROM "${table}"`).get()?.n);
  return Object.fromEntries(tablesOf(db).map((table) => [table, count(table)]));
}

/** A table is read in the order of its key, and its values as they are: the same content has the same sum. */
export function sumTables(db: DatabaseSync): Readonly<Record<string, TableSum>> {
  return Object.fromEntries(tablesOf(db).map((table) => [table, sumTable(db, table)]));
}

function sumTable(db: DatabaseSync, table: string): TableSum {
  const statement = db.prepare(`SELECT * FROM "${table}" NOT INDEXED`);
  statement.setReturnArrays(true);
  const sum = createHash('sha256');
  let text = '';
  let rows = 0;
  for (const row of statement.iterate()) {
    // With arrays for rows, which its types do not know.
    const values = Object.values(row).map((value) => (value instanceof Uint8Array ? latin(value) : value));
    text += JSON.stringify(values);
    rows += 1;
    if (text.length < CHUNK) continue;
    sum.update(text);
    text = '';
  }
  return { rows, sha256: sum.update(text).digest('hex') };
}

/** One character a byte. */
function latin({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

/** Throws a Refusal if the structure of the file is damaged. */
export function assertSound(db: DatabaseSync, what: string): void {
  const [first] = db.prepare('PRAGMA integrity_check(1)').all();
  const said = String(first?.integrity_check);
  if (said !== 'ok') throw new Refusal(`${what} is damaged: ${said.replaceAll(/\s+/g, ' ')}`);
}

/** Whether it says that it is one; throws what SQLite does where it cannot be read. */
export function isBackup(file: string): boolean {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return hasTable(db, NOTE_TABLE);
  } finally {
    db.close();
  }
}

export function writeNote(db: DatabaseSync, { madeAt, tables }: BackupNote): void {
  db.exec(
    `CREATE TABLE ${NOTE_TABLE} (id INTEGER PRIMARY KEY CHECK (id = 1), made_at INTEGER NOT NULL, tables TEXT NOT NULL) STRICT`,
  );
  db.prepare(`INSERT INTO ${NOTE_TABLE} (id, made_at, tables) VALUES (1, ?, ?)`).run(madeAt, JSON.stringify(tables));
}

/**
 * Reads the whole backup at `path`, which people know as `file`, and holds it against its note and against what this
 * program can work with; throws a Refusal.
 */
export function checkBackup(path: string, file = path): BackupNote {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    if (!hasTable(db, NOTE_TABLE)) throw new Refusal(notBackup(file));
    assertSound(db, file);
    const note = readNote(db);
    const found = sumTables(db);
    for (const table of new Set([...Object.keys(note.tables), ...Object.keys(found)])) {
      const [then, now] = [note.tables[table], found[table]];
      if (then?.rows === now?.rows && then?.sha256 === now?.sha256) continue;
      throw new Refusal(
        `${file} is not what it was: ${table} has ${now?.rows ?? 'no'} rows, and other content than the ${then?.rows ?? 'no'} rows that were backed up`,
      );
    }
    const refusal = schemaRefusal(readHistory(db).values(), readMigrations().at(-1)?.number ?? 0);
    if (refusal !== null) throw new Refusal(refusal);
    return note;
  } finally {
    db.close();
  }
}

export function notBackup(file: string): string {
  return `${file} is not a backup that "tidings backup" has made`;
}

function readNote(db: DatabaseSync): BackupNote {
  const row = db.prepare(`SELECT made_at, tables FROM ${NOTE_TABLE}`).get();
  if (row === undefined) throw new Refusal('the backup has no note of what it holds');
  return { madeAt: Number(row.made_at), tables: JSON.parse(String(row.tables)) as BackupNote['tables'] };
}
