import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { atEnd } from '../../../test/kit/at-end.ts';
import { attempt, builders } from '../../../test/kit/builders.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { tcpProxy } from '../../../test/kit/tcp-proxy.ts';
import { seen, until } from '../../../test/kit/until.ts';
import { PRIORITIES } from '../../domain/notification.ts';
import { transition } from '../../domain/transition.ts';
import { type AcceptResult, type Claim, type Store, StoreUnavailable } from '../store.ts';
import { openPostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();
const make = builders(() => Date.now());

async function opened(t: TestContext, url: string, connections = 4) {
  const store = await openPostgresStore({ url, clock: systemClock, connections });
  atEnd(t, () => store.close());
  return store;
}

function through(url: string, port: number): string {
  return url.replace(/:\d+\//, `:${port}/`);
}

describe('a server that is restarted', () => {
  test('is unavailable meanwhile, loses nothing it has answered, and works again by itself', async (t) => {
    const store = await opened(t, await postgres.database(t));
    const accepted: string[] = [];
    const faults: unknown[] = [];
    const ending = new AbortController();
    const senders = Array.from({ length: 8 }, async () => {
      while (!ending.signal.aborted) {
        const parcel = make.parcel();
        try {
          await store.accept([make.submission([parcel])]);
          accepted.push(parcel.notification.id);
        } catch (error) {
          faults.push(error);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    });
    await moreThan(accepted, 100);
    await postgres.server.stop('immediate');
    await assert.rejects(store.probe(), StoreUnavailable);
    await postgres.server.start();
    await moreThan(accepted, accepted.length + 100);
    ending.abort();
    await Promise.all(senders);
    // A write that began before the restart may outlive it: whoever noticed was told that it is for now.
    for (const fault of faults) assert.ok(fault instanceof StoreUnavailable, String(fault));
    const there = new Set((await everything(store)).map(({ notification }) => notification.id as string));
    assert.deepEqual(
      accepted.filter((id) => !there.has(id)),
      [],
    );
    const { accepted: counted } = await store.stats(0);
    assert.equal(counted, there.size, 'what is counted is what is there');
  });
});

describe('a connection on which nothing arrives any more', () => {
  test('fails within seconds, for reads and writes, and the next ones work when it is mended', async (t) => {
    const proxy = await tcpProxy(postgres.server.port);
    atEnd(t, () => proxy.close());
    const store = await opened(t, through(await postgres.database(t), proxy.port));
    await Promise.all([store.probe(), store.backlog(), store.probe(), store.backlog()]);
    proxy.hold();
    const began = performance.now();
    const calls = [store.probe(), store.backlog(), store.accept([make.submission([make.parcel()])]), store.nextDueAt()];
    for (const call of await Promise.allSettled(calls)) {
      assert.equal(call.status, 'rejected');
      assert.ok(call.reason instanceof StoreUnavailable, String(call.reason));
    }
    const took = performance.now() - began;
    assert.ok(took < 5_000, `it took ${took} ms`);
    proxy.release();
    await Promise.all([store.probe(), store.backlog(), store.accept([make.submission([make.parcel()])])]);
  });
});

test('a clock that is set back after a connection fell silent does not make it throw good ones away', async (t) => {
  const proxy = await tcpProxy(postgres.server.port);
  atEnd(t, () => proxy.close());
  let ahead = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + ahead };
  const url = through(await postgres.database(t), proxy.port);
  const store = await openPostgresStore({ url, clock, connections: 4 });
  atEnd(t, () => store.close());
  proxy.hold();
  await assert.rejects(store.backlog(), StoreUnavailable);
  ahead = -3_600_000;
  proxy.release();
  await until(store.backlog(), () => 'it does not come to an end', 5_000);
});

describe('connecting anew', () => {
  test('leaves none of the old connections, and hears other processes again', async (t) => {
    const url = await postgres.database(t);
    const store = await opened(t, url);
    const other = await opened(t, url);
    let rings = 0;
    store.subscribe(() => {
      rings += 1;
    });
    await Promise.all([store.probe(), store.backlog(), store.probe()]);
    const asked = new Client({ connectionString: url });
    await asked.connect();
    atEnd(t, () => asked.end());
    const listening = () => connectionsOf(asked, 'tidings listen');
    const [listener] = await seen(
      async () => ((await listening()).length === 1 ? listening() : undefined),
      () => 'it does not listen',
    );
    await other.close();
    const old = await connectionsOf(asked, 'tidings');
    assert.ok(old.length >= 2);
    await store.reconnect();
    await store.probe();
    await seen(
      async () => !(await connectionsOf(asked, 'tidings')).some((pid) => old.includes(pid)) || undefined,
      () => 'old connections are still there',
    );
    await seen(
      async () => ((await listening()).some((pid) => pid !== listener) ? true : undefined),
      () => 'it does not listen again',
    );
    const third = await opened(t, url);
    rings = 0;
    await third.accept([make.submission([make.parcel()])]);
    await seen(
      () => (rings > 0 ? true : undefined),
      () => 'nothing was heard',
    );
  });

  test('ends what waits for a server that says nothing any more', async (t) => {
    const proxy = await tcpProxy(postgres.server.port);
    atEnd(t, () => proxy.close());
    const store = await opened(t, through(await postgres.database(t), proxy.port));
    await Promise.all([store.probe(), store.backlog()]);
    proxy.holdOpen();
    const settled = Promise.allSettled([store.probe(), store.backlog()]);
    const began = performance.now();
    await store.reconnect();
    assert.deepEqual(
      (await settled).map(({ status }) => status),
      ['fulfilled', 'fulfilled'],
    );
    await store.probe();
    assert.ok(performance.now() - began < 3_000, 'it waited for the old connections');
  });
});

/** The server's processes for them. */
async function connectionsOf(client: Client, application: string): Promise<number[]> {
  const sql = 'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1';
  const { rows } = await client.query<{ pid: number }>(sql, [application]);
  return rows.map(({ pid }) => pid);
}

describe('a connection that breaks after any byte', () => {
  for (const direction of ['to the server', 'from the server'] as const) {
    test(`${direction}, while it accepts: everything is there once, and answered as it is`, async (t) => {
      const { store, direct, proxy } = await cutting(t);
      const unknown: number[] = [];
      for (const bytes of positions(direction)) {
        const parcel = make.parcel();
        const submission = make.submission([parcel], { key: parcel.notification.id, answer: 'first' });
        proxy.cutAfter(direction, bytes);
        const result = await answerOf(store.accept([submission]));
        const record = await direct.find(parcel.notification.id);
        if (result === 'unavailable') {
          unknown.push(bytes);
          const [again] = await direct.accept([{ ...submission, notifications: [make.parcel()] }]);
          assert.equal(again?.kind, record === null ? 'accepted' : 'replayed');
        } else {
          assert.deepEqual(result, { kind: 'accepted' }, `after ${bytes} bytes`);
          assert.ok(record, `after ${bytes} bytes: it was accepted and is not there`);
        }
      }
      assert.ok(proxy.cuts > 20, `it was cut ${proxy.cuts} times`);
      assert.deepEqual(unknown, [], 'with the server at hand every outcome can be found out');
      assert.equal((await direct.stats(0)).accepted, (await everything(direct)).length);
    });

    test(`${direction}, while it claims and settles: what is leased is what was answered`, async (t) => {
      const { store, direct, proxy } = await cutting(t);
      for (const bytes of positions(direction)) {
        const parcel = make.parcel();
        await direct.accept([make.submission([parcel])]);
        proxy.cutAfter(direction, bytes);
        const claims = await store.claimDue({ limit: 10, order: PRIORITIES, leaseMs: 60_000 });
        assert.deepEqual(claims.length, 1, `after ${bytes} bytes`);
        const [claim] = claims;
        assert.ok(claim);
        proxy.cutAfter(direction, bytes);
        assert.deepEqual(await store.write([[sent(claim)]]), [true], `after ${bytes} bytes`);
        const record = await direct.find(parcel.notification.id);
        assert.deepEqual(
          [record?.deliveries[0]?.status, record?.attempts.length, record?.deliveries[0]?.crashes],
          ['sent', 1, 0],
        );
      }
      assert.ok(proxy.cuts > 20, `it was cut ${proxy.cuts} times`);
    });
  }
});

/** Every place in the messages of one transaction, roughly, and some beyond it. */
function positions(direction: Direction): readonly number[] {
  const [count, step] = direction === 'to the server' ? [70, 101] : [60, 9];
  return Array.from({ length: count }, (_, index) => 1 + index * step);
}

async function cutting(t: TestContext) {
  const url = await postgres.database(t);
  const proxy = await cuttingProxy(t, postgres.server.port);
  const direct = await opened(t, url);
  const store = await opened(t, through(url, proxy.port));
  return { store, direct, proxy };
}

function sent({ delivery }: Claim) {
  const outcome = { kind: 'accepted', providerMessageId: 'm' } as const;
  const policy = { retry: { rounds: 1, delays: [] }, onUnknown: 'retry' } as const;
  const after = transition(delivery, { type: 'tried', outcome, attempts: 1, random: 0 }, Date.now(), policy);
  assert.ok(after);
  return { after, attempts: [attempt()] };
}

async function answerOf(results: Promise<readonly AcceptResult[]>): Promise<AcceptResult | 'unavailable'> {
  try {
    const [result] = await results;
    assert.ok(result);
    return result;
  } catch (error) {
    assert.ok(error instanceof StoreUnavailable, String(error));
    return 'unavailable';
  }
}

async function everything(store: Store) {
  const items = [];
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<Store['list']>> = await store.list({}, { limit: 500, after, scan: 500 });
    items.push(...page.items);
    if (page.next === null) return items;
    after = page.next;
  }
}

async function moreThan(list: readonly unknown[], count: number): Promise<void> {
  await seen(
    () => (list.length > count ? true : undefined),
    () => `there are ${list.length} and not ${count}`,
  );
}

type Direction = 'to the server' | 'from the server';

/** Breaks the connection over which the n-th byte from now goes, after that byte; once, until it is told again. */
async function cuttingProxy(t: TestContext, target: number) {
  const sockets = new Set<Socket>();
  let armed: { readonly direction: Direction; bytes: number } | null = null;
  let cuts = 0;

  function join(from: Socket, to: Socket, direction: Direction): void {
    sockets.add(from);
    from.on('data', (bytes) => {
      if (armed === null || armed.direction !== direction) return void to.write(bytes);
      if (bytes.length < armed.bytes) {
        armed.bytes -= bytes.length;
        return void to.write(bytes);
      }
      to.end(bytes.subarray(0, armed.bytes));
      from.destroy();
      armed = null;
      cuts += 1;
    });
    from.on('end', () => to.end());
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.end();
    });
  }

  const server = createServer((client) => {
    const onward = connect(target, '127.0.0.1');
    join(client, onward, 'to the server');
    join(onward, client, 'from the server');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  atEnd(t, async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return {
    port,
    cutAfter(direction: Direction, bytes: number) {
      armed = { direction, bytes };
    },
    get cuts() {
      return cuts;
    },
  };
}
