import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CopyResult } from '../../src/cli/copy-content.ts';
import { TABLES } from '../../src/store/transfer.ts';
import { attempt } from '../kit/builders.ts';
import { putIntoInbox } from '../kit/put-into-inbox.ts';
import { ACCEPTED, change, LEASE, MINUTE, next } from './store/store-kit.ts';
import {
  Cut,
  copied,
  copyOf,
  filledPair,
  inSmallPages,
  interrupted,
  MANY,
  note,
  type OpenPair,
  onRead,
  pairKit,
  type WholeStore,
  walkRows,
  withWrite,
} from './transfer-kit.ts';

const ALL = { limit: 100, after: null, scan: 10_000 };

/** What every store must do so that it can be copied into another, and what the copy makes of it. */
export function transferContract(name: string, open: OpenPair): void {
  describe(`a copy from ${name}`, () => {
    describe('rows', () => {
      for (const limit of [1, 3, 1000]) {
        test(`are read exactly once and in order, ${limit} at a time`, async (t) => {
          const { source } = await filledPair(t, open);
          for (const table of TABLES) {
            const all = await source.readRows(table, null, { rows: 1000, bytes: 1e9 });
            assert.equal(all.length, await source.countRows(table));
            assert.ok(all.length >= 3, `there is too little in ${table}`);
            assert.deepEqual(await walkRows(source, table, { rows: limit, bytes: 1e9 }), all);
          }
        });
      }

      test('come one at a time where they are large', async (t) => {
        const { source, make } = await pairKit(t, open);
        for (let count = 0; count < 3; count++) {
          await source.accept([make.submission([make.parcel({ message: '🪄'.repeat(16_000) })])]);
        }
        const some = await source.readRows('notifications', null, { rows: 1000, bytes: 30_000 });
        assert.ok(some.length <= 2, `${some.length} rows`);
        assert.equal((await walkRows(source, 'notifications', { rows: 1000, bytes: 10 })).length, 3);
      });
    });

    describe('the note', () => {
      test('is made once', async (t) => {
        const { target } = await pairKit(t, open);
        assert.equal(await target.findCopy(), null);
        const copy = note();
        assert.equal(await target.beginCopy(copy), true);
        assert.equal(await target.beginCopy({ ...copy, source: 'another' }), false);
        assert.deepEqual(await target.findCopy(), copy);
      });

      test('goes on with the rows or not at all: nothing is written behind, beyond or after the end', async (t) => {
        const { source, target } = await filledPair(t, open);
        const rows = await source.readRows('deliveries', null, { rows: 2, bytes: 1e9 });
        assert.equal(await target.writeRows('deliveries', rows, note({ version: 2 })), false);
        await target.beginCopy(note());
        assert.equal(await target.writeRows('deliveries', rows, note({ version: 3 })), false);
        assert.equal(await target.countRows('deliveries'), 0);
        const second = note({ version: 2 });
        assert.equal(await target.writeRows('deliveries', rows, second), true);
        // The same rows again: the note stays where it was.
        assert.equal(await target.writeRows('deliveries', rows, note({ version: 3 })), false);
        assert.deepEqual(await target.findCopy(), second);
        const end = note({ version: 3, endedAt: 5 });
        assert.equal(await target.endCopy(end), true);
        assert.equal(await target.writeRows('deliveries', [], note({ version: 4 })), false);
        assert.deepEqual(await target.findCopy(), end);
        assert.equal(await target.countRows('deliveries'), 2);
      });
    });

    test('tells one store from another, and that somebody else has written', async (t) => {
      const { source, target, sourceAgain, make } = await pairKit(t, open);
      const again = await sourceAgain();
      assert.equal(await again.identity(), await source.identity());
      assert.notEqual(await target.identity(), await source.identity());
      const mark = await source.writeMark();
      await again.find(make.notification().id);
      assert.equal(await source.writeMark(), mark);
      await putIntoInbox(again, [make.inboxEntry()]);
      assert.notEqual(await source.writeMark(), mark);
    });

    resultTests(open);
    interruptionTests(open);
    faultTests(open);
    refusalTests(open);
  });
}

function resultTests(open: OpenPair): void {
  describe('afterwards', () => {
    test('every question has the same answer', async (t) => {
      const { source, target, clock } = await filledPair(t, open);
      await copied(source, target);
      const everything = async (store: WholeStore) => ({
        list: await store.list({}, ALL),
        failed: await store.deadLetters({}, ALL),
        stats: await store.stats(0),
        backlog: await store.backlog(),
        next: await store.nextDueAt(),
        inbox: await store.listInbox('user-1', null, { limit: 2, after: null }),
        archived: await store.listInbox('user-1', 'archived', ALL),
        counts: await store.countInbox('user-1'),
        sandbox: await store.listSandbox({}, { limit: 2, after: null }),
        answers: await Promise.all(['k0', 'k1', 'k2'].map((key) => store.findAnswer('POST /x', key))),
      });
      assert.deepEqual(await everything(target), await everything(source));
      clock.advance(LEASE + MINUTE);
      const lost = async (store: WholeStore) =>
        (await store.expiredLeases(10)).toSorted((a, b) => a.delivery.id.localeCompare(b.delivery.id));
      assert.ok((await lost(source)).length >= 2);
      assert.deepEqual(await lost(target), await lost(source));
    });

    test('the fence holds: the lease that was held settles, the one before it does not', async (t) => {
      const { source, target, make, clock } = await pairKit(t, open);
      const parcel = make.parcel();
      await source.accept([make.submission([parcel])]);
      const [first] = await source.claim([parcel.deliveries[0]?.id ?? assert.fail()], LEASE);
      assert.ok(first);
      clock.advance(LEASE);
      const lost = next(first.delivery, { type: 'lease_expired' }, clock.now());
      await source.write([[change(lost)]]);
      const [second] = await source.claim([lost.id], LEASE);
      assert.ok(second);
      await copied(source, target);
      const sent = (claim: typeof first) => change(next(claim.delivery, ACCEPTED, clock.now()), [attempt()]);
      assert.deepEqual(await target.write([[sent(first)]]), [false]);
      assert.deepEqual(await target.write([[sent(second)]]), [true]);
    });

    test('what comes next is newer than what was copied', async (t) => {
      const { source, target, make } = await filledPair(t, open);
      await copied(source, target);
      await putIntoInbox(target, [make.inboxEntry({ body: 'next' })]);
      await target.addToSandbox([make.sandboxMessage({ to: 'next' })]);
      assert.equal((await target.listInbox('user-1', null, ALL)).items[0]?.body, 'next');
      assert.equal((await target.listSandbox({}, ALL)).items[0]?.to, 'next');
      await target.accept([make.submission([make.parcel()])]);
    });

    test('texts are there to the letter; of a provider that sent what no text may hold, as near as can be', async (t) => {
      const { source, target, make, clock } = await pairKit(t, open);
      const odd = { nul: 'a\u0000b', half: '\ud83e', '\u0000': ['🪄', '\\u0000', 1e21, -0.5], 2: 1, 1: 2 };
      const parcels = ['🪄'.repeat(16_000), '"\\%_\u2028', ' '].map((message) => make.parcel({ message, data: odd }));
      await source.accept([make.submission(parcels)]);
      const claims = await source.claim(
        parcels.flatMap(({ deliveries }) => deliveries.map(({ id }) => id)),
        LEASE,
      );
      const said = attempt({ detail: '\u0000 \ud83e 🪄', providerMessageId: '\udc00\u0000' });
      await source.write(claims.map(({ delivery }) => [change(next(delivery, ACCEPTED, clock.now()), [said])]));
      await copied(source, target);
      for (const { notification } of parcels) {
        const found = await target.find(notification.id);
        assert.deepEqual(found?.notification, notification);
        assert.equal(found.attempts[0]?.detail, '\uFFFD \uFFFD 🪄');
      }
    });

    test('running it again finds nothing to do, and says so in the same words', async (t) => {
      const { source, target, make } = await filledPair(t, open);
      const first = await copied(source, target);
      assert.deepEqual(await copied(source, target), first);
      await target.accept([make.submission([make.parcel()])]);
      const third = await copyOf(source, target);
      assert.equal(third.kind, 'different');
    });
  });
}

function interruptionTests(open: OpenPair): void {
  for (const when of ['before', 'after'] as const) {
    test(`cut off ${when} each of its writes, also within a table, it goes on and ends the same`, async (t) => {
      const { source, target } = await filledPair(t, open);
      const slow = inSmallPages(source);
      let result: CopyResult | null = null;
      let runs = 0;
      for (; result === null; runs++) {
        assert.ok(runs < 50, 'it does not get on');
        const broken = interrupted(target, when, when === 'before' ? 1 : 0);
        result = await copyOf(slow, broken).catch((error: unknown) => {
          assert.ok(error instanceof Cut, String(error));
          return null;
        });
      }
      assert.ok(runs >= 10, `it was cut off only ${runs} times`);
      assert.ok(result.kind === 'copied', result.kind);
      const progress = (await target.findCopy())?.progress;
      for (const { table, rows, checksum } of result.tables) {
        assert.deepEqual(await target.readRows(table, null, MANY), await source.readRows(table, null, MANY));
        const kept = progress?.[table];
        assert.deepEqual([kept?.rows, kept?.checksum], [rows, checksum], table);
      }
    });
  }

  test('of two at once one goes on, and the other learns that it is not alone', async (t) => {
    const { source, target } = await filledPair(t, open);
    let second: CopyResult | null = null;
    const overtaken = onRead(source, 'inbox', async () => {
      second ??= await copied(source, target);
    });
    assert.equal((await copyOf(overtaken, target)).kind, 'target_busy');
    assert.deepEqual(await copied(source, target), second);
  });
}

function faultTests(open: OpenPair): void {
  describe('is found out', () => {
    test('where a row was left out, with the name of its table', async (t) => {
      const { source, target } = await filledPair(t, open);
      const careless = withWrite(target, (of, rows) => (of === 'deliveries' ? rows.slice(1) : rows));
      const result = await copyOf(source, careless);
      assert.ok(result.kind === 'different');
      assert.deepEqual(
        result.faults.map((fault) => fault.table),
        ['deliveries'],
      );
      assert.equal(result.faults[0]?.target.rows, (result.faults[0]?.source.rows ?? 0) - 1);
      assert.equal((await target.findCopy())?.endedAt, null);
    });

    test('where a row of every table was left out', async (t) => {
      const { source, target } = await filledPair(t, open);
      const result = await copyOf(
        source,
        withWrite(target, (_, rows) => rows.slice(1)),
      );
      assert.ok(result.kind === 'different');
      assert.deepEqual(
        result.faults.map((fault) => fault.table),
        TABLES,
      );
    });

    test('where a row was changed on the way', async (t) => {
      const { source, target } = await filledPair(t, open);
      const careless = withWrite(target, (of, rows) =>
        of === 'notifications' ? rows.map((row, index) => (index === 1 ? { ...row, requestId: 'x' } : row)) : rows,
      );
      const result = await copyOf(source, careless);
      assert.ok(result.kind === 'different');
      const [fault] = result.faults;
      assert.equal(result.faults.length, 1);
      assert.equal(fault?.table, 'notifications');
      assert.equal(fault.target.rows, fault.source.rows);
      assert.deepEqual(fault.copied, fault.source);
    });

    test('where the source is at work: with what it has changed', async (t) => {
      const { source, target, sourceAgain, make } = await filledPair(t, open);
      const worker = await sourceAgain();
      const atWork = onRead(source, 'counters', () => worker.accept([make.submission([make.parcel()])]));
      const result = await copyOf(atWork, target);
      assert.ok(result.kind === 'different');
      const [fault] = result.faults;
      assert.equal(fault?.table, 'notifications');
      assert.equal(fault.source.rows, fault.copied.rows + 1);
      assert.deepEqual(fault.target, fault.copied);
    });

    test('where the source is at work, even if nothing of it was missed: later it ends well', async (t) => {
      const { source, target, sourceAgain } = await filledPair(t, open);
      const worker = await sourceAgain();
      let reads = 0;
      const atWork = onRead(source, 'deliveries', async () => {
        reads += 1;
        // While it is compared.
        if (reads > 1) await worker.probe();
      });
      assert.equal((await copyOf(atWork, target)).kind, 'source_busy');
      assert.equal((await copyOf(source, target)).kind, 'copied');
    });

    test('where somebody works with the target', async (t) => {
      const { source, target, make } = await filledPair(t, open);
      const entry = make.inboxEntry({ userId: 'somebody' });
      const used = onRead(source, 'inbox', () => putIntoInbox(target, [entry]));
      const result = await copyOf(used, target);
      assert.ok(result.kind === 'target_busy' || result.kind === 'different', result.kind);
    });
  });
}

function refusalTests(open: OpenPair): void {
  describe('is refused', () => {
    test('into itself', async (t) => {
      const { source, sourceAgain } = await filledPair(t, open);
      assert.equal((await copyOf(source, await sourceAgain())).kind, 'same_store');
      assert.equal(await source.findCopy(), null);
    });

    test('from nothing', async (t) => {
      const { source, target } = await pairKit(t, open);
      assert.equal((await copyOf(source, target)).kind, 'source_empty');
      assert.equal(await target.findCopy(), null);
    });

    test('into a store that holds something', async (t) => {
      const { source, target, make } = await filledPair(t, open);
      await target.addToSandbox([make.sandboxMessage()]);
      assert.deepEqual(await copyOf(source, target), { kind: 'target_used', tables: ['sandbox'] });
      assert.equal(await target.countRows('notifications'), 0);
    });

    test('into a part of another store, and from one', async (t) => {
      const { source, target } = await filledPair(t, open);
      await target.beginCopy(note({ source: 'another' }));
      assert.deepEqual(await copyOf(source, target), { kind: 'target_of_other_copy', of: 'another' });
      assert.deepEqual(await copyOf(target, source), { kind: 'source_unfinished', of: 'another' });
    });
  });
}
