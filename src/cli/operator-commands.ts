import { parseArgs } from 'node:util';
import { backup, restore } from './backup.ts';
import { reconcileCommand } from './reconcile.ts';

/** Commands for whoever looks after a database, with their lines in the help. */
export const OPERATOR_HELP = `  tidings backup FILE          copy the SQLite database as it is now, while it is in use, and check the copy;
                               into a folder: under a name made of the time, --keep N deletes all but the newest N;
                               --check only reads one that is there
  tidings restore FILE         put such a backup in the place of the database, which must not be in use;
                               --force replaces one that is not empty, and keeps it beside
  tidings reconcile            go through the database, also while it is in use: whether it adds up, and what a start
                               would send; --json for programs; exits with 1 where something cannot be
`;

/** Runs one of them; a string is what was wrong with how it was called. Throws what parseArgs throws. */
export async function operatorCommand(
  command: 'backup' | 'restore' | 'reconcile',
  args: readonly string[],
): Promise<number | string> {
  if (command === 'reconcile') {
    return reconcileCommand(parseArgs({ args: [...args], options: { json: { type: 'boolean' } } }).values);
  }
  if (command === 'restore') {
    const options = { force: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [file] = positionals;
    return file === undefined || positionals.length > 1 ? 'restore takes one file' : restore(file, values);
  }
  const options = { keep: { type: 'string' }, check: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) return 'backup takes one file or folder';
  const { keep, check = false } = values;
  if (keep === undefined) return backup(file, { check });
  return /^[1-9][0-9]{0,3}$/.test(keep)
    ? backup(file, { check, keep: Number(keep) })
    : '--keep takes a number from 1 to 9999';
}
