import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnavailable } from '../store.ts';

/**
 * The oldest SQLite that may hold the truth: earlier ones can lose committed rows when several connections checkpoint
 * at once (the "WAL-reset" bug, fixed in 3.51.3).
 */
const OLDEST_SQLITE = [3, 51, 3] as const;

/** How long SQLite itself may wait for a lock, in ms. Short, as it blocks the process; longer waits are ours. */
const BUSY_WAIT = 5;
/** The first steps may meet another process that is making the file, or migrating: they wait for it so long, in ms. */
const START_WAIT = 15_000;

/** Opens (and makes) the file with the settings that every connection needs; throws a sentence if it may not. */
export function openDatabase(path: string): DatabaseSync {
  const db = openFile(path);
  try {
    assertSqliteVersion(db);
    keepLog(db);
    // WAL alone would mean NORMAL on some builds: a commit must be on the disk before it is answered.
    db.exec('PRAGMA synchronous = FULL');
    db.exec('PRAGMA journal_size_limit = 67108864');
    db.exec('PRAGMA cache_size = -16000');
    db.exec('PRAGMA temp_store = MEMORY');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Makes WAL the journal of the file, which it stays. Of two processes that do this to a new file at the same time SQLite
 * refuses one without any wait, as each holds what the other needs.
 */
function keepLog(db: DatabaseSync): void {
  for (const since = performance.now(); ; ) {
    try {
      db.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isLocked(error) || performance.now() - since > START_WAIT) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_WAIT);
    }
  }
}

/** What is made is for this user's eyes only: it will hold people's addresses and messages. */
function openFile(path: string): DatabaseSync {
  if (path === ':memory:') return new DatabaseSync(path);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const isNew = !existsSync(path);
    const db = new DatabaseSync(path, { timeout: START_WAIT });
    if (isNew) chmodSync(path, 0o600);
    return db;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`DATABASE_URL names ${path}, which cannot be opened: ${why}`, { cause: error });
  }
}

/**
 * Answers whether the file at `path` is still the one that was opened. One that was deleted or replaced would take
 * writes that nobody finds again.
 */
export function sameFile(path: string): () => boolean {
  const identity = () => {
    const { dev, ino } = statSync(path, { throwIfNoEntry: false }) ?? { dev: 0, ino: 0 };
    return `${dev}:${ino}`;
  };
  if (path === ':memory:') return () => true;
  const opened = identity();
  return () => identity() === opened;
}

/** To be called when start-up is over. */
export function limitBusyWait(db: DatabaseSync): void {
  db.exec(`PRAGMA busy_timeout = ${BUSY_WAIT}`);
}

function assertSqliteVersion(db: DatabaseSync): void {
  const version = String(db.prepare('SELECT sqlite_version() AS version').get()?.version);
  const parts = version.split('.').map(Number);
  for (const [index, wanted] of OLDEST_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part > wanted) return;
    if (part < wanted)
      throw new Error(`SQLite ${version} can lose data; ${OLDEST_SQLITE.join('.')} or newer is needed`);
  }
}

/**
 * Primary result codes (sqlite.org/rescode.html) that speak of the file or the machine and not of our statements:
 * busy, locked, no memory, read-only, interrupted, I/O error, corrupt, full, can't open, protocol, not a database.
 * Reads that fail make SQLite call a sound file corrupt, so that may pass too.
 */
const PASSING: ReadonlySet<number> = new Set([5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26]);
const LOCKED: ReadonlySet<number> = new Set([5, 6]);
/** Extended result codes: a primary key, another unique key. */
const TAKEN: ReadonlySet<number> = new Set([1555, 2067]);

function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/** Somebody else holds the lock: worth another try at once. */
export function isLocked(error: unknown): boolean {
  const code = resultCode(error);
  return code !== null && LOCKED.has(code);
}

/** A row with this key is there. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && TAKEN.has(Number(error.errcode));
}

/** The error as the port promises it: a passing fault of the file as StoreUnavailable, anything else as it is. */
export function asPortError(error: unknown): unknown {
  const code = resultCode(error);
  if (code === null || !PASSING.has(code)) return error;
  return new StoreUnavailable(`the SQLite file cannot be used right now (result code ${code})`, { cause: error });
}
