import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deliveryId } from '../../../src/domain/ids.ts';
import { ACCEPTED, change, idsOf, LEASE, legIds, next, type OpenStore, SECOND, storeKit } from './store-kit.ts';

export function leaseTests(open: OpenStore): void {
  describe('leases', () => {
    test('are listed as expired only once they have ended', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      await accept(make.parcel());
      const claims = await claimDue();
      clock.advance(LEASE - 1);
      assert.deepEqual(await store.expiredLeases(10), []);
      clock.advance(1);
      assert.deepEqual(await store.expiredLeases(10), claims);
      assert.deepEqual(await store.expiredLeases(10), claims);
    });

    test('are listed in the order in which they ended, no more than the limit', async (t) => {
      const { store, clock, make, accept } = await storeKit(t, open);
      const parcels = [make.parcel(), make.parcel(), make.parcel()];
      const [a, b, c] = parcels;
      assert.ok(a && b && c);
      await accept(...parcels);
      await store.claim(legIds(a), 3 * SECOND);
      await store.claim(legIds(b), 1 * SECOND);
      await store.claim(legIds(c), 2 * SECOND);
      clock.advance(LEASE);
      assert.deepEqual(idsOf(await store.expiredLeases(2)), legIds(b, c));
      assert.deepEqual(idsOf(await store.expiredLeases(10)), legIds(b, c, a));
    });

    test('cannot be claimed after their end before somebody reclaims them', async (t) => {
      const { store, clock, make, accept, claimDue, move } = await storeKit(t, open);
      const parcel = make.parcel();
      await accept(parcel);
      await claimDue();
      clock.advance(10 * LEASE);
      assert.deepEqual(await claimDue(), []);
      assert.deepEqual(await store.claim(legIds(parcel), LEASE), []);
      const [lost] = await store.expiredLeases(1);
      assert.ok(lost);
      await move(lost.delivery, { type: 'lease_expired' });
      assert.deepEqual(await store.expiredLeases(1), []);
      const [again] = await claimDue();
      assert.deepEqual(again?.delivery.version, lost.delivery.version + 2);
      assert.equal(again?.delivery.crashes, 1);
    });

    test('of one that was reclaimed, the lost worker can neither write nor renew', async (t) => {
      const { store, clock, make, accept, claimDue, move, state } = await storeKit(t, open);
      const parcel = make.parcel();
      await accept(parcel);
      const [claim] = await claimDue();
      assert.ok(claim);
      clock.advance(LEASE);
      await move(claim.delivery, { type: 'lease_expired' });
      const [again] = await claimDue();
      const late = next(claim.delivery, ACCEPTED, clock.now());
      assert.deepEqual(await store.write([[change(late)]]), [false]);
      assert.deepEqual(await store.renew([claim.delivery], LEASE), [false]);
      assert.deepEqual(await state(parcel), again?.delivery);
    });

    test('are reclaimed by only one of two sweepers', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      await accept(make.parcel());
      await claimDue();
      clock.advance(LEASE);
      const [seen] = await store.expiredLeases(1);
      assert.ok(seen);
      const reclaim = change(next(seen.delivery, { type: 'lease_expired' }, clock.now()));
      const answers = await Promise.all([store.write([[reclaim]]), store.write([[reclaim]])]);
      assert.deepEqual(answers.flat().filter(Boolean), [true]);
    });

    test('last from their renewal on, and keep their token', async (t) => {
      const { store, clock, make, accept, claimDue, state } = await storeKit(t, open);
      const parcel = make.parcel();
      await accept(parcel);
      const [claim] = await claimDue();
      assert.ok(claim);
      clock.advance(LEASE - 1);
      assert.deepEqual(await store.renew([claim.delivery], LEASE), [true]);
      assert.deepEqual(await state(parcel), { ...claim.delivery, dueAt: clock.now() + LEASE });
      clock.advance(LEASE - 1);
      assert.deepEqual(await store.expiredLeases(1), []);
      const after = next(claim.delivery, ACCEPTED, clock.now());
      assert.deepEqual(await store.write([[change(after)]]), [true]);
    });

    test('are not renewed where they are not held: each is answered for itself', async (t) => {
      const { store, make, accept, claimDue, send } = await storeKit(t, open);
      const [held, waiting, sent] = [make.parcel(), make.parcel(), make.parcel()];
      await accept(held, sent);
      await send(sent);
      const [claim] = await claimDue();
      assert.ok(claim);
      await accept(waiting);
      const { id, version } = claim.delivery;
      const leases = [
        { id, version: version - 1 },
        { id, version: version + 1 },
        { id: deliveryId(make.notification().id, 1), version },
        ...waiting.deliveries,
        ...legIds(sent).map((sentId) => ({ id: sentId, version: 3 })),
        { id, version },
      ];
      assert.deepEqual(await store.renew(leases, LEASE), [false, false, false, false, false, true]);
    });

    // A sweeper may have read it as expired already: to say that it is held would be a promise that its write breaks.
    test('cannot be renewed once they have ended, even if nobody reclaimed them yet', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      await accept(make.parcel());
      const claims = await claimDue();
      clock.advance(LEASE);
      const leases = claims.map((claim) => claim.delivery);
      assert.deepEqual(await store.renew(leases, LEASE), [false]);
      assert.deepEqual(await store.expiredLeases(1), claims);
    });
  });
}
