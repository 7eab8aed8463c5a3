import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { transferContract } from '../../../test/contract/transfer-contract.ts';
import type { WholeStore } from '../../../test/contract/transfer-kit.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { openSqliteStore } from '../sqlite/sqlite-store.ts';
import { openPostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();

/** Opens one store as often as it is called. */
type Place = () => Promise<WholeStore>;

async function postgresPlace(t: TestContext, clock: ManualClock): Promise<Place> {
  const url = await postgres.database(t);
  return async () => {
    const store = await openPostgresStore({ url, clock: systemClock, time: clock, connections: 4 });
    atEnd(t, () => store.close());
    return store;
  };
}

async function sqlitePlace(t: TestContext, clock: ManualClock): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-copy-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  return async () => {
    const store = openSqliteStore({ path: join(folder, 'tidings.db'), clock });
    atEnd(t, () => store.close());
    return store;
  };
}

const PAIRS = [
  ['SQLite to PostgreSQL', sqlitePlace, postgresPlace],
  ['PostgreSQL to SQLite', postgresPlace, sqlitePlace],
] as const;

for (const [name, from, to] of PAIRS) {
  transferContract(name, async (t) => {
    const clock = new ManualClock();
    const sourceAgain = await from(t, clock);
    const target = await (await to(t, clock))();
    return { source: await sourceAgain(), target, clock, sourceAgain };
  });
}
