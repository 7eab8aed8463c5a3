import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { atEnd } from '../../../test/kit/at-end.ts';
import { builders } from '../../../test/kit/builders.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { seen } from '../../../test/kit/until.ts';
import { PRIORITIES } from '../../domain/notification.ts';
import { openPostgresStore, type PostgresStoreOptions } from './postgres-store.ts';

const postgres = postgresForTests();
const make = builders(() => Date.now());

async function opened(t: TestContext, url: string, options: Partial<PostgresStoreOptions> = {}) {
  const store = await openPostgresStore({ url, clock: systemClock, connections: 4, ...options });
  atEnd(t, () => store.close());
  return store;
}

async function sql(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

describe('the schema', () => {
  test('is made once by several processes that start at the same time', async (t) => {
    const url = await postgres.database(t, 'empty');
    const stores = await Promise.all(Array.from({ length: 5 }, () => opened(t, url)));
    assert.deepEqual(stores.flatMap((store) => store.migrated).sort(), [
      '0001_init.sql',
      '0002_copy.sql',
      '0003_logs.sql',
    ]);
    for (const store of stores) await store.probe();
  });

  test('stands beside the tables of other programs', async (t) => {
    const url = await postgres.database(t, 'empty');
    await sql(url, 'CREATE TABLE notifications (id int)');
    const store = await opened(t, url);
    const [result] = await store.accept([make.submission([make.parcel()])]);
    assert.deepEqual(result, { kind: 'accepted' });
  });

  test('of a newer program is refused, and so is one with another history', async (t) => {
    const url = await postgres.database(t);
    await sql(
      url,
      "INSERT INTO tidings.tidings_migrations (number, name, sha256) VALUES (9999, '9999_later.sql', 'x')",
    );
    await assert.rejects(openPostgresStore({ url, clock: systemClock }), /newer \(9999_later\.sql\)/);
    await sql(
      url,
      "DELETE FROM tidings.tidings_migrations WHERE number = 9999; UPDATE tidings.tidings_migrations SET sha256 = 'x'",
    );
    await assert.rejects(openPostgresStore({ url, clock: systemClock }), /0001_init\.sql was changed/);
  });

  test('needs no right to create anything once it is there', async (t) => {
    const url = await postgres.database(t);
    await sql(
      url,
      `CREATE ROLE plain_${process.pid} LOGIN; GRANT USAGE ON SCHEMA tidings TO plain_${process.pid};
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tidings TO plain_${process.pid}`,
    );
    const store = await opened(t, url.replace('postgres@', `plain_${process.pid}@`));
    await store.accept([make.submission([make.parcel()])]);
  });

  test('is found by URLs as other languages write them', async (t) => {
    const url = await postgres.database(t);
    for (const scheme of ['postgres', 'postgresql', 'postgresql+asyncpg']) {
      await opened(t, url.replace('postgresql:', `${scheme}:`));
    }
  });
});

describe('several processes on one database', () => {
  test('claim every delivery once between them, and all of them', async (t) => {
    const url = await postgres.database(t);
    const stores = await Promise.all(Array.from({ length: 4 }, () => opened(t, url)));
    const parcels = Array.from({ length: 2_000 }, () => make.parcel({}, [{}, { priority: 'low' }]));
    await stores[0]?.accept([make.submission(parcels)]);
    const claimed: string[] = [];
    await Promise.all(
      stores.map(async (store, index) => {
        for (;;) {
          const order = index % 2 === 0 ? PRIORITIES : PRIORITIES.toReversed();
          const claims = await store.claimDue({ limit: 37, order, leaseMs: 60_000 });
          claimed.push(...claims.map(({ delivery }) => delivery.id));
          if (claims.length === 0) return;
        }
      }),
    );
    assert.equal(claimed.length, 4_000);
    assert.equal(new Set(claimed).size, 4_000);
  });

  test('let one of them accept a key, and answer the others what it answered', async (t) => {
    const url = await postgres.database(t);
    const stores = await Promise.all(Array.from({ length: 4 }, () => opened(t, url)));
    for (let round = 0; round < 20; round++) {
      // Each brings several keys, in an order of its own.
      const keys = [0, 1, 2, 3].map((key) => `${round}-${key}`);
      const answers = await Promise.all(
        stores.map((store, index) => {
          const order = [...keys.slice(index), ...keys.slice(0, index)];
          return store.accept(order.map((key) => make.submission([make.parcel()], { key, answer: `${index}` })));
        }),
      );
      assert.equal(answers.flat().filter(({ kind }) => kind === 'accepted').length, 4);
      assert.equal(answers.flat().filter(({ kind }) => kind === 'replayed').length, 12);
    }
    const stats = await stores[0]?.stats(0);
    assert.equal(stats?.accepted, 80);
  });

  test('agree on the time: it is the database that says what is due', async (t) => {
    const url = await postgres.database(t);
    const behind = { ...systemClock, now: () => Date.now() - 3_600_000 };
    const store = await opened(t, url, { clock: behind });
    await store.accept([make.submission([make.parcel()])]);
    const [claim] = await store.claimDue({ limit: 1, order: PRIORITIES, leaseMs: 60_000 });
    const off = (claim?.delivery.dueAt ?? 0) - 60_000 - Date.now();
    assert.ok(Math.abs(off) < 5_000, `the lease is off by ${off} ms`);
    assert.ok(Math.abs(store.storeClock().now() - Date.now()) < 1_000);
  });
});

describe('the bell', () => {
  test('rings when another process has accepted something', async (t) => {
    const url = await postgres.database(t);
    const notices: string[] = [];
    const listener = await opened(t, url, { onNotice: (text) => notices.push(text) });
    const other = await opened(t, url);
    let rings = 0;
    const silence = listener.subscribe(() => {
      rings += 1;
    });
    await rungBy(
      () => other.accept([make.submission([make.parcel()])]),
      () => rings,
    );
    silence();
    assert.deepEqual(notices, []);
  });

  test('rings for nobody where a queue names what was accepted', async (t) => {
    const url = await postgres.database(t);
    const [store, other] = await Promise.all([opened(t, url), opened(t, url)]);
    let rings = 0;
    const stop = other.subscribe(() => {
      rings += 1;
    });
    t.after(stop);
    const due = () => store.accept([make.submission([make.parcel()])]);
    await rungBy(due, () => rings);
    const before = rings;
    const handedOverUntil = Date.now() + 60_000;
    for (let count = 0; count < 5; count++) {
      await store.accept([make.submission([make.parcel({}, [{ handedOverUntil }])])]);
      // What is rung together is rung once: these would be apart.
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await rungBy(due, () => rings - before);
    assert.ok(rings - before < 5, `${rings - before} rings`);
  });

  test('rings every half second while its connection is lost, says so, and hears again afterwards', async (t) => {
    const url = await postgres.database(t);
    const notices: string[] = [];
    const listener = await opened(t, url, { onNotice: (text) => notices.push(text) });
    let rings = 0;
    listener.subscribe(() => {
      rings += 1;
    });
    const other = await opened(t, url);
    await rungBy(
      () => other.accept([make.submission([make.parcel()])]),
      () => rings,
    );
    await sql(
      url,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tidings listen' AND datname = current_database()",
    );
    await seen(
      () => (notices.length > 0 ? true : undefined),
      () => 'nobody said anything',
    );
    const before = rings;
    await seen(
      () => (rings > before ? true : undefined),
      () => 'it does not ring blindly',
    );
    await seen(
      () => (notices.length > 1 ? true : undefined),
      () => 'it never hears again',
    );
    assert.match(notices[0] ?? '', /LISTEN does not work/);
    assert.match(notices[1] ?? '', /LISTEN works again/);
  });
});

/** Does it again and again until the ring is heard: a connection that has just begun to listen may miss the first. */
async function rungBy(work: () => Promise<unknown>, rings: () => number): Promise<void> {
  const before = rings();
  await seen(
    async () => {
      await work();
      return rings() > before ? true : undefined;
    },
    () => 'it never rang',
  );
}
