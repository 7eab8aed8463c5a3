import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newDelivery } from '../../../src/domain/delivery.ts';
import { deliveryId } from '../../../src/domain/ids.ts';
import type { NewNotification, NotificationRecord } from '../../../src/store/store.ts';
import { everything, type OpenStore, storeKit } from './store-kit.ts';

export function acceptTests(open: OpenStore): void {
  describe('accept and find', () => {
    test('gives back exactly what was accepted, with every field set', async (t) => {
      const { store, clock, make, accept } = await storeKit(t, open);
      const broadcastId = make.notification().id;
      const parcel = make.parcel({ ...everything(clock.now()), broadcastId }, [
        { chain: ['email', 'sms'], unaddressed: ['sms'] },
        { chain: ['in_app'], priority: 'low' },
      ]);
      await accept(parcel);
      assert.deepEqual(await store.find(parcel.notification.id), recordOf(parcel));
    });

    test('gives back empty and null fields as they were', async (t) => {
      const { store, make, accept } = await storeKit(t, open);
      const bare = make.parcel({ recipient: { userId: 'u' }, message: '', title: '', data: {}, overrides: {} });
      const nulls = make.parcel({ recipient: { webhookUrl: 'https://example.com/' }, title: null, data: null });
      await accept(bare, nulls);
      assert.deepEqual(await store.find(bare.notification.id), recordOf(bare));
      assert.deepEqual(await store.find(nulls.notification.id), recordOf(nulls));
    });

    test('keeps text to the letter: 10,000 characters, all planes, quotes, controls, what looks like SQL', async (t) => {
      const { store, make, accept } = await storeKit(t, open);
      const texts = ['x'.repeat(10_000), '🪄é漢\u202Eعربي ✓', `'"\\%_;--$1 :a ?`, 'a\tb\r\nc', '  blanks  ', '"null"'];
      const parcels = texts.map((text) =>
        make.parcel({ message: text, title: text, tags: [text], metadata: { [text]: text }, data: { [text]: text } }),
      );
      await accept(...parcels);
      for (const parcel of parcels) assert.deepEqual(await store.find(parcel.notification.id), recordOf(parcel));
    });

    test('knows nothing of an id that was never accepted', async (t) => {
      const { store, make } = await storeKit(t, open);
      assert.equal(await store.find(make.notification().id), null);
    });

    test('writes every submission of a call, and every notification of a submission', async (t) => {
      const { store, make } = await storeKit(t, open);
      const parcels = [make.parcel(), make.parcel(), make.parcel()];
      const [first, ...rest] = parcels;
      assert.ok(first);
      const results = await store.accept([make.submission([first]), make.submission(rest)]);
      assert.deepEqual(results, [{ kind: 'accepted' }, { kind: 'accepted' }]);
      for (const parcel of parcels) assert.deepEqual(await store.find(parcel.notification.id), recordOf(parcel));
    });

    test('answers nothing to nothing', async (t) => {
      const { store } = await storeKit(t, open);
      assert.deepEqual(await store.accept([]), []);
    });

    test('takes a thousand notifications in one submission', async (t) => {
      const { store, make, claimDue } = await storeKit(t, open);
      const parcels = Array.from({ length: 1000 }, () => make.parcel());
      assert.deepEqual(await store.accept([make.submission(parcels)]), [{ kind: 'accepted' }]);
      assert.equal((await claimDue(2000)).length, 1000);
    });

    test('keeps deliveries in the order of their legs, up to the 255th', async (t) => {
      const { store, clock, make, accept } = await storeKit(t, open);
      const notification = make.notification();
      const at = { notificationId: notification.id, chain: ['email'] as const, unaddressed: [] };
      const deliveries = [255, 2, 1].map((leg) => {
        const id = deliveryId(notification.id, leg);
        return newDelivery({ ...at, id, leg, priority: 'high', dueAt: clock.now(), expiresAt: null }, clock.now());
      });
      await accept({ notification, deliveries, attempts: new Map() });
      const record = await store.find(notification.id);
      assert.deepEqual(record?.deliveries, deliveries.toReversed());
    });
  });
}

function recordOf(parcel: NewNotification): NotificationRecord {
  const attempts = parcel.deliveries.flatMap(({ id }) =>
    (parcel.attempts.get(id) ?? []).map((attempt) => ({ ...attempt, deliveryId: id })),
  );
  return { notification: parcel.notification, deliveries: parcel.deliveries, attempts, readAt: null };
}
