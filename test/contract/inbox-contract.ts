import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { deliveryId } from '../../src/domain/ids.ts';
import type { NewInboxEntry } from '../../src/domain/inbox-entry.ts';
import type { InboxEntry, InboxStatus, InboxStore } from '../../src/store/inbox.ts';
import type { Store } from '../../src/store/store.ts';
import { builders } from '../kit/builders.ts';
import type { ManualClock } from '../kit/manual-clock.ts';
import { putIntoInbox } from '../kit/put-into-inbox.ts';
import { inboxEntryTests } from './inbox-entry-tests.ts';
import { inboxLogTests } from './inbox-log-tests.ts';
import { walk } from './store/store-kit.ts';

/** An empty store; what it needs afterwards it arranges with `t.after`. */
export type OpenInbox = (
  t: TestContext,
) => Promise<{ readonly store: InboxStore & Store; readonly clock: ManualClock }>;

const USER = 'user-1';
const ALL = { limit: 100, after: null };

/** What every inbox must do, whatever it is made of. */
export function inboxContract(name: string, open: OpenInbox): void {
  describe(`the ${name} inbox`, () => {
    inboxEntryTests(open);
    listTests(open);
    markTests(open);
    markManyTests(open);
    inboxLogTests(open);
  });
}

async function inboxKit(t: TestContext, open: OpenInbox) {
  const { store, clock } = await open(t);
  const make = builders(() => clock.now());
  return {
    store,
    clock,
    make,
    /** Adds `count` entries, a second apart; oldest first. */
    filled: async (count: number, userId = USER): Promise<NewInboxEntry[]> => {
      const entries: NewInboxEntry[] = [];
      for (let index = 0; index < count; index++) {
        clock.advance(1000);
        entries.push(make.inboxEntry({ userId, body: `${userId} ${index}` }));
      }
      await putIntoInbox(store, entries);
      return entries;
    },
    bodies: async (status: InboxStatus | null, userId = USER): Promise<string[]> =>
      (await store.listInbox(userId, status, ALL)).items.map((entry) => entry.body),
  };
}

function listTests(open: OpenInbox): void {
  describe('entries', () => {
    test('come back as they were added, newest first', async (t) => {
      const { store, clock, make } = await inboxKit(t, open);
      const full = make.inboxEntry({
        userId: 'Käthe 🪄',
        title: 'T',
        body: 'é漢\n"%',
        actionUrl: 'https://example.com/',
        data: { a: [1, null] },
      });
      clock.advance(1);
      const bare = make.inboxEntry({ userId: full.userId, title: '', body: '', data: {} });
      await putIntoInbox(store, [full, bare]);
      const page = await store.listInbox(full.userId, null, ALL);
      assert.deepEqual(page, { items: [fresh(bare), fresh(full)], next: null });
    });

    test('that came later stand above, even if their notification is older', async (t) => {
      const { store, clock, make, bodies } = await inboxKit(t, open);
      const { id: early } = make.notification();
      clock.advance(1000);
      await putIntoInbox(store, [make.inboxEntry({ body: 'at once' })]);
      clock.advance(1000);
      await putIntoInbox(store, [make.inboxEntry({ notificationId: early, body: 'scheduled long ago' })]);
      assert.deepEqual(await bodies(null), ['scheduled long ago', 'at once']);
    });

    test('are there once, however often they are added, and keep their marks', async (t) => {
      const { store, clock, make } = await inboxKit(t, open);
      const entry = make.inboxEntry();
      await putIntoInbox(store, [entry, entry]);
      const read = await store.markInboxEntry(USER, entry.id, 'read', clock.now());
      for (const body of [entry.body, 'other']) await putIntoInbox(store, [{ ...entry, body }]);
      assert.deepEqual((await store.listInbox(USER, null, ALL)).items, [read]);
    });

    test('of two legs of one notification are two', async (t) => {
      const { store, make } = await inboxKit(t, open);
      const entry = make.inboxEntry();
      await putIntoInbox(store, [entry, { ...entry, id: deliveryId(entry.notificationId, 2) }]);
      assert.equal((await store.countInbox(USER)).total, 2);
    });

    test('are seen by their own user only', async (t) => {
      const { store, filled, bodies } = await inboxKit(t, open);
      const [mine] = await filled(1);
      await filled(2, 'user-2');
      assert.ok(mine);
      assert.deepEqual(await bodies(null), ['user-1 0']);
      assert.deepEqual(await bodies(null, 'nobody'), []);
      assert.deepEqual(await store.countInbox('user-2'), { total: 2, unread: 2, unseen: 2 });
      assert.deepEqual(await store.countInbox('nobody'), { total: 0, unread: 0, unseen: 0 });
      assert.equal(await store.markInboxEntry('user-2', mine.id, 'read', 1), null);
      assert.equal(await store.markInbox('user-2', 'read', { ids: [mine.id] }, 1), 0);
      assert.equal(await store.markInbox('user-2', 'archive', { before: null }, 1), 2);
      assert.deepEqual((await store.listInbox(USER, null, ALL)).items, [fresh(mine)]);
    });

    for (const limit of [1, 2, 7, 100]) {
      test(`are walked exactly once with ${limit} a page, while new ones come and others are read`, async (t) => {
        const { store, clock, filled } = await inboxKit(t, open);
        const entries = await filled(7);
        const all = await walk(async (after) => {
          const page = await store.listInbox(USER, null, { limit, after });
          assert.ok(page.items.length <= limit);
          await filled(1);
          await store.markInbox(USER, 'read', { ids: page.items.map((entry) => entry.id) }, clock.now());
          return page;
        });
        assert.deepEqual(
          all.map((entry) => entry.id),
          entries.map((entry) => entry.id).toReversed(),
        );
      });
    }
  });
}

function markTests(open: OpenInbox): void {
  describe('marks', () => {
    test('set and take back exactly what they say', async (t) => {
      const { store, make } = await inboxKit(t, open);
      const entry = make.inboxEntry();
      await putIntoInbox(store, [entry]);
      let now = 1000;
      const mark = async (as: Parameters<InboxStore['markInboxEntry']>[2]) => {
        const after = await store.markInboxEntry(USER, entry.id, as, ++now);
        return [after?.seenAt, after?.readAt, after?.archivedAt];
      };
      assert.deepEqual(await mark('seen'), [1001, null, null]);
      assert.deepEqual(await mark('seen'), [1001, null, null]);
      assert.deepEqual(await mark('read'), [1001, 1003, null]);
      assert.deepEqual(await mark('read'), [1001, 1003, null]);
      assert.deepEqual(await mark('seen'), [1001, 1003, null]);
      assert.deepEqual(await mark('archive'), [1001, 1003, 1006]);
      assert.deepEqual(await mark('archive'), [1001, 1003, 1006]);
      assert.deepEqual(await mark('unread'), [1001, null, 1006]);
      assert.deepEqual(await mark('unread'), [1001, null, 1006]);
      assert.deepEqual(await mark('unarchive'), [1001, null, null]);
      assert.deepEqual(await mark('unarchive'), [1001, null, null]);
      assert.deepEqual(await mark('read'), [1001, 1012, null]);
    });

    test('what is read was seen at that time, if not before', async (t) => {
      const { store, make } = await inboxKit(t, open);
      const entry = make.inboxEntry();
      await putIntoInbox(store, [entry]);
      const read = await store.markInboxEntry(USER, entry.id, 'read', 5);
      assert.deepEqual(read, { ...fresh(entry), seenAt: 5, readAt: 5 });
    });

    test('of an entry that is not there answer null', async (t) => {
      const { store, make } = await inboxKit(t, open);
      assert.equal(await store.markInboxEntry(USER, make.inboxEntry().id, 'read', 5), null);
    });

    test('move entries between the lists and the counts', async (t) => {
      const { store, filled, bodies } = await inboxKit(t, open);
      const [a, b, c, d] = await filled(4);
      assert.ok(a && b && c && d);
      await store.markInboxEntry(USER, a.id, 'read', 1);
      await store.markInboxEntry(USER, b.id, 'seen', 1);
      await store.markInboxEntry(USER, c.id, 'archive', 1);
      assert.deepEqual(await bodies(null), [d.body, b.body, a.body]);
      assert.deepEqual(await bodies('unread'), [d.body, b.body]);
      assert.deepEqual(await bodies('read'), [a.body]);
      assert.deepEqual(await bodies('archived'), [c.body]);
      assert.deepEqual(await store.countInbox(USER), { total: 3, unread: 2, unseen: 1 });
      await store.markInboxEntry(USER, c.id, 'unarchive', 1);
      assert.deepEqual(await store.countInbox(USER), { total: 4, unread: 3, unseen: 2 });
    });

    test('show on the notification when it was read, as long as it is', async (t) => {
      const { store, make } = await inboxKit(t, open);
      const parcel = make.parcel({ recipient: { userId: USER } }, [{ chain: ['in_app'] }]);
      const { id: notificationId } = parcel.notification;
      const entry = make.inboxEntry({ notificationId });
      await store.accept([make.submission([parcel])]);
      await putIntoInbox(store, [entry]);
      const readAt = async () => (await store.find(notificationId))?.readAt;
      assert.equal(await readAt(), null);
      await store.markInboxEntry(USER, entry.id, 'read', 7);
      assert.equal(await readAt(), 7);
      const page = await store.list({}, { limit: 1, after: null, scan: 1 });
      assert.equal(page.items[0]?.readAt, 7);
      await store.markInboxEntry(USER, entry.id, 'unread', 8);
      assert.equal(await readAt(), null);
    });
  });
}

function markManyTests(open: OpenInbox): void {
  describe('marking many', () => {
    test('by id changes those named, and counts those that changed', async (t) => {
      const { store, make, filled, bodies } = await inboxKit(t, open);
      const [a, b, c] = await filled(3);
      assert.ok(a && b && c);
      await store.markInboxEntry(USER, a.id, 'read', 1);
      const ids = [a.id, b.id, make.inboxEntry().id];
      assert.equal(await store.markInbox(USER, 'read', { ids }, 2), 1);
      assert.equal(await store.markInbox(USER, 'read', { ids }, 3), 0);
      assert.deepEqual(await bodies('unread'), [c.body]);
      assert.equal(await store.markInbox(USER, 'archive', { ids: [] }, 3), 0);
    });

    test('by time changes what was created before, not at, that time', async (t) => {
      const { store, filled, bodies } = await inboxKit(t, open);
      const [a, b, c] = await filled(3);
      assert.ok(a && b && c);
      assert.equal(await store.markInbox(USER, 'archive', { before: b.createdAt }, 1), 1);
      assert.deepEqual(await bodies('archived'), [a.body]);
      assert.equal(await store.markInbox(USER, 'archive', { before: b.createdAt + 1 }, 1), 1);
      assert.deepEqual(await bodies(null), [c.body]);
    });

    test('without a time changes all', async (t) => {
      const { store, filled } = await inboxKit(t, open);
      await filled(3);
      assert.equal(await store.markInbox(USER, 'seen', { before: null }, 1), 3);
      assert.deepEqual(await store.countInbox(USER), { total: 3, unread: 3, unseen: 0 });
      assert.equal(await store.markInbox(USER, 'read', { before: null }, 2), 3);
      const seen = (await store.listInbox(USER, 'read', ALL)).items.map((entry) => entry.seenAt);
      assert.deepEqual(seen, [1, 1, 1]);
    });
  });
}

function fresh(entry: NewInboxEntry): InboxEntry {
  return { ...entry, seenAt: null, readAt: null, archivedAt: null };
}
