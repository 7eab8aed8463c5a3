import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NewNotification, NotificationFilter } from '../../../src/store/store.ts';
import { idsOf, legIds, MINUTE, type OpenStore, rejectedAttempt, type StoreKit, storeKit, walk } from './store-kit.ts';

type DeadLetterFilter = NotificationFilter & { readonly code?: string };

export function deadLetterTests(open: OpenStore): void {
  describe('dead letters', () => {
    test('are the failed deliveries with their log, and nothing else', async (t) => {
      const kit = await storeKit(t, open);
      const [failed, sent, waiting] = [kit.make.parcel({ title: 'F' }), kit.make.parcel(), kit.make.parcel()];
      await kit.accept(failed, sent, waiting);
      await kit.fail(failed);
      await kit.send(sent);
      const { items, next } = await kit.store.deadLetters({}, { limit: 10, after: null, scan: 100 });
      const delivery = await kit.state(failed);
      const log = [rejectedAttempt(1, kit.clock.now())];
      assert.deepEqual(items, [{ delivery, notification: failed.notification, log }]);
      assert.equal(next, null);
    });

    for (const [limit, scan] of [
      [1, 100],
      [3, 100],
      [2, 1],
      [100, 100],
    ] as const) {
      test(`are walked exactly once, newest first, with ${limit} a page and ${scan} looked at`, async (t) => {
        const kit = await storeKit(t, open);
        const parcels = await threeLegged(kit, 5);
        const pages = await walk((after) => kit.store.deadLetters({}, { limit, after, scan }));
        assert.deepEqual(idsOf(pages).sort(), legIds(...parcels).sort());
        const owners = pages.map((item) => item.notification.id);
        assert.deepEqual(owners, owners.toSorted().toReversed());
        const odd = await walk((after) => kit.store.deadLetters({ tag: 'odd' }, { limit, after, scan }));
        const wanted = parcels.filter(({ notification }) => notification.tags.includes('odd'));
        assert.deepEqual(idsOf(odd).sort(), legIds(...wanted).sort());
      });
    }

    test('can be asked for by code, and by everything that notifications can be', async (t) => {
      const kit = await storeKit(t, open);
      const rejected = kit.make.parcel({ tags: ['a'] });
      const unaddressed = kit.make.parcel({ recipient: { userId: 'u' } }, [{ chain: ['sms'], unaddressed: ['sms'] }]);
      await kit.accept(rejected, unaddressed);
      await kit.fail(rejected);
      const found = async (filter: DeadLetterFilter) =>
        idsOf((await kit.store.deadLetters(filter, { limit: 10, after: null, scan: 100 })).items);
      assert.deepEqual(await found({ code: 'invalid_recipient' }), legIds(rejected));
      assert.deepEqual(await found({ code: 'no_address' }), legIds(unaddressed));
      assert.deepEqual(await found({ code: 'timeout' }), []);
      assert.deepEqual(await found({ code: 'no_address', tag: 'a' }), []);
      assert.deepEqual(await found({ code: 'invalid_recipient', tag: 'a' }), legIds(rejected));
      assert.deepEqual(await found({ userId: 'u' }), legIds(unaddressed));
      assert.deepEqual(await found({ channel: 'sms' }), legIds(unaddressed));
      assert.deepEqual(await found({ createdBefore: kit.clock.now() }), []);
    });

    test('are found by the folded status of their notification', async (t) => {
      const kit = await storeKit(t, open);
      const legs = [{ chain: ['sms'] as const, unaddressed: ['sms'] as const }, {}];
      const [failed, partly] = [kit.make.parcel({}, legs.slice(0, 1)), kit.make.parcel({}, legs)];
      await kit.accept(failed, partly);
      const page = { limit: 10, after: null, scan: 100 };
      const bad = await kit.store.deadLetters({ status: 'failed' }, page);
      assert.deepEqual(idsOf(bad.items), legIds(failed));
      const waiting = await kit.store.deadLetters({ status: 'pending' }, page);
      assert.deepEqual(idsOf(waiting.items), legIds(partly).slice(0, 1));
    });

    test('are gone once they are set aside or tried again', async (t) => {
      const kit = await storeKit(t, open);
      const [kept, discarded, retried] = [kit.make.parcel(), kit.make.parcel(), kit.make.parcel()];
      await kit.accept(kept, discarded, retried);
      await kit.fail(kept, discarded, retried);
      const aside = await kit.move(await kit.state(discarded), { type: 'discard' });
      await kit.move(await kit.state(retried), { type: 'retry' });
      const { items } = await kit.store.deadLetters({}, { limit: 10, after: null, scan: 100 });
      assert.deepEqual(idsOf(items), legIds(kept));
      assert.deepEqual(await kit.state(discarded), aside);
      assert.deepEqual(idsOf(await kit.claimDue()), legIds(retried));
    });
  });
}

/** Notifications whose three legs have all failed, a minute apart; every second has the tag `odd`. */
async function threeLegged(kit: StoreKit, count: number): Promise<NewNotification[]> {
  const parcels: NewNotification[] = [];
  for (let index = 0; index < count; index++) {
    const legs = [{ chain: ['email'] }, { chain: ['sms'] }, { chain: ['push'] }] as const;
    const parcel = kit.make.parcel({ tags: index % 2 === 1 ? ['odd'] : [] }, legs);
    await kit.accept(parcel);
    await kit.fail(parcel);
    parcels.push(parcel);
    kit.clock.advance(MINUTE);
  }
  return parcels;
}
