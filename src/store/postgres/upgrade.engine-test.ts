import { upgradeContract } from '../../../test/contract/upgrade-contract.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { Database } from './database.ts';
import { migrate, readMigrations } from './migrate.ts';
import { openPostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();

upgradeContract('PostgreSQL', async (t) => {
  const url = await postgres.database(t);
  const clock = new ManualClock();
  return {
    clock,
    table: (name) => `tidings.${name}`,
    async open() {
      const store = await openPostgresStore({ url, clock: systemClock, time: clock, connections: 4 });
      atEnd(t, () => store.close());
      return store;
    },
    async migrate(more) {
      const database = new Database({ url, clock: systemClock, connections: 3 });
      try {
        await database.greet();
        await migrate(database, [...readMigrations(), ...more]);
      } finally {
        await database.close();
      }
    },
  };
});
