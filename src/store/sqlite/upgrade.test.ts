import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { upgradeContract } from '../../../test/contract/upgrade-contract.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { openDatabase } from './database.ts';
import { migrate, readMigrations } from './migrate.ts';
import { openSqliteStore } from './sqlite-store.ts';

upgradeContract('SQLite', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-upgrade-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const path = join(folder, 'tidings.db');
  const clock = new ManualClock();
  return {
    clock,
    table: (name) => name,
    async open() {
      const store = openSqliteStore({ path, clock });
      atEnd(t, () => store.close());
      return store;
    },
    async migrate(more) {
      const db = openDatabase(path);
      try {
        migrate(db, [...readMigrations(), ...more], 0);
      } finally {
        db.close();
      }
    },
  };
});
