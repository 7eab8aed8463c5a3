import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Refusal } from './backup-note.ts';

/** What stays free beside a new file, in bytes: as much as the store keeps for itself. */
const SPARE = 67_108_864;
const PART = /^[0-9a-f]{12}\.part/;
/** What is this old was left behind by one that was killed, in ms. */
const LEFT_BEHIND = 86_400_000;
/** What SQLite keeps beside a database. */
export const SIDE_FILES = ['-wal', '-shm', '-journal'] as const;

/** A new file beside `file`, for this user's eyes only; what earlier ones have left behind is cleared away. */
export function newPart(file: string, now: number): string {
  const folder = dirname(file);
  const ours = `${basename(file)}.`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(ours) || !PART.test(name.slice(ours.length))) continue;
    const path = join(folder, name);
    if (now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > LEFT_BEHIND) rmSync(path, { force: true });
  }
  const part = `${file}.${randomBytes(6).toString('hex')}.part`;
  closeSync(openSync(part, 'wx', 0o600));
  return part;
}

export function removePart(part: string): void {
  for (const side of ['', ...SIDE_FILES]) rmSync(`${part}${side}`, { force: true });
}

export function assertRoom(file: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(file));
  if (bavail * bsize >= bytes + SPARE) return;
  const mebibytes = (count: number) => `${Math.ceil(count / 1_048_576)} MiB`;
  throw new Refusal(
    `${dirname(file)} has ${mebibytes(bavail * bsize)} free, and ${mebibytes(bytes + SPARE)} are needed`,
  );
}

/** Resolves the name to a file that is there, or is not; throws a Refusal where it is something else or has no folder. */
export function isThere(file: string): boolean {
  if (!(statSync(dirname(file), { throwIfNoEntry: false })?.isDirectory() ?? false)) {
    throw new Refusal(`there is no folder ${dirname(file)}`);
  }
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw new Refusal(`${file} is not a file`);
  return found !== undefined;
}

export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/** What was written to a file, or the names in a folder, are on the disk afterwards. */
export function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
