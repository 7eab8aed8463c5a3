import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { formatTime } from '../../domain/time.ts';
import type { BackupNote } from '../backup.ts';
import { assertRoom, isSameFile, isThere, newPart, removePart, SIDE_FILES, sync } from './backup-files.ts';
import {
  assertSound,
  checkBackup,
  hasTable,
  isBackup,
  NOTE_TABLE,
  notBackup,
  Refusal,
  tablesOf,
} from './backup-note.ts';
import { isLocked } from './database.ts';

/** How long another process's lock is waited for, in ms. */
const LOCK_WAIT = 500;
/** Tables that hold something even where nothing was ever accepted. */
const ALWAYS_FILLED: ReadonlySet<string> = new Set(['tidings_migrations', 'probe']);

/**
 * Puts a backup in the place of the database at `path`; throws a Refusal, and then nothing has changed. What is checked
 * is the copy that becomes the database: nothing lies between the check and the use.
 */
export function restoreFile(
  file: string,
  path: string,
  force: boolean,
  now: number,
): { readonly note: BackupNote; readonly aside: string | null; readonly inDoubt: number } {
  if (!isBackup(file)) throw new Refusal(notBackup(file));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (isSameFile(file, path)) throw new Refusal(`${file} is the database itself`);
  const old = isThere(path) ? holdOld(path, force) : null;
  if (old !== null) dropTwins(path);
  let part: string | null = null;
  try {
    if (old === null) assertNoRemains(path, force);
    assertRoom(path, statSync(file).size);
    part = newPart(path, now);
    const { note, inDoubt } = prepare(file, part, now);
    const before = `${path}.before-${formatTime(now).replaceAll(':', '-')}`;
    const aside = old?.isWorthKeeping === true ? before : null;
    publish(part, path, { isThere: old !== null, aside });
    return { note, aside, inDoubt };
  } finally {
    old?.release();
    if (part !== null) removePart(part);
  }
}

/** The database that is there, in nobody's use and locked against everybody until it is released. */
interface Held {
  /** It holds something, or nobody can say. */
  readonly isWorthKeeping: boolean;
  release(): void;
}

function holdOld(path: string, force: boolean): Held {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { timeout: LOCK_WAIT });
    // Only who has a file to themselves may end its log: this is the test, and it takes -wal and -shm away.
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const held = db;
    const isWorthKeeping = isFilled(held, path);
    if (isWorthKeeping && !force) {
      throw new Refusal(`${path} is not empty; --force replaces it, and keeps it under another name`);
    }
    return { isWorthKeeping, release: () => held.close() };
  } catch (error) {
    db?.close();
    if (error instanceof Refusal) throw error;
    if (isLocked(error)) throw new Refusal(`${path} is in use; stop every Tidings that works with it`);
    if (force) return { isWorthKeeping: true, release: () => {} };
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(`${path} cannot be read (${why}); --force replaces it, and keeps it under another name`);
  }
}

/** One that was killed just before its rename has left the database a second name, under which nobody may open it. */
function dropTwins(path: string): void {
  const ours = `${basename(path)}.before-`;
  const twins = readdirSync(dirname(path)).filter((name) => name.startsWith(ours));
  for (const twin of twins.map((name) => join(dirname(path), name))) if (isSameFile(twin, path)) rmSync(twin);
}

function isFilled(db: DatabaseSync, path: string): boolean {
  const tables = tablesOf(db);
  if (tables.length > 0 && !hasTable(db, 'tidings_migrations')) {
    throw new Refusal(`${path} holds tables of another program`);
  }
  return tables
    .filter((table) => !ALWAYS_FILLED.has(table))
    .some((table) => db.prepare(`SELECT 1 AS yes FROM "${table}" LIMIT 1`).get() !== undefined);
}

/** A log that was left without its database would be read into the new one. */
function assertNoRemains(path: string, force: boolean): void {
  const remains = SIDE_FILES.map((side) => `${path}${side}`).filter((one) => existsSync(one));
  if (remains.length > 0 && !force) {
    throw new Refusal(`there is no ${path}, but ${remains.join(' and ')}; --force restores all the same`);
  }
}

/** Leases end now, so that the sweeper sees to what was being sent as soon as there is one. */
function prepare(file: string, part: string, now: number): { readonly note: BackupNote; readonly inDoubt: number } {
  copyFileSync(file, part);
  chmodSync(part, 0o600);
  const note = checkBackup(part, file);
  const db = new DatabaseSync(part);
  try {
    db.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
    db.exec(`DROP TABLE ${NOTE_TABLE}`);
    db.prepare("UPDATE deliveries SET due_at = ? WHERE status = 'sending' AND due_at > ?").run(now, now);
    beginAnew(db, now);
    const sending = db.prepare("SELECT count(*) AS n FROM deliveries WHERE status = 'sending'").get();
    db.exec('COMMIT');
    assertSound(db, 'what was restored');
    return { note, inDoubt: Number(sending?.n) };
  } finally {
    db.close();
  }
}

/** Further than any log can have come since the backup was made. */
const JUMP = 1_000_000_000;

/**
 * Whoever watched before has seen what is no more, and the same numbers would now be given to other things: the logs of
 * streams begin at numbers that nobody has met, so that every older point is refused and its client loads anew.
 */
function beginAnew(db: DatabaseSync, now: number): void {
  // A backup of an older version has no such logs yet.
  if (hasTable(db, 'moves')) {
    const next = JUMP + Number(db.prepare('SELECT coalesce(max(last), 0) AS last FROM moves').get()?.last);
    db.exec('DELETE FROM moves');
    db.prepare("INSERT INTO moves (last, count, at, moves) VALUES (?, 0, ?, '[]')").run(next, now);
  }
  if (hasTable(db, 'inbox_marks')) {
    const next = JUMP + Number(db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM inbox_marks').get()?.seq);
    db.exec('DELETE FROM inbox_marks');
    db.prepare(
      `INSERT INTO inbox_marks (seq, entry_seq, user_id, mark, ids, before, at)
       SELECT ?, coalesce(max(seq), 0), '', 'seen', '[]', NULL, ? FROM inbox`,
    ).run(next, now);
  }
}

/** One rename is all that others can see. */
function publish(part: string, path: string, old: { readonly isThere: boolean; readonly aside: string | null }): void {
  sync(part);
  if (old.aside !== null) linkSync(path, old.aside);
  // A log that could be read was read into its database; of one that could not, it goes with the rest of it.
  for (const side of SIDE_FILES.filter((one) => existsSync(`${path}${one}`))) {
    renameSync(`${path}${side}`, `${old.aside ?? `${part}.old`}${side}`);
  }
  if (old.isThere) renameSync(part, path);
  else linkNew(part, path);
  sync(dirname(path));
}

/** Unlike a rename, a link fails where somebody has made a database meanwhile. */
function linkNew(part: string, path: string): void {
  try {
    linkSync(part, path);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    throw new Refusal(`somebody has just made ${path}; stop every Tidings that works with it`);
  }
}
