import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { storeKit } from '../../../test/contract/store/store-kit.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { builders } from '../../../test/kit/builders.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { entryChange, putIntoInbox } from '../../../test/kit/put-into-inbox.ts';
import { seen } from '../../../test/kit/until.ts';
import { INBOX_LOCK } from './inbox.ts';
import { openPostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();
const make = builders(() => Date.now());

async function opened(t: TestContext, url: string) {
  const store = await openPostgresStore({ url, clock: systemClock, connections: 4 });
  atEnd(t, () => store.close());
  return store;
}

async function connected(t: TestContext, url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  atEnd(t, () => client.end());
  return client;
}

const MOVE = (id: string) =>
  `INSERT INTO tidings.moves (count, at, moves) VALUES (1, 0, '[["${id}","pending",null,null,null]]')`;

describe('the log of moves', () => {
  test('withholds what was committed while somebody is under way who may come before it', async (t) => {
    const url = await postgres.database(t);
    const store = await opened(t, url);
    const start = await store.endOfMoves();
    const slow = await connected(t, url);
    await slow.query('BEGIN');
    await slow.query(MOVE('slow'));
    const parcel = make.parcel();
    await store.accept([make.submission([parcel])]);
    assert.deepEqual(await store.movesAfter(start, 10), []);
    assert.equal(await store.endOfMoves(), start);
    await slow.query('COMMIT');
    const moves = await seen(
      async () => {
        const found = await store.movesAfter(start, 10);
        return found?.length === 2 ? found : undefined;
      },
      () => 'the moves do not appear',
    );
    assert.deepEqual(
      moves.map(({ deliveryId }) => deliveryId),
      ['slow', parcel.deliveries[0]?.id],
    );
  });

  test('is read in the order of numbers, also where they have another digit', async (t) => {
    const url = await postgres.database(t);
    const store = await opened(t, url);
    const start = await store.endOfMoves();
    const client = await connected(t, url);
    await client.query(
      `INSERT INTO tidings.moves (tx, count, at, moves) VALUES ('99', 1, 0, '[["a","sent",null,null,null]]')`,
    );
    await client.query(
      `INSERT INTO tidings.moves (tx, count, at, moves) VALUES ('100', 1, 0, '[["b","sent",null,null,null]]')`,
    );
    const [, seq] = start.split('.');
    await client.query(`UPDATE tidings.moves SET tx = '98' WHERE seq = ${seq}`);
    const moves = await store.movesAfter(`98.${seq}.0`, 10);
    assert.deepEqual(
      moves?.map(({ deliveryId }) => deliveryId),
      ['a', 'b'],
    );
  });

  test('goes on where a dump of another server was restored, whose transactions had higher numbers', async (t) => {
    const url = await postgres.database(t);
    const client = await connected(t, url);
    await client.query(`UPDATE tidings.moves SET tx = '4000000000000'`);
    const store = await opened(t, url);
    const start = await store.endOfMoves();
    await store.accept([make.submission([make.parcel()])]);
    await seen(
      async () => ((await store.movesAfter(start, 10))?.length === 1 ? true : undefined),
      () => 'what is new does not appear',
    );
    assert.equal(await store.movesAfter('4000000000000.1.0', 10), null);
  });
});

describe('the log of an inbox', () => {
  test('lets nobody write while somebody has numbers that are not committed', async (t) => {
    const url = await postgres.database(t);
    const store = await opened(t, url);
    const start = await store.endOfInboxes();
    const slow = await connected(t, url);
    await slow.query('BEGIN');
    await slow.query(`SELECT pg_advisory_xact_lock(${INBOX_LOCK})`);
    const [first, second] = [make.inboxEntry({ body: 'first' }), make.inboxEntry({ body: 'second' })];
    await slow.query(
      'INSERT INTO tidings.inbox (id, notification_id, user_id, body, created_at) VALUES ($1, $2, $3, $4, 0)',
      [first.id, first.notificationId, first.userId, first.body],
    );
    // What has no entry waits for nobody.
    const { accept, send, state } = await storeKit(t, async () => ({ store, clock: new ManualClock() }));
    const plain = make.parcel();
    await accept(plain);
    await send(plain);
    assert.equal((await state(plain)).status, 'sent');
    const watching = await connected(t, url);
    // From here on in less time than a write waits for a lock.
    const added = putIntoInbox(store, [second]);
    await seen(
      async () => {
        const { rows } = await watching.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
        return rows.length > 0 || undefined;
      },
      () => 'the second does not wait',
    );
    assert.deepEqual((await store.inboxAfter('user-1', start, 10))?.happenings, []);
    await slow.query('COMMIT');
    await added;
    const news = await store.inboxAfter('user-1', start, 10);
    assert.deepEqual(
      news?.happenings.map((happening) => happening.kind === 'added' && happening.entry.body),
      ['first', 'second'],
    );
  });
});

test('rings when it begins to hear, as another may have written just before', async (t) => {
  const store = await opened(t, await postgres.database(t));
  let rings = 0;
  store.onNews(() => {
    rings += 1;
  });
  await seen(
    () => rings > 0 || undefined,
    () => 'what came before would be heard of with the next news only',
  );
});

test('news of one process are heard in another', async (t) => {
  const url = await postgres.database(t);
  const [here, there] = [await opened(t, url), await opened(t, url)];
  let rings = 0;
  there.onNews(() => {
    rings += 1;
  });
  const heardOf = async (what: string, happen: () => Promise<unknown>) => {
    // What was before may still ring.
    const before = await seen(
      async () => {
        const now = rings;
        await there.probe();
        return now === rings ? now : undefined;
      },
      () => 'it never falls silent',
    );
    await happen();
    await seen(
      () => rings > before || undefined,
      () => `nothing is heard of ${what}`,
    );
  };
  const parcel = make.parcel({}, [{ chain: ['in_app'] }]);
  await heardOf('an acceptance', () => here.accept([make.submission([parcel])]));
  const [claim] = await here.claim(
    parcel.deliveries.map(({ id }) => id),
    60_000,
  );
  assert.ok(claim);
  const entry = make.inboxEntry({ id: claim.delivery.id, notificationId: parcel.notification.id });
  await heardOf('an entry', () => here.write([[entryChange(claim.delivery, entry)]]));
  await heardOf('a mark', () => here.markInboxEntry(entry.userId, entry.id, 'read', Date.now()));
});
