import { readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DatabaseLocation } from '../config/database-url.ts';
import { realClock } from '../domain/clock.ts';
import { formatTime } from '../domain/time.ts';
import { backupsOf } from '../engines.ts';
import type { BackupNote } from '../store/backup.ts';
import { readSetup, WRONG_CONFIG } from './settings.ts';
import { jsonLine } from './words.ts';

export interface BackupOptions {
  /** How many of the backups in a folder are left; without it all. */
  readonly keep?: number;
  /** Only reads one that is there. */
  readonly check?: boolean;
  /** Prints the result as JSON. */
  readonly json?: boolean;
}

const DATED = /^tidings-[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9-]+Z\.db$/;

/** Backs the database up into a file, or under a name made of the time into a folder; answers the exit code. */
export async function backup(to: string, options: BackupOptions): Promise<number> {
  const setup = readSetup();
  if (setup === null) return WRONG_CONFIG;
  const backups = backupsOf(setup.config, realClock);
  if (backups === null) return failed(`${ofServer(setup.config.database)} makes the backup`);
  const isFolder = statSync(to, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (options.keep !== undefined && !isFolder) return failed('--keep needs a folder that is there');
  if (options.check === true) {
    const checked = await backups.check(resolve(to));
    if (checked.kind === 'refused') return failed(checked.why);
    const { note } = checked;
    const told =
      options.json === true
        ? jsonLine({ file: resolve(to), ...noteOut(note) })
        : `${resolve(to)} is sound: ${contents(note)}\n`;
    process.stdout.write(told);
    return 0;
  }
  const file = resolve(isFolder ? join(to, datedName()) : to);
  const made = await backups.backUp(file);
  if (made.kind === 'refused') return failed(made.why);
  const { note, bytes } = made;
  const words = `${file} is sound: ${contents(note)} ${bytes.toLocaleString('en')} bytes\n`;
  process.stdout.write(options.json === true ? jsonLine({ file, ...noteOut(note), bytes }) : words);
  if (options.keep !== undefined) keepNewest(to, options.keep);
  return 0;
}

/** Puts a backup in the place of the database; answers the exit code. */
export async function restore(
  from: string,
  { force = false, json = false }: { readonly force?: boolean; readonly json?: boolean },
): Promise<number> {
  const setup = readSetup();
  if (setup === null) return WRONG_CONFIG;
  const backups = backupsOf(setup.config, realClock);
  if (backups === null) return failed(`pg_restore brings it back; ${ofServer(setup.config.database)} has made it`);
  const restored = await backups.restore(resolve(from), { force });
  if (restored.kind === 'refused') return failed(restored.why);
  const { note, aside, inDoubt } = restored;
  if (json) {
    process.stdout.write(jsonLine({ file: resolve(from), ...noteOut(note), aside, in_doubt: inDoubt }));
    return 0;
  }
  const lines = [`Restored ${resolve(from)}: ${contents(note)}`];
  if (aside !== null) lines.push(`What was there before is ${aside} now; delete it when it is of no more use.`);
  if (inDoubt > 0) lines.push(`${inDoubt} deliveries were being sent, and it is not known whether they left.`);
  lines.push('"tidings reconcile" says what will be sent, or sent again, when Tidings is started.');
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

function noteOut({ madeAt, tables }: BackupNote) {
  return { made_at: formatTime(madeAt), tables };
}

/** What would do it, without a password. */
function ofServer(database: DatabaseLocation): string {
  const name = database.kind === 'postgres' ? new URL(database.url).pathname.slice(1) : '';
  return `PostgreSQL has its own tools: pg_dump --format=custom --schema=tidings --file=tidings.dump ${name}`;
}

function contents({ madeAt, tables }: BackupNote): string {
  const count = (table: string) => `${(tables[table]?.rows ?? 0).toLocaleString('en')} ${table}`;
  return `as of ${formatTime(madeAt)}, ${count('notifications')}, ${count('deliveries')}, ${count('attempts')}.`;
}

function datedName(): string {
  return `tidings-${formatTime(realClock.now()).replaceAll(':', '-').replace(/\..*$/, 'Z')}.db`;
}

function keepNewest(folder: string, keep: number): void {
  const dated = readdirSync(folder).filter((name) => DATED.test(name));
  for (const name of dated.sort().toReversed().slice(keep)) {
    rmSync(join(folder, name));
    process.stdout.write(`deleted ${join(folder, name)}\n`);
  }
}

function failed(why: string): number {
  process.stderr.write(`tidings: ${why.replace(/\.$/, '')}.\n`);
  return 1;
}
