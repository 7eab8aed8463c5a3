import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { InboxHappening, InboxStore } from '../../src/store/inbox.ts';
import type { Store } from '../../src/store/store.ts';
import { builders } from '../kit/builders.ts';
import type { ManualClock } from '../kit/manual-clock.ts';
import { putIntoInbox } from '../kit/put-into-inbox.ts';

type Open = (t: TestContext) => Promise<{ readonly store: InboxStore & Store; readonly clock: ManualClock }>;

const USER = 'user-1';

async function logKit(t: TestContext, open: Open) {
  const { store, clock } = await open(t);
  const make = builders(() => clock.now());
  const since = async (point: string, userId = USER, limit = 1_000) => {
    const news = await store.inboxAfter(userId, point, limit);
    assert.ok(news, 'the point is not known');
    return news;
  };
  return {
    store,
    clock,
    make,
    start: await store.endOfInboxes(),
    since,
    /** What happened, in short: the text of an entry that came, or what a mark did. */
    told: async (point: string, userId = USER) => (await since(point, userId)).happenings.map(inShort),
    add: async (body: string, userId = USER) => {
      clock.advance(1_000);
      const entry = make.inboxEntry({ userId, body });
      await putIntoInbox(store, [entry]);
      return entry;
    },
  };
}

function inShort(happening: InboxHappening): unknown {
  if (happening.kind === 'added') return happening.entry.body;
  return 'ids' in happening ? [happening.mark, happening.ids] : [happening.mark, happening.before];
}

/** What happens in an inbox can be read on from a point, as inbox-contract.ts is part of. */
export function inboxLogTests(open: Open): void {
  describe('what happens', () => {
    test('is told in its order: what came, and what the user did in between', async (t) => {
      const { store, clock, start, told, add } = await logKit(t, open);
      const one = await add('one');
      const two = await add('two');
      await store.markInboxEntry(USER, one.id, 'read', clock.now());
      const three = await add('three');
      await store.markInbox(USER, 'seen', { before: null }, clock.now());
      await store.markInbox(USER, 'archive', { before: three.createdAt }, clock.now());
      await store.markInbox(USER, 'unread', { ids: [two.id, one.id] }, clock.now());
      await add('four');
      assert.deepEqual(await told(start), [
        ...['one', 'two', ['read', [one.id]], 'three', ['seen', null], ['archive', three.createdAt]],
        ...[['unread', [one.id]], 'four'],
      ]);
    });

    test('is told of an entry as it is now', async (t) => {
      const { store, clock, start, since, add } = await logKit(t, open);
      const { id } = await add('one');
      const read = await store.markInboxEntry(USER, id, 'read', clock.now());
      const [first] = (await since(start)).happenings;
      assert.deepEqual(first?.kind === 'added' && first.entry, read);
    });

    test('leaves out what changed nothing and what was there already', async (t) => {
      const { store, clock, told, add } = await logKit(t, open);
      const one = await add('one');
      await store.markInboxEntry(USER, one.id, 'read', clock.now());
      const point = await store.endOfInboxes();
      await putIntoInbox(store, [one]);
      await store.markInboxEntry(USER, one.id, 'read', clock.now());
      await store.markInbox(USER, 'seen', { before: null }, clock.now());
      await store.markInbox('nobody', 'read', { before: null }, clock.now());
      assert.deepEqual(await told(point), []);
    });

    test('is told to its own user only, and whose inboxes changed to those who ask for all', async (t) => {
      const { store, clock, start, told, add } = await logKit(t, open);
      await add('mine');
      const theirs = await add('theirs', 'user-2');
      await store.markInboxEntry('user-2', theirs.id, 'read', clock.now());
      assert.deepEqual(await told(start), ['mine']);
      assert.deepEqual(await told(start, 'user-2'), ['theirs', ['read', [theirs.id]]]);
      assert.deepEqual(await told(start, 'nobody'), []);
      const all = await store.inboxesAfter(start, 1_000);
      assert.deepEqual(all, { userIds: new Set([USER, 'user-2']), point: await store.endOfInboxes() });
      const end = await store.endOfInboxes();
      assert.deepEqual(await store.inboxesAfter(end, 1_000), { userIds: new Set(), point: end });
      await store.markInboxEntry('user-2', theirs.id, 'unread', clock.now());
      assert.deepEqual((await store.inboxesAfter(end, 1_000))?.userIds, new Set(['user-2']));
    });

    test('can be read on from everywhere, in steps of any size', async (t) => {
      const { store, clock, start, since, add } = await logKit(t, open);
      for (let round = 0; round < 6; round++) {
        const { id } = await add(`${round}`);
        await add('other', 'user-2');
        if (round % 2 === 0) await store.markInboxEntry(USER, id, 'read', clock.now());
        if (round % 3 === 0) await store.markInbox('user-2', 'seen', { before: null }, clock.now());
      }
      const all = (await since(start)).happenings;
      assert.equal(all.length, 9);
      for (const limit of [1, 2, 3, 8, 9]) {
        const walked: InboxHappening[] = [];
        for (let point = start; ; ) {
          const news = await since(point, USER, limit);
          assert.ok(news.happenings.length <= limit);
          walked.push(...news.happenings);
          if (news.point === point) break;
          point = news.point;
        }
        assert.deepEqual(walked, all, `in steps of ${limit}`);
      }
      for (const [index, { point }] of all.entries()) {
        assert.deepEqual((await since(point)).happenings, all.slice(index + 1));
      }
      const users = new Set<string>();
      let point = start;
      for (let steps = 0; steps < 20; steps++) {
        const some = await store.inboxesAfter(point, 2);
        assert.ok(some);
        for (const userId of some.userIds) users.add(userId);
        point = some.point;
      }
      assert.deepEqual([users, point], [new Set([USER, 'user-2']), await store.endOfInboxes()]);
    });

    test('is forgotten only so far as users did it, and a point before that is known no more', async (t) => {
      const { store, clock, start, told, since, add } = await logKit(t, open);
      const { id } = await add('one');
      await store.markInboxEntry(USER, id, 'read', clock.now());
      const [, between] = (await since(start)).happenings;
      await store.markInboxEntry(USER, id, 'unread', clock.now());
      clock.advance(1_000);
      await store.markInboxEntry(USER, id, 'seen', clock.now() - 1_000);
      await store.markInboxEntry(USER, id, 'archive', clock.now());
      assert.equal(await store.forgetMarks(clock.now() - 1_000, 10), 0);
      assert.equal(await store.forgetMarks(clock.now() + 1, 1), 1);
      assert.ok(await store.inboxAfter(USER, between?.point ?? '', 10));
      assert.equal(await store.inboxAfter(USER, start, 10), null);
      assert.equal(await store.inboxesAfter(start, 10), null);
      while ((await store.forgetMarks(clock.now() + 1, 10)) > 0);
      assert.equal(await store.inboxAfter(USER, between?.point ?? '', 10), null);
      const end = await store.endOfInboxes();
      await store.markInboxEntry(USER, id, 'unarchive', clock.now());
      assert.deepEqual(await told(end), [['unarchive', [id]]]);
    });

    test('is not told from a point that was never given', async (t) => {
      const { store, add } = await logKit(t, open);
      await add('one');
      for (const point of ['', '1', 'x.y', '-1.0', '9999.0', '0.9999', `${'9'.repeat(300)}.0`, '1.0.0']) {
        assert.equal(await store.inboxAfter(USER, point, 10), null, point);
        assert.equal(await store.inboxesAfter(point, 10), null, point);
      }
    });
  });
}
