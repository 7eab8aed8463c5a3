import type { Command } from './command.ts';
import { MISUSED } from './io.ts';

const FILE = { words: 'FILE', least: 1, most: 1 };

/** Commands for whoever looks after a database. */
export const OPERATOR_COMMANDS: readonly Command[] = [
  {
    name: 'backup',
    about: 'copy the SQLite database as it is now, while it is in use, and check the copy',
    takes: FILE,
    options: {
      keep: { value: 'COUNT', about: 'of the backups in the folder delete all but the newest' },
      check: { about: 'only read one that is there' },
      json: { about: 'print the result as JSON' },
    },
    notes: 'FILE may be a folder: then its name is made of the time.',
    examples: ['tidings backup ./tidings-backup.db', 'tidings backup /var/backups/tidings --keep 14'],
    async run(given, io) {
      const { backup } = await import('./backup.ts');
      const keep = given.text('keep');
      if (keep !== undefined && !/^[1-9][0-9]{0,3}$/.test(keep)) {
        io.err('tidings: --keep takes a number from 1 to 9999. "tidings help backup" shows how it is used.\n');
        return MISUSED;
      }
      const how = { check: given.flag('check') === true, json: given.flag('json') === true };
      return backup(given.words[0] ?? '', keep === undefined ? how : { ...how, keep: Number(keep) });
    },
  },
  {
    name: 'restore',
    about: 'put a backup in the place of the database, which must not be in use',
    takes: FILE,
    options: {
      force: { about: 'replace one that is not empty, and keep it beside' },
      json: { about: 'print the result as JSON' },
    },
    examples: ['tidings restore ./tidings-backup.db'],
    async run(given) {
      const { restore } = await import('./backup.ts');
      return restore(given.words[0] ?? '', { force: given.flag('force') === true, json: given.flag('json') === true });
    },
  },
  {
    name: 'reconcile',
    about: 'go through the database and say whether it adds up, and what a start would send',
    options: { json: { about: 'print the result as JSON' } },
    notes: 'The database may be in use. Exits with 1 where something in it cannot be.',
    examples: ['tidings reconcile'],
    async run(given) {
      const { reconcileCommand } = await import('./reconcile.ts');
      return reconcileCommand({ json: given.flag('json') === true });
    },
  },
];
