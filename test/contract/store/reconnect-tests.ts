import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreUnavailable } from '../../../src/store/store.ts';
import { idsOf, legIds, type OpenStore, storeKit } from './store-kit.ts';

export function reconnectTests(open: OpenStore): void {
  test('works on at once after connecting anew, with all it had', async (t) => {
    const { store, make, accept, claimDue } = await storeKit(t, open);
    const before = make.parcel();
    await accept(before);
    await store.reconnect();
    await Promise.all([store.reconnect(), store.reconnect()]);
    const after = make.parcel();
    await accept(after);
    await store.probe();
    assert.deepEqual(idsOf(await claimDue()).toSorted(), legIds(before, after).toSorted());
  });

  test('answers as it is what was under way while it connected anew, or is unavailable', async (t) => {
    const { store, make } = await storeKit(t, open);
    const parcels = Array.from({ length: 40 }, () => make.parcel());
    const calls = parcels.map((parcel) => store.accept([make.submission([parcel])]));
    const reads = parcels.map(({ notification }) => store.find(notification.id));
    await Promise.all([store.reconnect(), Promise.allSettled(reads)]);
    for (const [index, call] of (await Promise.allSettled(calls)).entries()) {
      const parcel = parcels[index];
      assert.ok(parcel);
      const isThere = (await store.find(parcel.notification.id)) !== null;
      if (call.status === 'fulfilled') assert.ok(isThere, 'it was accepted and is not there');
      else assert.ok(call.reason instanceof StoreUnavailable && !isThere, String(call.reason));
    }
    for (const read of await Promise.allSettled(reads)) {
      assert.ok(read.status === 'fulfilled' || read.reason instanceof StoreUnavailable);
    }
  });

  test('connects to nothing any more when it is closed', async (t) => {
    const { store } = await storeKit(t, open);
    await store.close();
    await store.reconnect();
    await assert.rejects(store.probe(), StoreUnavailable);
  });
}
