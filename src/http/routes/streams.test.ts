import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { LEASE, next, REJECTED } from '../../../test/contract/store/store-kit.ts';
import { attempt, builders } from '../../../test/kit/builders.ts';
import { type EventReader, readEvents } from '../../../test/kit/event-reader.ts';
import { putIntoInbox } from '../../../test/kit/put-into-inbox.ts';
import { testServer } from '../../../test/kit/test-server.ts';
import { seen, until } from '../../../test/kit/until.ts';
import { realClock } from '../../domain/clock.ts';
import { memoryStore } from '../../store/memory/memory-store.ts';
import { openSqliteStore, type SqliteStore } from '../../store/sqlite/sqlite-store.ts';
import { StoreUnavailable } from '../../store/store.ts';
import { HTTP_LIMITS, type HttpDeps } from '../deps.ts';
import { userTokens } from '../user-tokens.ts';

const make = builders(() => Date.now());
const USER = 'user-1';

type AnyStore = Parameters<typeof testServer>[0];

async function served(t: TestContext, store: AnyStore, changes: Partial<HttpDeps> = {}) {
  const { app, lines } = testServer(store, { clock: realClock, ...changes });
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => app.close());
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/api/v1`;
  const readers: EventReader[] = [];
  t.after(() => {
    for (const reader of readers) reader.cut();
  });
  return {
    app,
    lines,
    url,
    open: async (path: string, after?: string, token?: string) => {
      const reader = await readEvents(`${url}${path}`, {
        ...(after === undefined ? {} : { 'last-event-id': after }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      });
      readers.push(reader);
      return reader;
    },
  };
}

/** Two openings of one file, as two processes have them. */
async function twoStores(t: TestContext): Promise<readonly [SqliteStore, SqliteStore]> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-streams-'));
  const open = () => openSqliteStore({ path: join(folder, 'tidings.db'), clock: realClock });
  const stores = [open(), open()] as const;
  t.after(async () => {
    for (const store of stores) await store.close();
    await rm(folder, { recursive: true });
  });
  return stores;
}

const INBOX = `/users/${USER}/inbox/stream`;

describe("the stream of a user's inbox", () => {
  test('tells what comes and what is done to it, and how many there are after each', async (t) => {
    const store = memoryStore({ clock: realClock });
    const { open } = await served(t, store);
    const stream = await open(INBOX);
    assert.equal(stream.status, 200);
    assert.equal(stream.headers['content-type'], 'text/event-stream');
    assert.equal(stream.headers['cache-control'], 'no-store');
    assert.equal(stream.headers['x-content-type-options'], 'nosniff');
    const entry = make.inboxEntry({ title: 'T', body: 'line\nline', actionUrl: 'https://example.com/' });
    await stream.count(1);
    await putIntoInbox(store, [entry, make.inboxEntry({ userId: 'somebody else' })]);
    await stream.count(3);
    await store.markInboxEntry(USER, entry.id, 'read', Date.now());
    await stream.count(5);
    await store.markInbox(USER, 'archive', { before: entry.createdAt + 1 }, Date.now());
    await stream.count(7);
    const counts = (total: number, unread: number) => ({ name: 'counts', data: { total, unread, unseen: unread } });
    const shown = stream.events.map(({ name, data }) => ({ name, data }));
    assert.deepEqual(shown, [
      counts(0, 0),
      {
        name: 'notification',
        data: {
          ...{ id: entry.id, notification_id: entry.notificationId, title: 'T', body: 'line\nline' },
          ...{ action_url: 'https://example.com/', data: null, created_at: new Date(entry.createdAt).toISOString() },
          ...{ seen_at: null, read_at: null, archived_at: null },
        },
      },
      counts(1, 1),
      { name: 'update', data: { as: 'read', ids: [entry.id] } },
      counts(1, 0),
      { name: 'update', data: { as: 'archive', before: new Date(entry.createdAt + 1).toISOString() } },
      counts(0, 0),
    ]);
    assert.deepEqual(stream.others.slice(0, 1), ['retry: 2000']);
  });

  test('has each of a thousand entries once and in order, however often the connection is cut', async (t) => {
    const [here, elsewhere] = await twoStores(t);
    const { open } = await served(t, here);
    const bodies: unknown[] = [];
    let last = (await (await open(INBOX)).count(1))[0]?.id;
    const entries = Array.from({ length: 1_000 }, (_, index) => make.inboxEntry({ body: `${index}` }));
    const writing = (async () => {
      // Some come alone, some many at once, some from this process.
      for (let index = 0; index < 1_000; ) {
        const some = index % 7 === 0 ? 9 : 1;
        await putIntoInbox(index % 3 === 0 ? here : elsewhere, entries.slice(index, index + some));
        index += some;
      }
    })();
    for (let cut = 0; cut < 20; cut++) {
      const stream = await open(INBOX, last);
      // A client takes what it has read when the connection breaks, wherever that is.
      await stream.count(40, 'notification');
      stream.cut();
      const taken = stream.events.slice(0, 60 - cut);
      last = taken.at(-1)?.id;
      bodies.push(...taken.filter(({ name }) => name === 'notification').map(({ data }) => data.body));
    }
    await writing;
    const tabs = await Promise.all([open(INBOX, last), open(INBOX, last)]);
    const [one, two] = await Promise.all(tabs.map((tab) => tab.count(1_000 - bodies.length, 'notification')));
    assert.deepEqual(one, two);
    bodies.push(...(one ?? []).map(({ data }) => data.body));
    assert.deepEqual(
      bodies,
      entries.map(({ body }) => body),
    );
  });

  test('tells those who come back too late to load everything again, and goes on from then', async (t) => {
    const store = memoryStore({ clock: realClock });
    const { open } = await served(t, store);
    const before = (await (await open(INBOX)).count(1))[0]?.id;
    const entry = make.inboxEntry();
    await putIntoInbox(store, [entry]);
    await store.markInboxEntry(USER, entry.id, 'read', 0);
    await store.markInboxEntry(USER, entry.id, 'unread', 0);
    while ((await store.forgetMarks(1, 10)) > 0);
    const stream = await open(INBOX, before);
    await stream.count(2);
    await store.markInboxEntry(USER, entry.id, 'read', 0);
    await stream.count(4);
    assert.deepEqual(
      stream.events.map(({ name }) => name),
      ['reset', 'counts', 'update', 'counts'],
    );
  });

  test('refuses to go on from what another stream gave, or nobody', async (t) => {
    const store = memoryStore({ clock: realClock });
    const { open, app } = await served(t, store);
    const [first] = await (await open(INBOX)).count(1);
    for (const [path, id] of [
      [INBOX, 'x'],
      [INBOX, '<script>'],
      [INBOX, '1e99'],
      ['/users/somebody/inbox/stream', first?.id ?? ''],
      ['/events', first?.id ?? ''],
    ] as const) {
      const refused = await open(path, id);
      assert.equal(refused.status, 400, id);
      await refused.ended;
      assert.match(refused.others.join(), /"code":"invalid_cursor"/);
    }
    const statusOf = async (method: 'GET' | 'HEAD', path: string) =>
      (await app.inject({ method, url: `/api/v1${path}` })).statusCode;
    assert.equal(await statusOf('GET', `${INBOX}?x=1`), 422);
    assert.equal(await statusOf('HEAD', INBOX), 405);
    assert.equal(await statusOf('GET', '/users/%00/inbox/stream'), 422);
  });
});

describe('the stream of events', () => {
  test('tells what becomes of deliveries, of all or of one notification', async (t) => {
    const store = memoryStore({ clock: realClock });
    const { open } = await served(t, store);
    const [mine, other] = [make.parcel(), make.parcel()];
    const [all, one] = await Promise.all([open('/events'), open(`/events?notification_id=${mine.notification.id}`)]);
    await store.accept([make.submission([other]), make.submission([mine])]);
    const ids = [mine, other].flatMap((parcel) => parcel.deliveries.map(({ id }) => id));
    for (const { delivery } of await store.claim(ids, LEASE)) {
      const failed = attempt({ outcome: 'rejected', code: 'invalid_recipient', provider: 'smtp' });
      await store.write([[{ after: next(delivery, REJECTED, Date.now()), attempts: [failed] }]]);
    }
    const [accepted, failed] = await one.count(2);
    assert.ok(accepted && failed);
    const about = { notification_id: mine.notification.id, delivery_id: ids[0] };
    assert.deepEqual(accepted.data, {
      ...{ ...about, status: 'pending', channel: null, provider: null, code: null },
      at: accepted.data.at,
    });
    assert.deepEqual(failed.data, {
      ...{ ...about, status: 'failed', channel: 'email', provider: 'smtp', code: 'invalid_recipient' },
      at: failed.data.at,
    });
    assert.equal((await all.count(4, 'delivery')).length, 4);
    const again = await open('/events', all.events[1]?.id);
    assert.deepEqual(await again.count(2), all.events.slice(2));
  });

  test('tells by a pulse only that something happened', async (t) => {
    const store = memoryStore({ clock: realClock });
    const { open } = await served(t, store);
    const stream = await open('/events?as=pulse');
    for (let count = 0; count < 50; count++) {
      await store.accept([make.submission([make.parcel()])]);
      await new Promise(setImmediate);
    }
    await stream.count(1);
    const { id } = stream.events[0] ?? { id: '' };
    assert.ok(stream.events.length <= 2);
    // The same place, so that a client may ask for more from there.
    const all = await open('/events', id);
    await store.accept([make.submission([make.parcel()])]);
    await all.count(1, 'delivery');
  });

  test('tells those whose place is forgotten to begin again', async (t) => {
    const store = memoryStore({ clock: realClock });
    const { open } = await served(t, store);
    const first = await open('/events');
    await store.accept([make.submission([make.parcel(), make.parcel(), make.parcel()])]);
    const [before] = await first.count(3);
    await store.forgetMoves(1, 100);
    const stream = await open('/events', before?.id);
    await stream.count(1, 'reset');
    await store.accept([make.submission([make.parcel()])]);
    assert.equal((await stream.count(2)).at(-1)?.name, 'delivery');
  });
});

describe('a stream that a token opened', () => {
  test('ends when the token does, and goes on with the next', async (t) => {
    const store = memoryStore({ clock: realClock });
    let now = Date.now();
    const clock = { ...realClock, now: () => now };
    const tokens = userTokens({ secrets: [Buffer.alloc(32, 1)], ttl: 60_000, clock });
    const limits = { ...HTTP_LIMITS, heartbeatMs: 20 };
    const { open } = await served(t, store, { clock, limits, tokens, apiKeys: ['key'] });
    const { token } = await tokens.mint(USER);
    const stream = await open(INBOX, undefined, token);
    const [first] = await stream.count(1);
    now += 59_000;
    await putIntoInbox(store, [make.inboxEntry()]);
    await stream.count(1, 'notification');
    // Clocks may be some seconds apart: for as long a token is taken still.
    now += 11_001;
    await until(stream.ended, () => 'it goes on');
    assert.equal((await open(INBOX, first?.id, token)).status, 401);
    const again = await open(INBOX, first?.id, (await tokens.mint(USER)).token);
    await again.count(1, 'notification');
  });
});

describe('a stream', () => {
  test('is alive while nothing happens', async (t) => {
    const store = memoryStore({ clock: realClock });
    const { open } = await served(t, store, { limits: { ...HTTP_LIMITS, heartbeatMs: 20 } });
    const stream = await open('/events');
    await seen(
      () => stream.others.filter((other) => other === ':').length > 2 || undefined,
      () => 'there is no heartbeat',
    );
  });

  test('cuts off who does not read, and gathers nothing for them', async (t) => {
    const store = memoryStore({ clock: realClock });
    const asking = t.mock.method(store, 'inboxAfter').mock;
    const { app, open } = await served(t, store, { limits: { ...HTTP_LIMITS, heartbeatMs: 100 } });
    const stream = await open(INBOX);
    await stream.count(1);
    stream.pause();
    const body = 'x'.repeat(10_000);
    for (let count = 0; count < 100; count++) {
      await putIntoInbox(
        store,
        Array.from({ length: 50 }, () => make.inboxEntry({ body })),
      );
    }
    await seen(
      () => asking.callCount() > 2 || undefined,
      () => 'nobody asks',
    );
    // What its socket and the system between the two hold, and then no more.
    const steady = await seen(
      async () => {
        const now = asking.callCount();
        await new Promise((resolve) => setTimeout(resolve, 60));
        return now === asking.callCount() ? now : undefined;
      },
      () => 'it is asked again and again',
    );
    assert.ok(steady < 60, `${steady} of 100 batches were read for somebody who does not`);
    await seen(
      async () => (await connectionsOf(app)) === 0 || undefined,
      () => 'it is not cut off',
    );
    stream.resume();
    await until(stream.ended, () => 'it does not end');
    assert.ok(stream.events.length < 5_000);
    // A busy machine can be slow itself, and then comes back as anybody does.
    const taken = [...stream.events];
    const entries = () => taken.filter(({ name }) => name === 'notification').map(({ data }) => data.id);
    while (entries().length < 5_000) {
      const again = await open(INBOX, taken.at(-1)?.id);
      await Promise.race([again.ended, again.count(5_000 - entries().length, 'notification')]);
      again.cut();
      taken.push(...again.events);
    }
    assert.equal(new Set(entries()).size, 5_000);
  });

  test('ends when the server closes, at once', async (t) => {
    const store = memoryStore({ clock: realClock });
    const { open, app } = await served(t, store);
    const streams = await Promise.all([open('/events'), open('/events?as=pulse'), open(INBOX)]);
    await until(app.close(), () => 'the server does not close', 3_000);
    await Promise.all(streams.map(({ ended }) => ended));
  });

  test('is refused while the store is away, and ends when that happens to it', async (t) => {
    const store = memoryStore({ clock: realClock });
    const working = store.inboxAfter.bind(store);
    let away = false;
    t.mock.method(store, 'inboxAfter', (...about: Parameters<typeof working>) =>
      away ? Promise.reject(new StoreUnavailable('it is away')) : working(...about),
    );
    const { open, lines } = await served(t, store);
    const stream = await open(INBOX);
    await stream.count(1);
    away = true;
    await putIntoInbox(store, [make.inboxEntry()]);
    await until(stream.ended, () => 'it does not end');
    const refused = await open(INBOX, stream.events[0]?.id);
    assert.equal(refused.status, 503);
    assert.ok(refused.headers['retry-after']);
    away = false;
    await (await open(INBOX, stream.events[0]?.id)).count(1, 'notification');
    const told = lines.filter(({ route }) => route?.endsWith('/inbox/stream'));
    assert.deepEqual(
      told.map(({ status, error }) => [status, error instanceof StoreUnavailable]),
      [
        [200, false],
        [200, true],
        [503, true],
        [200, false],
      ],
    );
  });

  /** How many listen for news of the store. */
  function watchingOf(t: TestContext, store: AnyStore): () => number {
    let watching = 0;
    const subscribe = store.onNews.bind(store);
    t.mock.method(store, 'onNews', (ring: () => void) => {
      watching += 1;
      const end = subscribe(ring);
      return () => {
        watching -= 1;
        end();
      };
    });
    return () => watching;
  }

  test('leaves nothing behind of a client that went away before it was opened', async (t) => {
    const store = memoryStore({ clock: realClock });
    const watching = watchingOf(t, store);
    const looking = Promise.withResolvers<void>();
    const end = Promise.withResolvers<string>();
    t.mock.method(store, 'endOfMoves', () => {
      looking.resolve();
      return end.promise;
    });
    const { app, url } = await served(t, store);
    const client = get(`${url}/events`);
    client.on('error', () => undefined);
    await looking.promise;
    assert.equal(watching(), 1);
    client.destroy();
    await seen(
      async () => (await connectionsOf(app)) === 0 || undefined,
      () => 'its connection is still there',
    );
    end.resolve('0');
    await seen(
      () => watching() === 0 || undefined,
      () => `${watching()} still watch`,
    );
  });

  test('leaves nothing behind', async (t) => {
    const store = memoryStore({ clock: realClock });
    const watching = watchingOf(t, store);
    const { open } = await served(t, store);
    const streams = await Promise.all([open('/events'), open(INBOX), open('/users/user-2/inbox/stream')]);
    assert.equal(watching(), 2, 'one for all inboxes');
    for (const stream of streams) stream.cut();
    await seen(
      () => watching() === 0 || undefined,
      () => `${watching()} still watch`,
    );
  });
});

function connectionsOf(app: FastifyInstance): Promise<number> {
  return new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count)));
}
