import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { builders } from '../../test/kit/builders.ts';
import { accepted, heldCall } from '../../test/kit/scripted-channels.ts';
import { MINUTE, openTrip, SECOND, type Trip } from '../../test/kit/trip.ts';
import { PRIORITIES } from '../domain/notification.ts';
import { attemptOf } from '../domain/outcome.ts';
import type { DeliveryEvent } from '../domain/transition.ts';
import { type Change, type Claim, StoreUnavailable } from '../store/store.ts';
import { createSettle, type SettleDeps } from './settle.ts';

const SENT = { type: 'tried', outcome: accepted('m-1'), attempts: 1, random: 0.5 } as const satisfies DeliveryEvent;
const CALL = { number: 1, channel: 'email', provider: 'smtp', startedAt: 0, durationMs: 7 } as const;
const ROW = attemptOf(accepted('m-1'), CALL);

describe('settle', () => {
  test('writes the new state with its attempts, tells it, and hands the delivery on', async (t) => {
    const { trip, claim, handedOn, settle } = await claimedTrip(t);
    assert.equal(await settle(claim, SENT, [ROW]), true);
    const { deliveries, attempts } = await trip.record(claim.notification.id);
    assert.deepEqual(
      deliveries.map(({ status, version }) => [status, version]),
      [['sent', claim.delivery.version + 1]],
    );
    assert.deepEqual(attempts, [{ ...ROW, deliveryId: claim.delivery.id }]);
    assert.deepEqual(trip.told('attempted'), [
      {
        type: 'attempted',
        requestId: 'req-1',
        deliveryId: claim.delivery.id,
        wantedAt: claim.notification.createdAt,
        attempt: ROW,
      },
    ]);
    assert.deepEqual(trip.told('moved'), [{ type: 'moved', requestId: 'req-1', delivery: deliveries[0] }]);
    assert.deepEqual(handedOn, deliveries);
  });

  test('changes nothing where the lease was lost, and tells it', async (t) => {
    const { trip, claim, handedOn, settle } = await claimedTrip(t);
    const newer = { ...claim.delivery, version: claim.delivery.version + 1, reason: 'worker_lost' as const };
    assert.deepEqual(await trip.store.write([[{ after: newer, attempts: [] }]]), [true]);
    assert.equal(await settle(claim, SENT, [ROW]), false);
    const { deliveries, attempts } = await trip.record(claim.notification.id);
    assert.deepEqual([deliveries, attempts], [[newer], []]);
    assert.deepEqual(trip.told('stale_settle'), [
      { type: 'stale_settle', requestId: 'req-1', deliveryId: claim.delivery.id },
    ]);
    assert.equal(trip.told('attempted').length, 1, 'the log keeps what the store refused');
    assert.deepEqual([trip.told('moved'), handedOn], [[], []]);
  });

  test('refuses an event that cannot happen in this state', async (t) => {
    const { claim, settle } = await claimedTrip(t);
    await assert.rejects(settle(claim, { type: 'discard' }, []), /discard does not apply while sending/);
  });

  test('tells its own news where only the answer to the write was lost', async (t) => {
    const { trip, claim, handedOn, settle } = await claimedTrip(t, losingAnswers);
    const settling = settle(claim, SENT, [ROW]);
    assert.equal(await trip.time.until(settling), true);
    assert.deepEqual([trip.told('stale_settle'), trip.told('moved').length, handedOn.length], [[], 1, 1]);
    assert.equal((await trip.record(claim.notification.id)).attempts.length, 1);
  });

  test('writes the entry that a message is with its record, and once more with it where the answer was lost', async (t) => {
    const changes: Change[] = [];
    const { trip, claim, settle } = await claimedTrip(t, (store) => {
      const losing = losingAnswers(store);
      const write: typeof losing.write = (groups) => {
        changes.push(...groups.flat());
        return losing.write(groups);
      };
      return { find: losing.find, write };
    });
    const { id, notificationId } = claim.delivery;
    const entry = builders(() => trip.time.now()).inboxEntry({ id, notificationId });
    const outcome = { kind: 'accepted', providerMessageId: null, entry } as const;
    assert.equal(await trip.time.until(settle(claim, { ...SENT, outcome }, [ROW])), true);
    const after = await trip.leg(notificationId);
    assert.equal(after.status, 'sent');
    assert.deepEqual(changes, [
      { after, attempts: [ROW], entry },
      { after, attempts: [ROW], entry },
    ]);
  });

  test('is not fooled by newer news that came while its own write failed', async (t) => {
    const { trip, claim, settle } = await claimedTrip(t);
    trip.store.down('write');
    const settling = settle(claim, SENT, [ROW]);
    await trip.time.run(100);
    trip.store.down();
    const newer = { ...claim.delivery, version: claim.delivery.version + 1, reason: 'worker_lost' as const };
    assert.deepEqual(await trip.store.write([[{ after: newer, attempts: [] }]]), [true]);
    assert.equal(await trip.time.until(settling), false);
    assert.equal(trip.told('stale_settle').length, 1);
  });

  test('does not hide a bug of the store', async (t) => {
    const bug = new TypeError('a bug');
    const { claim, settle, trip } = await claimedTrip(t, (store) => ({
      find: (id) => store.find(id),
      write: () => Promise.reject(bug),
    }));
    await assert.rejects(settle(claim, SENT, [ROW]), bug);
    assert.equal(trip.time.pending, 0);
  });
});

describe('while the store cannot be written', () => {
  test('a result is held and recorded afterwards: nobody is called twice', async (t) => {
    const trip = openTrip(t);
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    trip.start();
    const id = await trip.send();
    await trip.time.run(SECOND);
    trip.store.down('write');
    answer(accepted('m-1'));
    await trip.time.run(20 * SECOND);
    assert.equal((await trip.leg(id)).status, 'sending');
    trip.store.down();
    await trip.time.run(SECOND);
    const { deliveries, attempts } = await trip.record(id);
    assert.equal(deliveries[0]?.status, 'sent');
    assert.deepEqual(
      attempts.map(({ providerMessageId, durationMs }) => [providerMessageId, durationMs]),
      [['m-1', SECOND]],
    );
    assert.equal(trip.channels.calls.length, 1);
    const faults = trip.told('fault');
    assert.ok(faults.length > 5 && faults.length < 40, `${faults.length} faults: it must wait between its tries`);
    assert.deepEqual(new Set(faults.map(({ where }) => where)), new Set(['settle']));
  });

  test('for longer than a result is held, the delivery is reclaimed in the end and sent again with its key', async (t) => {
    const trip = openTrip(t);
    trip.start();
    trip.store.down('write');
    const id = await trip.send();
    await trip.time.run(2 * MINUTE);
    trip.store.down();
    await trip.time.run(10 * SECOND);
    assert.deepEqual(await trip.log(id), ['email/- unknown worker_lost', 'email/smtp accepted']);
    assert.deepEqual(
      trip.channels.calls.map(({ idempotencyKey }) => idempotencyKey),
      Array.from({ length: 2 }, () => `${trip.channels.calls[0]?.deliveryId}-email`),
    );
    assert.ok(trip.told('fault').some(({ where }) => where === 'deliver'));
  });
});

/** The first write is done, and nobody hears of it. */
function losingAnswers(store: Trip['store']): SettleDeps['store'] {
  let lost = false;
  return {
    find: (id) => store.find(id),
    async write(groups) {
      const answer = await store.write(groups);
      if (lost) return answer;
      lost = true;
      throw new StoreUnavailable('the answer was lost');
    },
  };
}

/** A trip that nobody works on, with one delivery in the test's own hand. */
async function claimedTrip(t: TestContext, storeOf: (store: Trip['store']) => SettleDeps['store'] = (store) => store) {
  const trip: Trip = openTrip(t);
  await trip.send();
  const [claim] = await trip.store.claimDue({ limit: 1, order: PRIORITIES, leaseMs: 30 * SECOND });
  assert.ok(claim);
  const handedOn: Claim['delivery'][] = [];
  const settle = createSettle({
    store: storeOf(trip.store),
    handOff: (deliveries) => void handedOn.push(...deliveries),
    clock: trip.time,
    retry: trip.retry,
    emit: trip.emit,
  });
  return { trip, claim, handedOn, settle };
}
