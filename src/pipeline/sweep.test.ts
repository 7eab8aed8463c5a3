import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { slowly } from '../../test/kit/scripted-channels.ts';
import { HOUR, openTrip, SECOND, type Trip } from '../../test/kit/trip.ts';
import { VirtualTime } from '../../test/kit/virtual-time.ts';
import { PRIORITIES } from '../domain/notification.ts';
import { scheduledPolicy } from '../domain/retry-policy.ts';
import { MAX_CRASHES } from '../domain/transition.ts';
import type { Claim } from '../store/store.ts';
import { createSweeper, KEY_LIFETIME, reclaim, type SweepDeps } from './sweep.ts';

const LEASE = 30 * SECOND;

describe('a lost worker', () => {
  test('leaves an unknown attempt, and its delivery is due at once on the same channel', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send({ channels: ['email', 'sms'] });
    await claimAndForget(trip);
    await trip.time.run(LEASE - 1);
    assert.equal(await reclaim(depsOf(trip)), 0, 'not before the lease has ended');
    await trip.time.run(1);
    assert.equal(await reclaim(depsOf(trip)), 1);
    const leg = await trip.leg(id);
    assert.deepEqual(
      [leg.status, leg.reason, leg.position, leg.round, leg.dueAt, leg.crashes],
      ['pending', 'worker_lost', 0, 1, trip.time.now(), 1],
    );
    assert.deepEqual(await trip.log(id), ['email/- unknown worker_lost']);
    assert.deepEqual(trip.told('reclaimed'), [{ type: 'reclaimed', requestId: 'req-1', deliveryId: leg.id }]);
    assert.deepEqual(trip.told('moved'), [{ type: 'moved', requestId: 'req-1', delivery: leg }]);
  });

  test('is noticed within a second of the end of its lease, and another worker delivers', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send({ channels: ['email', 'sms'] });
    await claimAndForget(trip);
    trip.start();
    await trip.time.run(LEASE + SECOND);
    assert.deepEqual(await trip.log(id), ['email/- unknown worker_lost', 'email/smtp accepted']);
    assert.equal(trip.channels.calls[0]?.attempt, 2);
  });

  test('ends the delivery as maybe sent where the request wants at most once', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send({ onUnknown: 'fail' });
    await claimAndForget(trip);
    trip.start();
    await trip.time.run(LEASE + SECOND);
    const { status, reason } = await trip.leg(id);
    assert.deepEqual([status, reason], ['failed', 'maybe_sent']);
    assert.deepEqual(trip.channels.calls, []);
  });

  test('has put nothing into an inbox, which takes a message with its record: it is tried again even where at most once is wanted', async (t) => {
    const trip = openTrip(t, { providers: { in_app: [{ id: 'inbox', hostOf: () => null }] } });
    const id = await trip.send({ recipient: { userId: '42' }, channels: ['in_app'], onUnknown: 'fail' });
    await claimAndForget(trip);
    trip.start();
    await trip.time.run(LEASE + SECOND);
    assert.deepEqual(await trip.log(id), ['in_app/- deferred worker_lost', 'in_app/inbox accepted']);
    assert.equal((await trip.leg(id)).status, 'sent');
  });

  test('and another, and another: a delivery that is there each time fails as what kills them', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send();
    for (let crash = 1; crash <= MAX_CRASHES + 1; crash++) {
      assert.equal((await trip.leg(id)).status, 'pending');
      await claimAndForget(trip);
      await trip.time.run(LEASE);
      await reclaim(depsOf(trip));
    }
    const { status, reason, attempts } = await trip.leg(id);
    assert.deepEqual([status, reason, attempts], ['failed', 'worker_lost', MAX_CRASHES + 1]);
    assert.equal((await trip.log(id)).length, MAX_CRASHES + 1);
  });

  test('whose delivery has expired meanwhile costs no further call', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send({ expiresAt: trip.time.now() + 10 * SECOND });
    await claimAndForget(trip);
    trip.start();
    await trip.time.run(LEASE + SECOND);
    assert.equal((await trip.leg(id)).status, 'expired');
    assert.deepEqual(trip.channels.calls, []);
  });
});

describe('reclaiming', () => {
  test('is not starved by a backlog of new work', async (t) => {
    const trip = openTrip(t, { concurrency: 1 });
    const lost = await trip.send();
    await claimAndForget(trip);
    trip.channels.always('email', 'smtp', slowly(trip.time, SECOND));
    for (let count = 0; count < 100; count++) await trip.send();
    trip.start();
    await trip.time.run(LEASE + SECOND);
    assert.equal(trip.told('reclaimed').length, 1);
    assert.equal((await trip.leg(lost)).status, 'pending');
    assert.ok(trip.channels.calls.length < 40, 'the backlog must still be there');
  });

  test('by two sweepers at once is done once', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send();
    await claimAndForget(trip);
    await trip.time.run(LEASE);
    await Promise.all([reclaim(depsOf(trip)), reclaim(depsOf(trip))]);
    assert.deepEqual(await trip.log(id), ['email/- unknown worker_lost']);
    assert.equal((await trip.leg(id)).crashes, 1);
    assert.equal(trip.told('reclaimed').length, 1);
  });

  test('leaves alone what its worker settled in the meantime', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send();
    const stale = await claimAndForget(trip);
    await trip.time.run(LEASE);
    const [claim] = stale;
    assert.ok(claim);
    const sent = { ...claim.delivery, version: claim.delivery.version + 1, status: 'sent' as const, dueAt: null };
    await trip.store.write([[{ after: sent, attempts: [] }]]);
    await reclaim({ ...depsOf(trip), store: { ...trip.store, expiredLeases: () => Promise.resolve(stale) } });
    assert.deepEqual(await trip.leg(id), sent);
    assert.deepEqual(trip.told('reclaimed'), []);
  });

  test('takes back more than one batch in one pass', async (t) => {
    const trip = openTrip(t);
    for (let count = 0; count < 1_100; count++) await trip.send();
    await claimAndForget(trip);
    await trip.time.run(LEASE);
    const sweeper = createSweeper(depsOf(trip));
    sweeper.start();
    await trip.time.run(0);
    assert.equal(trip.told('reclaimed').length, 1_100);
    await sweeper.stop();
  });

  test("does not go round and round where the store's clock is ahead", async (t) => {
    const trip = openTrip(t);
    for (let count = 0; count < 500; count++) await trip.send();
    const claims = await claimAndForget(trip);
    let asked = 0;
    const expiredLeases = () => {
      asked += 1;
      if (asked > 100) throw new Error('it goes round and round');
      return Promise.resolve(claims);
    };
    const sweeper = createSweeper({ ...depsOf(trip), store: { ...trip.store, expiredLeases } });
    sweeper.start();
    await trip.time.run(3 * SECOND);
    await sweeper.stop();
    assert.equal(asked, 4, 'once a second');
  });

  test('tells a fault of the store and goes on three seconds later, after the workers that hold results', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send();
    await claimAndForget(trip);
    await trip.time.run(LEASE);
    trip.store.down('expiredLeases');
    trip.start();
    await trip.time.run(0);
    assert.deepEqual(
      trip.told('fault').map(({ where }) => where),
      ['sweep'],
    );
    trip.store.down();
    await trip.time.run(3 * SECOND - 1);
    assert.equal((await trip.leg(id)).status, 'sending');
    await trip.time.run(1);
    assert.equal((await trip.leg(id)).status, 'sent');
  });
});

describe('a sweeper', () => {
  test('forgets idempotency keys a day old, once a minute, as many as there are', async () => {
    const time = new VirtualTime();
    const start = time.now();
    const purged: { at: number; keysBefore: number }[] = [];
    const left = [1_000, 1_000, 3, 0];
    const sweeper = createSweeper({
      store: {
        expiredLeases: () => Promise.resolve([]),
        write: () => Promise.resolve([]),
        purge: ({ keysBefore }) => {
          purged.push({ at: time.now() - start, keysBefore: keysBefore - start });
          return Promise.resolve(left.shift() ?? 0);
        },
      },
      handOff: () => {},
      clock: time,
      retry: scheduledPolicy(),
      emit: () => {},
    });
    sweeper.start();
    await time.run(2 * 60 * SECOND);
    await sweeper.stop();
    const minute = 60 * SECOND;
    const once = (at: number) => ({ at, keysBefore: at - KEY_LIFETIME });
    assert.deepEqual(purged, [once(minute), once(minute), once(minute), once(2 * minute)]);
    assert.equal(KEY_LIFETIME, 24 * HOUR);
  });

  test('stops without waiting for its next turn, and stays stopped', async (t) => {
    const trip = openTrip(t);
    const sweeper = createSweeper(depsOf(trip));
    sweeper.start();
    await trip.time.run(SECOND);
    await sweeper.stop();
    sweeper.start();
    assert.equal(trip.time.pending, 0);
  });
});

/** What a worker does that dies right after it has claimed. */
function claimAndForget(trip: Trip): Promise<readonly Claim[]> {
  return trip.store.claimDue({ limit: 10_000, order: PRIORITIES, leaseMs: LEASE });
}

function depsOf({ store, handOff, time, retry, emit }: Trip): SweepDeps {
  return { store, handOff, clock: time, retry, emit };
}
