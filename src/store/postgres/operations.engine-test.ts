import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { auditContract } from '../../../test/contract/audit-contract.ts';
import { storeKit } from '../../../test/contract/store/store-kit.ts';
import { upgradeContract } from '../../../test/contract/upgrade-contract.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { postgresForTests, program, systemClock } from '../../../test/kit/postgres.ts';
import { putIntoInbox } from '../../../test/kit/put-into-inbox.ts';
import { TABLES } from '../transfer.ts';
import { openPostgresAudit } from './audit.ts';
import { Database } from './database.ts';
import { migrate, readMigrations } from './migrate.ts';
import { openPostgresStore, type PostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();

async function opened(t: TestContext, url: string, clock: ManualClock): Promise<PostgresStore> {
  const store = await openPostgresStore({ url, clock: systemClock, time: clock, connections: 4 });
  atEnd(t, () => store.close());
  return store;
}

upgradeContract('PostgreSQL', async (t) => {
  const url = await postgres.database(t);
  const clock = new ManualClock();
  return {
    clock,
    table: (name) => `tidings.${name}`,
    open: () => opened(t, url, clock),
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

auditContract('PostgreSQL', async (t) => {
  const url = await postgres.database(t);
  const clock = new ManualClock();
  const store = await opened(t, url, clock);
  const audit = await openPostgresAudit({ url, clock: systemClock, time: clock });
  atEnd(t, () => audit.close());
  const sql = async (text: string) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  return { store, clock, audit, table: (name) => `tidings.${name}`, sql };
});

test('a database without our tables is not gone through', async (t) => {
  const url = await postgres.database(t, 'empty');
  await assert.rejects(openPostgresAudit({ url, clock: systemClock }), /there are no tables of Tidings yet/);
});

const run = promisify(execFile);
const ALL = { rows: 10_000, bytes: 1e9 };

async function contentOf(store: PostgresStore): Promise<object> {
  const tables = [];
  for (const table of TABLES) tables.push([table, await store.readRows(table, null, ALL)]);
  return Object.fromEntries(tables) as object;
}

test('what pg_dump has written of a store in use, pg_restore makes a store of, in place of another too', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-dump-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const [from, empty, used] = [
    await postgres.database(t),
    await postgres.database(t, 'empty'),
    await postgres.database(t),
  ];
  const clock = new ManualClock();
  const store = await opened(t, from, clock);
  const { accept, make, send, claimDue } = await storeKit(t, async () => ({ store, clock }));
  const parcels = Array.from({ length: 20 }, () => make.parcel());
  await accept(...parcels);
  await send(...parcels.slice(0, 10));
  await putIntoInbox(store, [make.inboxEntry(), make.inboxEntry()]);
  await store.addToSandbox([make.sandboxMessage()]);
  const leased = await claimDue(3);
  const before = await contentOf(store);
  const other = await opened(t, used, clock);
  await other.accept([make.submission([make.parcel()])]);
  await other.close();

  const dump = join(folder, 'tidings.dump');
  // As docs/operations.md has it.
  await run(program('pg_dump'), ['--format=custom', '--schema=tidings', `--file=${dump}`, from]);
  await accept(make.parcel());
  const how = ['--clean', '--if-exists', '--single-transaction', '--exit-on-error'];
  for (const url of [empty, used]) {
    await run(program('pg_restore'), [...how, `--dbname=${url}`, dump]);
    const restored = await opened(t, url, clock);
    assert.deepEqual(restored.migrated, []);
    assert.deepEqual(await contentOf(restored), before);
    // Leases that have not ended end by themselves.
    assert.deepEqual(await restored.expiredLeases(9), []);
    const entry = make.inboxEntry();
    await putIntoInbox(restored, [entry]);
    const seqs = (await restored.readRows('inbox', null, ALL)).map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      [...new Set(seqs)].sort((a, b) => a - b),
    );
    assert.equal(seqs.length, 3);
  }
  clock.advance(3_600_000);
  const lost = await (await opened(t, empty, clock)).expiredLeases(9);
  assert.deepEqual(lost.map(({ delivery }) => delivery.id).sort(), leased.map(({ delivery }) => delivery.id).sort());
});
