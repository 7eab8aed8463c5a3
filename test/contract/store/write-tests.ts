import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deliveryId } from '../../../src/domain/ids.ts';
import { attempt, receiptOf } from '../../kit/builders.ts';
import {
  ACCEPTED,
  change,
  DEFERRED,
  HOUR,
  idsOf,
  MINUTE,
  next,
  type OpenStore,
  REJECTED,
  rejectedAttempt,
  storeKit,
} from './store-kit.ts';

export function writeTests(open: OpenStore): void {
  describe('write', () => {
    test('keeps the new state and appends to the log, in order', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      const parcel = make.parcel({}, [{ chain: ['sms', 'email', 'push'], unaddressed: ['sms'] }]);
      await accept(parcel);
      const [claim] = await claimDue();
      assert.ok(claim);
      const detail = 'é🪄'.repeat(160);
      const first = [
        attempt({ number: 2, outcome: 'deferred', code: 'provider_error', detail, providerMessageId: null }),
        attempt({ number: 3, provider: null, outcome: 'unknown', code: 'timeout', durationMs: 0 }),
      ];
      const after = next(claim.delivery, { ...DEFERRED, attempts: 2 }, clock.now());
      assert.deepEqual(await store.write([[change(after, first)]]), [true]);
      const [again] = await claimDue();
      assert.ok(again);
      const second = [attempt({ number: 4, channel: 'push', provider: 'fcm' })];
      const sent = next(again.delivery, ACCEPTED, clock.now());
      assert.deepEqual(await store.write([[change(sent, second)]]), [true]);
      const record = await store.find(parcel.notification.id);
      assert.deepEqual(record?.deliveries, [sent]);
      const known = [...parcel.attempts.values()].flat();
      const log = [...known, ...first, ...second].map((entry) => ({ ...entry, deliveryId: sent.id }));
      assert.deepEqual(record?.attempts, log);
    });

    test('keeps every field of every state', async (t) => {
      const { clock, make, accept, claimDue, move, state } = await storeKit(t, open);
      const parcel = make.parcel({ expiresAt: clock.now() + 9 * HOUR }, [{ chain: ['email', 'sms'] }]);
      await accept(parcel);
      const limited = { kind: 'deferred', code: 'rate_limited', detail: '', scope: 'provider' } as const;
      const wait = { type: 'tried', outcome: { ...limited, retryAfterMs: 1 }, attempts: 1, random: 0 } as const;
      const claimNow = async () => {
        const [claim] = await claimDue();
        assert.ok(claim);
        return claim.delivery;
      };
      const limitedNow = await move(await claimNow(), wait);
      assert.deepEqual(await state(parcel), limitedNow);
      clock.advance(MINUTE);
      const nextChannel = await move(await claimNow(), REJECTED);
      assert.deepEqual(await state(parcel), nextChannel);
      const released = await move(await claimNow(), { type: 'released' });
      assert.deepEqual(await state(parcel), released);
      const sent = await move(await claimNow(), ACCEPTED);
      assert.deepEqual(await state(parcel), sent);
      const bounced = await move(sent, receiptOf(sent, 'bounced'));
      assert.deepEqual(await state(parcel), bounced);
      const restarted = await move(bounced, { type: 'retry' });
      assert.deepEqual(await state(parcel), restarted);
      const sentAgain = await move(await claimNow(), ACCEPTED);
      const delivered = await move(sentAgain, receiptOf(sentAgain, 'delivered'));
      assert.deepEqual(await state(parcel), delivered);
    });

    test('refuses a stale version and changes nothing, nor the log', async (t) => {
      const { store, clock, make, accept, claimDue, move } = await storeKit(t, open);
      const parcel = make.parcel();
      await accept(parcel);
      const [claim] = await claimDue();
      assert.ok(claim);
      await move(claim.delivery, REJECTED, [rejectedAttempt(1, clock.now())]);
      const before = await store.find(parcel.notification.id);
      const late = next(claim.delivery, ACCEPTED, clock.now());
      const sendAt = clock.now() + HOUR;
      const log = [attempt({ number: 2 })];
      const ahead = { ...late, version: late.version + 5 };
      const tries = [late, ahead, claim.delivery].map((after) => [{ after, attempts: log, sendAt }]);
      assert.deepEqual(await store.write(tries), [false, false, false]);
      assert.deepEqual(await store.find(parcel.notification.id), before);
    });

    test('refuses a delivery that is not there', async (t) => {
      const { store, make, accept } = await storeKit(t, open);
      const parcel = make.parcel();
      await accept(parcel);
      const [known] = parcel.deliveries;
      const [unknown] = make.parcel().deliveries;
      assert.ok(known && unknown);
      const noSuchLeg = { ...known, id: deliveryId(known.notificationId, 7), leg: 7 };
      const tries = [unknown, noSuchLeg].map((delivery) => [change({ ...delivery, version: 2 })]);
      assert.deepEqual(await store.write(tries), [false, false]);
    });

    test('writes a group whole or not at all, and each group for itself', async (t) => {
      const { store, clock, make, accept } = await storeKit(t, open);
      const parcel = make.parcel({}, [{}, { chain: ['sms'] }]);
      const other = make.parcel();
      await accept(parcel, other);
      const cancel = { type: 'cancel' } as const;
      const [first, second] = parcel.deliveries.map((delivery) => next(delivery, cancel, clock.now()));
      const [third] = other.deliveries.map((delivery) => next(delivery, cancel, clock.now()));
      assert.ok(first && second && third);
      const stale = change({ ...second, version: 9 }, [attempt()]);
      const before = await store.find(parcel.notification.id);
      for (const group of [
        [change(first, [attempt()]), stale],
        [stale, change(first, [attempt()])],
      ]) {
        assert.deepEqual(await store.write([group]), [false]);
        assert.deepEqual(await store.find(parcel.notification.id), before);
      }
      const groups = [[change(first), stale], [change(third)], [change(first), change(second)]];
      assert.deepEqual(await store.write(groups), [false, true, true]);
      assert.deepEqual((await store.find(parcel.notification.id))?.deliveries, [first, second]);
      assert.deepEqual((await store.find(other.notification.id))?.deliveries, [third]);
    });

    test('lets only the first of two groups in one call move a delivery from the same version', async (t) => {
      const { store, clock, make, accept, state } = await storeKit(t, open);
      const parcel = make.parcel();
      await accept(parcel);
      const [delivery] = parcel.deliveries;
      assert.ok(delivery);
      const after = next(delivery, { type: 'cancel' }, clock.now());
      const [won, lost] = [
        { ...after, reason: 'cancelled' as const },
        { ...after, reason: 'expired' as const },
      ];
      assert.deepEqual(await store.write([[change(won)], [change(lost)]]), [true, false]);
      assert.deepEqual(await state(parcel), won);
    });

    test('either cancels or sends, never both', async (t) => {
      const { store, clock, make, accept, claimDue, state } = await storeKit(t, open);
      const parcels = Array.from({ length: 10 }, () => make.parcel());
      await accept(...parcels);
      const cancels = parcels.map(({ deliveries }) =>
        deliveries.map((delivery) => change(next(delivery, { type: 'cancel' }, clock.now()))),
      );
      const [early, claims, late] = await Promise.all([
        store.write(cancels.slice(0, 5)),
        claimDue(),
        store.write(cancels.slice(5)),
      ]);
      const answers = [...early, ...late];
      for (const [index, parcel] of parcels.entries()) {
        const { id, status } = await state(parcel);
        assert.equal(status, answers[index] === true ? 'cancelled' : 'sending');
        assert.equal(idsOf(claims).includes(id), answers[index] === false);
      }
    });

    test('moves the send time of the notification with the delivery', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      const parcel = make.parcel({ sendAt: clock.now() + HOUR });
      await accept(parcel);
      const [delivery] = parcel.deliveries;
      assert.ok(delivery);
      const sendAt = clock.now() + MINUTE;
      const after = next(delivery, { type: 'reschedule', dueAt: sendAt }, clock.now());
      assert.deepEqual(await store.write([[{ after, attempts: [], sendAt }]]), [true]);
      const record = await store.find(parcel.notification.id);
      assert.deepEqual(record?.notification, { ...parcel.notification, sendAt });
      assert.deepEqual(record?.deliveries, [after]);
      clock.advance(MINUTE);
      assert.equal((await claimDue())[0]?.notification.sendAt, sendAt);
    });

    test('answers nothing to nothing', async (t) => {
      const { store } = await storeKit(t, open);
      assert.deepEqual(await store.write([]), []);
    });
  });
}
