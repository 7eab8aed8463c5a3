import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Delivery } from '../../src/domain/delivery.ts';
import { type DeliveryId, legOf } from '../../src/domain/ids.ts';
import type { NewInboxEntry } from '../../src/domain/inbox-entry.ts';
import { builders } from '../kit/builders.ts';
import { entryChange } from '../kit/put-into-inbox.ts';
import type { OpenInbox } from './inbox-contract.ts';
import { ACCEPTED, change, LEASE, next } from './store/store-kit.ts';

const USER = 'user-1';
const ALL = { limit: 100, after: null };

async function entryKit(t: TestContext, open: OpenInbox) {
  const { store, clock } = await open(t);
  const make = builders(() => clock.now());
  const start = await store.endOfInboxes();
  return {
    store,
    clock,
    make,
    /** Deliveries that somebody holds, each of a notification of its own, or the legs of one. */
    held: async (count: number, { legs = 1 } = {}): Promise<Delivery[]> => {
      const chains = Array.from({ length: legs }, () => ({ chain: ['in_app'] as const }));
      const parcels = Array.from({ length: count }, () => make.parcel({ recipient: { userId: USER } }, chains));
      await store.accept(parcels.map((parcel) => make.submission([parcel])));
      const ids = parcels.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
      const claims = await store.claim(ids, LEASE);
      assert.equal(claims.length, ids.length);
      return claims
        .map(({ delivery }) => delivery)
        .toSorted((a, b) => a.notificationId.localeCompare(b.notificationId) || legOf(a.id) - legOf(b.id));
    },
    entryOf: ({ id, notificationId }: Delivery, body = 'Hello'): NewInboxEntry =>
      make.inboxEntry({ id, notificationId, userId: USER, body }),
    /** What is in the inbox, by every way there is to it; they must agree. */
    shown: async (): Promise<DeliveryId[]> => {
      const { items } = await store.listInbox(USER, null, ALL);
      const news = await store.inboxAfter(USER, start, 1_000);
      const told = (news?.happenings ?? []).map((happening) => (happening.kind === 'added' ? happening.entry : null));
      assert.deepEqual(told.toReversed(), items);
      assert.equal((await store.countInbox(USER)).total, items.length);
      const users = (await store.inboxesAfter(start, 1_000))?.userIds;
      assert.deepEqual(users, new Set(items.length > 0 ? [USER] : []));
      return items.map(({ id }) => id).toReversed();
    },
  };
}

/** An entry comes with the record of its delivery, as inbox-contract.ts is part of. */
export function inboxEntryTests(open: OpenInbox): void {
  describe('an entry of a change', () => {
    test('is there once that is written, and not before', async (t) => {
      const { store, clock, held, entryOf, shown } = await entryKit(t, open);
      const [first, second, third] = await held(3);
      assert.ok(first && second && third);
      assert.deepEqual(await shown(), []);
      clock.advance(1_000);
      // Those without one in between: an inbox is in the order in which things were written.
      const plain = change(next(third, ACCEPTED, clock.now()));
      const changes = [entryChange(second, entryOf(second)), plain, entryChange(first, entryOf(first))];
      assert.deepEqual(await store.write(changes.map((one) => [one])), [true, true, true]);
      assert.deepEqual(await shown(), [second.id, first.id]);
      const { items } = await store.listInbox(USER, null, ALL);
      const unread = { seenAt: null, readAt: null, archivedAt: null };
      assert.deepEqual(items, [
        { ...entryOf(first), ...unread },
        { ...entryOf(second), ...unread },
      ]);
      for (const { after, attempts } of changes) {
        const record = await store.find(after.notificationId);
        assert.deepEqual(record?.deliveries, [after]);
        assert.deepEqual(
          record.attempts,
          attempts.map((attempt) => ({ ...attempt, deliveryId: after.id })),
        );
      }
    });

    test('is refused with it, alone and in a group', async (t) => {
      const { store, held, entryOf, shown } = await entryKit(t, open);
      const [first, second, other] = [...(await held(1, { legs: 2 })), ...(await held(1))];
      assert.ok(first && second && other);
      const fresh = entryChange(first, entryOf(first));
      const stale = entryChange({ ...second, version: second.version - 1 }, entryOf(second));
      const ahead = entryChange({ ...second, version: second.version + 1 }, entryOf(second));
      const groups = [[stale], [ahead], [fresh, stale], [stale, fresh], [entryChange(other, entryOf(other))]];
      assert.deepEqual(await store.write(groups), [false, false, false, false, true]);
      assert.deepEqual(await shown(), [other.id]);
      const whole = [fresh, entryChange(second, entryOf(second))];
      assert.deepEqual(await store.write([whole]), [true]);
      assert.deepEqual(await shown(), [other.id, first.id, second.id]);
    });

    test('is that of the first of two who write over the same version', async (t) => {
      const { store, held, entryOf, shown } = await entryKit(t, open);
      for (const delivery of await held(5)) {
        const told = ['one', 'other'].map((body) => entryChange(delivery, entryOf(delivery, body)));
        const answers = (await Promise.all(told.map((one) => store.write([[one]])))).flat();
        assert.ok(answers.includes(true) && answers.includes(false));
        const { items } = await store.listInbox(USER, null, ALL);
        assert.equal(items[0]?.body, answers[0] === true ? 'one' : 'other');
      }
      assert.equal((await shown()).length, 5);
    });

    test('that is there already stays as it is, with its marks, and the change is written all the same', async (t) => {
      const { store, clock, held, entryOf } = await entryKit(t, open);
      const [delivery] = await held(1);
      assert.ok(delivery);
      const sent = entryChange(delivery, entryOf(delivery));
      await store.write([[sent]]);
      const read = await store.markInboxEntry(USER, delivery.id, 'read', clock.now());
      const end = await store.endOfInboxes();
      const again = entryChange(sent.after, entryOf(delivery, 'other'));
      const once = entryChange(again.after, entryOf(delivery, 'another'));
      assert.deepEqual(await store.write([[again], [once]]), [true, true]);
      assert.deepEqual((await store.listInbox(USER, null, ALL)).items, [read]);
      assert.deepEqual((await store.inboxAfter(USER, end, 10))?.happenings, []);
      assert.deepEqual((await store.find(delivery.notificationId))?.deliveries, [once.after]);
    });

    test('is never seen without its record, nor the record without it', async (t) => {
      const { store, held, entryOf } = await entryKit(t, open);
      const deliveries = await held(20);
      const isSent = async ({ notificationId }: Delivery) =>
        (await store.find(notificationId))?.deliveries[0]?.status === 'sent';
      const isThere = async ({ id }: Delivery) =>
        (await store.listInbox(USER, null, ALL)).items.some((item) => item.id === id);
      const look = async (delivery: Delivery) => {
        if (await isThere(delivery)) assert.ok(await isSent(delivery), 'an entry without its record');
        if (await isSent(delivery)) assert.ok(await isThere(delivery), 'a record without its entry');
      };
      let written = 0;
      const looking = (async () => {
        for (; written < deliveries.length; await new Promise(setImmediate)) {
          for (const delivery of deliveries) await look(delivery);
        }
      })();
      const write = async (delivery: Delivery) => {
        await store.write([[entryChange(delivery, entryOf(delivery))]]);
        written += 1;
      };
      await Promise.all([looking, ...deliveries.map(write)]);
      for (const delivery of deliveries) assert.ok((await isThere(delivery)) && (await isSent(delivery)));
    });
  });
}
