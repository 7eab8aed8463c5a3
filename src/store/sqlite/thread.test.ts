import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { builders } from '../../../test/kit/builders.ts';
import { realClock } from '../../domain/clock.ts';
import type { NotificationId } from '../../domain/ids.ts';
import { StoreUnavailable, WrongDatabase } from '../store.ts';
import { askRows } from './ask-rows.ts';
import { openRowStore, type RowStore } from './row-store.ts';
import { serveRows } from './serve-rows.ts';
import { openSqliteThread } from './sqlite-store.ts';

async function place(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-thread-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'tidings.db');
}

async function threaded(t: TestContext, path: string) {
  const store = await openSqliteThread(path, () => undefined);
  t.after(() => store.close());
  return store;
}

const make = builders(() => Date.now());

test('keeps what it took, for whoever opens the file after it', async (t) => {
  const path = await place(t);
  const store = await openSqliteThread(path, () => undefined);
  assert.ok(store.migrated.length > 0);
  const parcel = make.parcel();
  assert.deepEqual(await store.accept([make.submission([parcel])]), [{ kind: 'accepted' }]);
  await store.close();
  const again = await threaded(t, path);
  assert.deepEqual(again.migrated, []);
  assert.deepEqual((await again.find(parcel.notification.id))?.notification, parcel.notification);
});

test('says in a sentence why it cannot open a file, and leaves no thread behind', async (t) => {
  const path = await place(t);
  await mkdir(path);
  await assert.rejects(
    openSqliteThread(path, () => undefined),
    /DATABASE_URL names .*, which cannot be opened/,
  );
});

test('hears of its own commits and of those of others', async (t) => {
  const path = await place(t);
  const [one, other] = [await threaded(t, path), await threaded(t, path)];
  const rung = (store: typeof one) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    t.after(store.onNews(resolve));
    return promise;
  };
  const both = [rung(one), rung(other)];
  await one.accept([make.submission([make.parcel()])]);
  await Promise.all(both);
});

test('answers what it was asked before it was closed, and nothing after', async (t) => {
  const store = await threaded(t, await place(t));
  const parcels = Array.from({ length: 100 }, () => make.parcel());
  const accepted = Promise.all(parcels.map((parcel) => store.accept([make.submission([parcel])])));
  await store.close();
  assert.equal((await accepted).length, 100);
  await store.close();
  await assert.rejects(store.probe(), StoreUnavailable);
});

test('tells whoever waits that its thread has ended, and whoever asks after that', async (t) => {
  const { rows, port2 } = await behindLine(t, { probe: () => new Promise(() => undefined) });
  const waiting = assert.rejects(rows.probe(), StoreUnavailable);
  await rows.backlog();
  port2.close();
  await waiting;
  await assert.rejects(rows.backlog(), /the thread of the store has ended/);
  await rows.close();
});

/** Rows of which one method is another. */
async function behindLine(t: TestContext, change: Partial<RowStore>) {
  const rows = openRowStore({ path: ':memory:', clock: realClock });
  const { port1, port2 } = new MessageChannel();
  serveRows({ ...rows, ...change }, port2);
  const asked = askRows(port1);
  t.after(async () => {
    await asked.close();
    port1.close();
    await rows.close();
  });
  return { rows: asked, port2 };
}

test('throws what the store throws, of the class and with the words that it has there', async (t) => {
  const thrown = [
    new StoreUnavailable('full', { overloaded: true, cause: new Error('no room') }),
    new StoreUnavailable('away'),
    new WrongDatabase('of another program'),
    new TypeError('a bug'),
  ];
  for (const error of thrown) {
    const { rows } = await behindLine(t, { probe: () => Promise.reject(error) });
    const caught = await rows.probe().then(
      () => null,
      (fault: unknown) => fault,
    );
    assert.ok(caught instanceof Error);
    assert.equal(Object.getPrototypeOf(caught), Object.getPrototypeOf(error));
    assert.equal(caught.message, error.message);
    assert.equal(
      caught instanceof StoreUnavailable && caught.overloaded,
      error instanceof StoreUnavailable && error.overloaded,
    );
    assert.equal(String(caught.cause), String(error.cause));
  }
});

test('is told by those who ask for what is no data, and goes on', async (t) => {
  const { rows } = await behindLine(t, {});
  const noData = (() => 1) as unknown as NotificationId;
  await assert.rejects(rows.find(noData), /could not be cloned/);
  await rows.probe();
});
