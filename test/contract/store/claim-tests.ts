import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deliveryId } from '../../../src/domain/ids.ts';
import { PRIORITIES, type Priority } from '../../../src/domain/notification.ts';
import {
  ACCEPTED,
  everything,
  HOUR,
  idsOf,
  LEASE,
  legIds,
  MINUTE,
  next,
  type OpenStore,
  SECOND,
  storeKit,
} from './store-kit.ts';

export function claimTests(open: OpenStore, claimsAfterWrites: boolean): void {
  describe('claims', () => {
    test('takes what is due, as the transition `claimed` has it, with its notification', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      const parcel = make.parcel({ title: 'T', tags: ['x'], data: { a: [1] } }, [{ chain: ['sms', 'email'] }]);
      await accept(parcel);
      clock.advance(5);
      const [before] = parcel.deliveries;
      assert.ok(before);
      const after = next(before, { type: 'claimed', leaseUntil: clock.now() + LEASE }, clock.now());
      assert.deepEqual(await claimDue(), [{ delivery: after, notification: parcel.notification }]);
      assert.deepEqual((await store.find(parcel.notification.id))?.deliveries, [after]);
      assert.deepEqual(await claimDue(), []);
    });

    test('brings every field of the notification, taken as due, by name or when its lease has run out', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      const broadcastId = make.notification().id;
      const parcel = make.parcel({ ...everything(clock.now()), broadcastId });
      await accept(parcel);
      clock.advance(HOUR);
      const [due] = await claimDue();
      assert.deepEqual(due?.notification, parcel.notification);
      clock.advance(LEASE);
      const [expired] = await store.expiredLeases(1);
      assert.deepEqual(expired, due);
      const named = make.parcel({ ...everything(clock.now()), broadcastId, sendAt: null });
      await accept(named);
      const [claim] = await store.claim(legIds(named), LEASE);
      assert.deepEqual(claim?.notification, named.notification);
    });

    test('takes the oldest first, and no more than the limit', async (t) => {
      const { make, clock, accept, claimDue } = await storeKit(t, open);
      const ages = [3, 1, 5, 2, 4];
      const parcels = ages.map((age) => make.parcel({}, [{ dueAt: clock.now() - age * SECOND }]));
      await accept(...parcels);
      const oldestFirst = ages
        .map((age, index) => ({ age, id: parcels[index]?.deliveries[0]?.id }))
        .sort((a, b) => b.age - a.age)
        .map(({ id }) => id);
      assert.deepEqual(idsOf(await claimDue(2)), oldestFirst.slice(0, 2));
      assert.deepEqual(idsOf(await claimDue()), oldestFirst.slice(2));
    });

    test('says whether a claim may overtake a write', async (t) => {
      const { store } = await storeKit(t, open);
      assert.equal(store.claimsAfterWrites, claimsAfterWrites);
    });

    if (claimsAfterWrites) {
      test('comes after the writes that were asked for before it', async (t) => {
        const { store, clock, make, accept, claimDue } = await storeKit(t, open);
        await accept(...Array.from({ length: 40 }, () => make.parcel()));
        const held = await claimDue();
        const released = held.map(({ delivery }) => next(delivery, { type: 'released' }, clock.now()));
        const writes = released.map((after) => store.write([[{ after, attempts: [] }]]));
        const due = claimDue(20);
        const named = store.claim(
          released.map(({ id }) => id),
          LEASE,
        );
        assert.deepEqual((await Promise.all(writes)).flat(), Array(40).fill(true));
        assert.equal((await due).length, 20);
        assert.deepEqual(idsOf([...(await due), ...(await named)]).sort(), idsOf(held).sort());
      });
    }

    test('leaves what is scheduled until its time has come, to the millisecond', async (t) => {
      const { clock, make, accept, claimDue } = await storeKit(t, open);
      const parcel = make.parcel({ sendAt: clock.now() + MINUTE });
      await accept(parcel);
      clock.advance(MINUTE - 1);
      assert.deepEqual(await claimDue(), []);
      clock.advance(1);
      assert.deepEqual(idsOf(await claimDue()), legIds(parcel));
    });

    for (const order of [PRIORITIES, PRIORITIES.toReversed(), ['normal', 'low', 'high'] as const]) {
      test(`takes from the priorities in the order ${order.join(', ')}, filling up from the next`, async (t) => {
        const { store, make, accept } = await storeKit(t, open);
        const parcels = [...PRIORITIES, ...PRIORITIES].map((priority) => make.parcel({ priority }));
        await accept(...parcels);
        const request = { order, leaseMs: LEASE };
        const taken: Priority[] = [];
        for (const limit of [3, 2, 5]) {
          const claims = await store.claimDue({ ...request, limit });
          taken.push(...claims.map((claim) => claim.delivery.priority));
        }
        assert.deepEqual(
          taken,
          order.flatMap((priority) => [priority, priority]),
        );
      });
    }

    test('takes nothing at a limit of 0', async (t) => {
      const { make, accept, claimDue } = await storeKit(t, open);
      await accept(make.parcel());
      assert.deepEqual(await claimDue(0), []);
      assert.equal((await claimDue(1)).length, 1);
    });

    test('gives every delivery to one of many concurrent callers', async (t) => {
      const { store, make, accept, claimDue } = await storeKit(t, open);
      const parcels = Array.from({ length: 100 }, () => make.parcel({}, [{}, { chain: ['sms'] }]));
      await accept(...parcels);
      const callers = Array.from({ length: 30 }, (_, n) =>
        n % 3 === 0 ? store.claim(legIds(...parcels.slice(0, n)), LEASE) : claimDue(9),
      );
      const claimed = (await Promise.all(callers)).flatMap(idsOf);
      const rest = idsOf(await claimDue());
      assert.equal(new Set([...claimed, ...rest]).size, claimed.length + rest.length);
      assert.deepEqual([...claimed, ...rest].sort(), legIds(...parcels).sort());
    });

    test('takes what is retrying when its next round is due', async (t) => {
      const { store, clock, make, accept, claimDue, move } = await storeKit(t, open);
      await accept(make.parcel());
      const [claim] = await claimDue();
      assert.ok(claim);
      const outcome = { kind: 'deferred', code: 'provider_error', detail: '', scope: 'attempt' } as const;
      const waiting = await move(claim.delivery, { type: 'tried', outcome, attempts: 1, random: 0.5 });
      assert.equal(waiting.status, 'retrying');
      assert.equal(await store.nextDueAt(), waiting.dueAt);
      assert.deepEqual(await claimDue(), []);
      clock.advance(30 * SECOND);
      assert.deepEqual(idsOf(await claimDue()), [claim.delivery.id]);
    });
  });

  describe('claims by id', () => {
    test('takes exactly those that are named and ready', async (t) => {
      const { store, clock, make, accept, claimDue, send } = await storeKit(t, open);
      const later = make.parcel({ sendAt: clock.now() + MINUTE });
      const [due, other, sent, taken] = [make.parcel(), make.parcel(), make.parcel(), make.parcel()];
      await accept(later, due, other, sent, taken);
      await send(sent);
      await store.claim(legIds(taken), LEASE);
      const unknown = deliveryId(make.notification().id, 1);
      const noSuchLeg = deliveryId(due.notification.id, 9);
      const named = [...legIds(later, due, sent, taken), unknown, noSuchLeg];
      const claims = await store.claim(named, LEASE);
      const [before] = due.deliveries;
      assert.ok(before);
      const after = next(before, { type: 'claimed', leaseUntil: clock.now() + LEASE }, clock.now());
      assert.deepEqual(claims, [{ delivery: after, notification: due.notification }]);
      assert.deepEqual(idsOf(await claimDue()), legIds(other));
    });

    test('takes what was handed over before it is due in the store, and only then', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      const handedOver = make.parcel({}, [{ handedOverUntil: clock.now() + MINUTE }]);
      const forgotten = make.parcel({}, [{ handedOverUntil: clock.now() + MINUTE }]);
      await accept(handedOver, forgotten);
      assert.deepEqual(await claimDue(), []);
      assert.deepEqual(idsOf(await store.claim(legIds(handedOver), LEASE)), legIds(handedOver));
      assert.deepEqual(await store.claim(legIds(handedOver), LEASE), []);
      clock.advance(MINUTE);
      assert.deepEqual(idsOf(await claimDue()), legIds(forgotten));
    });

    test('takes an id that is named twice once', async (t) => {
      const { store, make, accept } = await storeKit(t, open);
      const parcel = make.parcel();
      await accept(parcel);
      const [id] = legIds(parcel);
      assert.ok(id);
      assert.equal((await store.claim([id, id], LEASE)).length, 1);
    });

    test('takes one leg without its siblings', async (t) => {
      const { store, make, accept, claimDue, move } = await storeKit(t, open);
      const parcel = make.parcel({}, [{}, { chain: ['sms'] }, { chain: ['push'] }]);
      await accept(parcel);
      const [first, second, third] = legIds(parcel);
      assert.ok(second);
      const [claim] = await store.claim([second], LEASE);
      assert.ok(claim);
      assert.deepEqual(claim.delivery.chain, ['sms']);
      await move(claim.delivery, ACCEPTED);
      assert.deepEqual(idsOf(await claimDue()).sort(), [first, third]);
    });

    test('takes nothing where nothing is named', async (t) => {
      const { store } = await storeKit(t, open);
      assert.deepEqual(await store.claim([], LEASE), []);
    });
  });
}
