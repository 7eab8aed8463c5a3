import { renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../domain/clock.ts';
import type { BackupNote, BackupRefused, Backups } from '../backup.ts';
import { assertRoom, isSameFile, isThere, newPart, removePart, sync } from './backup-files.ts';
import {
  assertSound,
  checkBackup,
  countRows,
  hasTable,
  isBackup,
  NOTE_TABLE,
  Refusal,
  sumTables,
  writeNote,
} from './backup-note.ts';
import { restoreFile } from './restore.ts';

/** Pages that are copied between two looks at whatever else there is to do. */
const PAGES_AT_ONCE = 1_000;
/** Result codes of what is damaged or no database at all. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);

/** Backups of the database file at `path`. */
export function sqliteBackups(path: string, clock: Clock): Backups {
  return {
    backUp: (file) =>
      orRefused(file, async () => {
        const { note, bytes } = await backUpFile(path, file, clock.now());
        return { kind: 'made', note, bytes } as const;
      }),
    check: (file) => orRefused(file, async () => ({ kind: 'sound', note: checkBackup(assertThere(file)) }) as const),
    restore: (file, { force }) =>
      orRefused(file, async () => {
        const restored = restoreFile(assertThere(file), path, force, clock.now());
        return { kind: 'restored', ...restored } as const;
      }),
  };
}

/** What is in the way is an answer and no fault: so is a disk that is full, or a folder that is somebody else's. */
async function orRefused<T>(file: string, work: () => Promise<T>): Promise<T | BackupRefused> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof Refusal || 'syscall' in error) return { kind: 'refused', why: error.message };
    if (!('errcode' in error)) throw error;
    const isDamaged = DAMAGED.has(Number(error.errcode) & 0xff);
    return {
      kind: 'refused',
      why: `${isDamaged ? `${file} is damaged, or not a database` : 'SQLite stops'}: ${error.message}`,
    };
  }
}

function assertThere(file: string): string {
  if (!isThere(file)) throw new Refusal(`there is no file ${file}`);
  return file;
}

/**
 * By SQLite's online backup, page by page out of one read transaction: writers go on, what they write meanwhile is not
 * in it, and rows are counted at the very moment that is copied. VACUUM INTO allows no transaction around it, so that
 * nothing could be held against its result.
 */
async function backUpFile(path: string, file: string, now: number): Promise<{ note: BackupNote; bytes: number }> {
  if (!isThere(path)) throw new Refusal(`there is no database ${path}`);
  assertReplaceable(file, path);
  const source = new DatabaseSync(path, { readOnly: true, timeout: 15_000 });
  let part: string | null = null;
  try {
    if (!hasTable(source, 'tidings_migrations')) throw new Refusal(`${path} is not a database of Tidings`);
    if (hasTable(source, NOTE_TABLE)) throw new Refusal(`${path} is itself a backup`);
    const pages = Number(source.prepare('PRAGMA page_count').get()?.page_count);
    const pageSize = Number(source.prepare('PRAGMA page_size').get()?.page_size);
    assertRoom(file, pages * pageSize);
    part = newPart(file, now);
    source.exec('BEGIN');
    const counts = countRows(source);
    await backup(source, part, { rate: PAGES_AT_ONCE });
    source.exec('COMMIT');
    const note = finish(part, counts, now);
    sync(part);
    renameSync(part, file);
    sync(dirname(file));
    return { note, bytes: statSync(file).size };
  } catch (error) {
    if (part !== null) removePart(part);
    throw error;
  } finally {
    source.close();
  }
}

/** Makes one file of the copy, checks it and notes what it holds. */
function finish(part: string, counts: Readonly<Record<string, number>>, now: number): BackupNote {
  const db = new DatabaseSync(part);
  try {
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL');
    assertSound(db, 'the database');
    const note = { madeAt: now, tables: sumTables(db) };
    for (const [table, rows] of Object.entries(counts)) {
      if (note.tables[table]?.rows === rows) continue;
      throw new Error(`the copy has ${note.tables[table]?.rows} rows in ${table}, and the database ${rows}`);
    }
    writeNote(db, note);
    return note;
  } finally {
    db.close();
  }
}

/** A backup may take the place of an older one, and of nothing else. */
function assertReplaceable(file: string, path: string): void {
  if (!isThere(file)) return;
  if (isSameFile(file, path)) throw new Refusal(`${file} is the database itself`);
  if (!isReadableBackup(file)) throw new Refusal(`${file} is there and is not a backup; name another file`);
}

function isReadableBackup(file: string): boolean {
  try {
    return isBackup(file);
  } catch {
    return false;
  }
}
