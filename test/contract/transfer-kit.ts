import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type CopyResult, copyContent } from '../../src/cli/copy-content.ts';
import type { InboxStore } from '../../src/store/inbox.ts';
import type { SandboxStore } from '../../src/store/sandbox.ts';
import type { Store } from '../../src/store/store.ts';
import {
  type Copy,
  KEY_OF,
  type RowKey,
  TABLES,
  type TableName,
  type TransferStore,
} from '../../src/store/transfer.ts';
import { attempt, type Builders, builders } from '../kit/builders.ts';
import type { ManualClock } from '../kit/manual-clock.ts';
import { putIntoInbox } from '../kit/put-into-inbox.ts';
import { ACCEPTED, change, DEFERRED, HOUR, LEASE, MINUTE, next, REJECTED, rejectedAttempt } from './store/store-kit.ts';

export type WholeStore = Store & InboxStore & SandboxStore & TransferStore;

/** Two empty stores on one clock, and how to open the first once more; what they need afterwards `t.after` arranges. */
export type OpenPair = (t: TestContext) => Promise<{
  readonly source: WholeStore;
  readonly target: WholeStore;
  readonly clock: ManualClock;
  readonly sourceAgain: () => Promise<WholeStore>;
}>;

export const MANY = { rows: 1000, bytes: 1e9 };

export async function walkRows(store: TransferStore, table: TableName, limit: { rows: number; bytes: number }) {
  const rows: object[] = [];
  const keyOf = KEY_OF[table] as (row: object) => RowKey;
  let after: RowKey | null = null;
  for (;;) {
    const page: readonly object[] = await store.readRows(table, after, limit);
    const last = page.at(-1);
    if (last === undefined) return rows;
    assert.ok(page.length <= limit.rows);
    rows.push(...page);
    // As it is after it was written down.
    after = JSON.parse(JSON.stringify(keyOf(last))) as RowKey;
  }
}

export function note(over: Partial<Copy> = {}): Copy {
  const progress = Object.fromEntries(
    TABLES.map((table) => [table, { after: null, rows: 0, checksum: '0'.repeat(32) }]),
  ) as Copy['progress'];
  return { source: 'a store', version: 1, startedAt: 1, endedAt: null, progress, ...over };
}

export function copyOf(source: TransferStore, target: TransferStore): Promise<CopyResult> {
  return copyContent({ source, target, sourceName: 'the source', now: () => 7, onProgress: () => {} });
}

export async function copied(source: TransferStore, target: TransferStore): Promise<CopyResult> {
  const result = await copyOf(source, target);
  assert.equal(result.kind, 'copied', JSON.stringify(result, null, 1));
  return result;
}

export class Cut extends Error {}

/** After so many writes the next one, done or not, is the last that this process has lived to ask for. */
export function interrupted(store: TransferStore, when: 'before' | 'after', lives: number): TransferStore {
  let left = lives;
  async function dying(write: () => Promise<boolean>): Promise<boolean> {
    if (left < 0) throw new Cut();
    left -= 1;
    if (left >= 0) return write();
    if (when === 'after') await write();
    throw new Cut();
  }
  return {
    ...store,
    beginCopy: (copy) => dying(() => store.beginCopy(copy)),
    writeRows: (table, rows, copy) => dying(() => store.writeRows(table, rows, copy)),
    endCopy: (copy) => dying(() => store.endCopy(copy)),
  };
}

/** A row at a time, so that a table takes several writes. */
export function inSmallPages(store: TransferStore): TransferStore {
  return { ...store, readRows: (table, after, limit) => store.readRows(table, after, { ...limit, rows: 1 }) };
}

export function withWrite(
  store: TransferStore,
  alter: (table: TableName, rows: readonly object[]) => readonly object[],
): TransferStore {
  return {
    ...store,
    writeRows: (table, rows, copy) => store.writeRows(table, alter(table, rows) as typeof rows, copy),
  };
}

/** Calls back before each first page of a table is read by the copy. */
export function onRead(store: TransferStore, table: TableName, callback: () => Promise<unknown>): TransferStore {
  return {
    ...store,
    async readRows(of, after, limit) {
      if (of === table && after === null && limit.rows > 1) await callback();
      return store.readRows(of, after, limit);
    },
  };
}

export async function pairKit(t: TestContext, open: OpenPair) {
  const pair = await open(t);
  return { ...pair, make: builders(() => pair.clock.now()) };
}

/** A source with some of everything: every state a delivery can be left in, marks, keys, several minutes. */
export async function filledPair(t: TestContext, open: OpenPair) {
  const kit = await pairKit(t, open);
  const { source, clock, make } = kit;
  const parcels = await acceptAll(source, make, clock);
  const claims = await source.claim(
    parcels.slice(0, 5).flatMap(({ deliveries }) => deliveries.map(({ id }) => id)),
    LEASE,
  );
  const [sent, retrying, failed, ...leased] = claims;
  assert.ok(sent && retrying && failed && leased.length >= 2);
  clock.advance(MINUTE / 2);
  const now = clock.now();
  const deferred = attempt({ startedAt: now, outcome: 'deferred', code: 'provider_error', providerMessageId: null });
  await source.write([
    [change(next(sent.delivery, ACCEPTED, now), [attempt({ startedAt: now })])],
    [change(next(retrying.delivery, DEFERRED, now), [deferred])],
    [change(next(failed.delivery, REJECTED, now), [rejectedAttempt(1, now)])],
  ]);
  clock.advance(MINUTE);
  await fillSideTables(source, make, clock);
  clock.advance(MINUTE);
  return kit;
}

async function acceptAll(source: WholeStore, make: Builders, clock: ManualClock) {
  const legs = [{ chain: ['email', 'sms'], unaddressed: ['sms'] }, { chain: ['in_app'] }] as const;
  const parcels = [
    ...Array.from({ length: 4 }, (_, n) => make.parcel({ message: `Number ${n} 🪄`, data: { n }, tags: ['a', 'b'] })),
    make.parcel({ recipient: { userId: 'user-1', email: 'user@example.com' }, metadata: { b: '1', a: '2' } }, legs),
    make.parcel({ sendAt: clock.now() + HOUR, expiresAt: clock.now() + 2 * HOUR, priority: 'high' }),
    make.parcel({ priority: 'low', retry: { rounds: 3, delays: [1, 2] } }, [{ handedOverUntil: clock.now() + 30_000 }]),
  ];
  for (const [index, parcel] of parcels.entries()) {
    await source.accept([
      make.submission([parcel], { key: `k${index}`, answer: `{"id":"${parcel.notification.id}"}` }),
    ]);
    clock.advance(1);
  }
  return parcels;
}

async function fillSideTables(source: WholeStore, make: Builders, clock: ManualClock): Promise<void> {
  const entries = Array.from({ length: 4 }, (_, n) =>
    make.inboxEntry({ body: `Entry ${n}`, data: n > 2 ? { n } : null }),
  );
  await putIntoInbox(source, entries);
  const [read, archived] = entries;
  assert.ok(read && archived);
  await source.markInboxEntry('user-1', read.id, 'read', clock.now());
  await source.markInboxEntry('user-1', archived.id, 'archive', clock.now());
  await source.addToSandbox(Array.from({ length: 4 }, (_, n) => make.sandboxMessage({ to: `to-${n}` })));
}
