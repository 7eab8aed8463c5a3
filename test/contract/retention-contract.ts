import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { NotificationId } from '../../src/domain/ids.ts';
import type { InboxStore } from '../../src/store/inbox.ts';
import { FORGOTTEN_MINUTE, type RetentionStore } from '../../src/store/retention.ts';
import type { SandboxStore } from '../../src/store/sandbox.ts';
import type { NewNotification, Store } from '../../src/store/store.ts';
import type { TransferStore } from '../../src/store/transfer.ts';
import type { ManualClock } from '../kit/manual-clock.ts';
import { putIntoInbox } from '../kit/put-into-inbox.ts';
import { change, HOUR, MINUTE, next, storeKit } from './store/store-kit.ts';

type Kept = Store & InboxStore & SandboxStore & RetentionStore & TransferStore;
export type OpenRetention = (t: TestContext) => Promise<{ readonly store: Kept; readonly clock: ManualClock }>;

const DAY = 24 * HOUR;
const ALL = { rows: 10_000, bytes: 1e9 };
const TABLES = ['notifications', 'deliveries', 'attempts', 'inbox'] as const;

/** What every store must do that can forget what is old. */
export function retentionContract(name: string, open: OpenRetention): void {
  async function kitOf(t: TestContext) {
    const { store, clock } = await open(t);
    const kit = await storeKit(t, async () => ({ store, clock }));
    const isThere = async ({ notification }: NewNotification) => (await store.find(notification.id)) !== null;
    const forget = (endedBefore: object, after: NotificationId | null = null, rows = 1_000) =>
      store.forget({ endedBefore, after, rows });
    /** Follows the look to its end, and answers how many were forgotten. */
    const forgetAll = async (endedBefore: object, rows?: number) => {
      let forgotten = 0;
      let after: NotificationId | null = null;
      for (let looks = 0; looks < 1_000; looks++) {
        const look: Awaited<ReturnType<typeof forget>> = await forget(endedBefore, after, rows);
        forgotten += look.notifications;
        if (look.next === null) return forgotten;
        after = look.next;
      }
      assert.fail('the looks have no end');
    };
    const rowsOf = async () => {
      const counts = await Promise.all(TABLES.map(async (table) => [table, await store.countRows(table)]));
      return Object.fromEntries(counts) as Record<(typeof TABLES)[number], number>;
    };
    return { ...kit, store, clock, isThere, forget, forgetAll, rowsOf };
  }

  describe(`retention in ${name}`, () => {
    test('forgets what ended long enough ago for its status, with all that belongs to it', async (t) => {
      const { store, clock, make, accept, send, fail, isThere, forgetAll, rowsOf } = await kitOf(t);
      const [sent, failed, waiting] = [make.parcel(), make.parcel(), make.parcel({ sendAt: clock.now() + 90 * DAY })];
      await accept(sent, failed, waiting);
      await send(sent);
      await fail(failed);
      await putIntoInbox(store, [make.inboxEntry({ notificationId: sent.notification.id }), make.inboxEntry()]);
      clock.advance(10 * DAY);
      const late = make.parcel();
      await accept(late);
      await send(late);
      const now = clock.now();
      assert.equal(await forgetAll({}), 0);
      assert.equal(await forgetAll({ sent: now - 10 * DAY, failed: now - 10 * DAY }), 0, 'it must be longer ago');
      assert.deepEqual(await rowsOf(), { notifications: 5, deliveries: 5, attempts: 4, inbox: 2 });
      assert.equal(await forgetAll({ sent: now - 9 * DAY }), 1);
      assert.deepEqual(await Promise.all([sent, failed, waiting, late].map(isThere)), [false, true, true, true]);
      assert.deepEqual(await rowsOf(), { notifications: 4, deliveries: 4, attempts: 3, inbox: 1 });
      assert.equal(await forgetAll({ sent: now - 9 * DAY, failed: now - 9 * DAY, scheduled: now + DAY }), 1);
      assert.deepEqual(await Promise.all([failed, waiting, late].map(isThere)), [false, true, true]);
    });

    test('counts from the end, and waits for all legs', async (t) => {
      const { store, clock, make, accept, isThere, forgetAll, move } = await kitOf(t);
      const two = make.parcel({}, [{ chain: ['sms'] }, { chain: ['email'] }]);
      await accept(two);
      const [one, other] = two.deliveries;
      assert.ok(one && other);
      await move(one, { type: 'cancel' });
      clock.advance(DAY);
      assert.equal(await forgetAll({ cancelled: clock.now(), pending: clock.now() }), 0);
      await move(other, { type: 'cancel' });
      assert.equal(await forgetAll({ cancelled: clock.now() }), 0, 'the second has only just ended');
      clock.advance(1);
      assert.equal(await forgetAll({ cancelled: clock.now() }), 1);
      assert.equal(await isThere(two), false);
      assert.equal(await store.findAnswer('x', 'y'), null);
    });

    test('takes no more rows at once than it is asked to, and comes to an end with everything', async (t) => {
      const { clock, make, accept, send, forget, forgetAll, rowsOf } = await kitOf(t);
      const parcels = Array.from({ length: 30 }, () => make.parcel());
      await accept(...parcels);
      await send(...parcels.filter((_, index) => index % 3 !== 0));
      clock.advance(1);
      const first = await forget({ sent: clock.now() }, null, 20);
      assert.deepEqual([first.notifications, first.next], [5, parcels[7]?.notification.id]);
      assert.equal(await forgetAll({ sent: clock.now() }, 1), 15, 'one at least');
      assert.deepEqual(await rowsOf(), { notifications: 10, deliveries: 10, attempts: 0, inbox: 0 });
    });

    test('goes on past more legs than it looks at once', async (t) => {
      const { clock, make, accept, forgetAll, fail } = await kitOf(t);
      const many = Array.from({ length: 4 }, () =>
        make.parcel(
          {},
          Array.from({ length: 200 }, () => ({})),
        ),
      );
      await accept(...many);
      const last = make.parcel();
      await accept(last);
      await fail(last);
      clock.advance(1);
      assert.equal(await forgetAll({ failed: clock.now() }), 1);
    });

    test('by several at once is done once', async (t) => {
      const { clock, make, accept, send, forgetAll, rowsOf } = await kitOf(t);
      const parcels = Array.from({ length: 40 }, () => make.parcel());
      await accept(...parcels);
      await send(...parcels);
      clock.advance(1);
      const forgotten = await Promise.all([1, 2, 3].map(() => forgetAll({ sent: clock.now() }, 10)));
      assert.equal(
        forgotten.reduce((sum, count) => sum + count),
        40,
      );
      assert.deepEqual(await rowsOf(), { notifications: 0, deliveries: 0, attempts: 0, inbox: 0 });
    });

    test('leaves alone what somebody starts afresh in the same moment, or lets them find nothing', async (t) => {
      const { store, clock, make, accept, fail, state, isThere, forgetAll } = await kitOf(t);
      const parcels = Array.from({ length: 20 }, () => make.parcel());
      await accept(...parcels);
      await fail(...parcels);
      clock.advance(1);
      const retries = await Promise.all(
        parcels.map(async (parcel) => next(await state(parcel), { type: 'retry' }, clock.now())),
      );
      const [, written] = await Promise.all([
        forgetAll({ failed: clock.now() }, 10),
        Promise.all(retries.map((after) => store.write([[change(after)]]))),
      ]);
      assert.deepEqual(await Promise.all(parcels.map(isThere)), written.flat());
    });

    test('never gives the number of an inbox entry a second time', async (t) => {
      const { store, clock, make, accept, send, isThere, forgetAll } = await kitOf(t);
      const entries = async () => (await store.readRows('inbox', null, ALL)).map(({ seq }) => seq);
      const inboxed = async () => {
        const parcel = make.parcel();
        await accept(parcel);
        await send(parcel);
        await putIntoInbox(store, [make.inboxEntry({ notificationId: parcel.notification.id })]);
        clock.advance(1);
        return parcel;
      };
      const [first, second] = [await inboxed(), await inboxed()];
      const [, last = 0] = await entries();
      assert.equal(await forgetAll({ sent: clock.now() }), 1);
      assert.deepEqual(await Promise.all([first, second].map(isThere)), [false, true]);
      assert.deepEqual(await entries(), [last]);
      await inboxed();
      assert.ok(((await entries())[1] ?? 0) > last);
      assert.equal(await forgetAll({ sent: clock.now() }), 1, 'now there is a later one');
      assert.equal(await isThere(second), false);
    });

    test('forgets what the sandbox caught, oldest first', async (t) => {
      const { store, clock, make } = await kitOf(t);
      for (let count = 0; count < 5; count++) {
        await store.addToSandbox([make.sandboxMessage()]);
        clock.advance(DAY);
      }
      const before = clock.now() - 2 * DAY;
      assert.equal(await store.forgetCaught(before, 2), 2);
      assert.equal(await store.forgetCaught(before, 2), 1);
      assert.equal(await store.forgetCaught(before, 2), 0);
      assert.equal(await store.countRows('sandbox'), 2);
    });

    test('keeps count of what was ever accepted, whatever is forgotten', async (t) => {
      const { store, clock, make, accept, send, forgetAll } = await kitOf(t);
      for (let minute = 0; minute < 4; minute++) {
        const parcel = make.parcel();
        await accept(parcel);
        await send(parcel);
        clock.advance(MINUTE);
      }
      const now = Math.floor(clock.now() / MINUTE);
      assert.equal(await forgetAll({ sent: clock.now() - 2 * MINUTE }), 2);
      const sums = async () => {
        const sum = { accepted: 0, forgotten: 0, gone: 0 };
        for (const { minute, kind, name: what, count } of await store.readRows('counters', null, ALL)) {
          assert.equal(kind === 'forgotten', minute === FORGOTTEN_MINUTE);
          if (kind === 'accepted' || (kind === 'forgotten' && what === 'accepted')) sum.accepted += count;
          if (kind === 'forgotten' && what === 'notifications') sum.gone += count;
          if (kind === 'forgotten') sum.forgotten += count;
        }
        return sum;
      };
      assert.deepEqual(await sums(), { accepted: 4, forgotten: 2, gone: 2 });
      assert.ok((await store.forgetCounters(now - 2, 1)) === 1);
      while ((await store.forgetCounters(now - 2, 3)) > 0);
      assert.deepEqual(await sums(), { accepted: 4, forgotten: 4, gone: 2 });
      assert.equal((await store.stats(1)).accepted, 2);
      assert.equal((await store.stats(0)).byProvider.notifications, undefined);
    });
  });
}
