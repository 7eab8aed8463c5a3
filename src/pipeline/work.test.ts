import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { bell } from '../../test/kit/bell.ts';
import { accepted, deferred, failing, heldCall, slowly } from '../../test/kit/scripted-channels.ts';
import { openTrip, SECOND, type Trip } from '../../test/kit/trip.ts';
import { type NotificationId, notificationOf } from '../domain/ids.ts';
import type { Priority } from '../domain/notification.ts';
import { memoryQueue } from '../queue/memory/memory-queue.ts';
import type { DeliverTask, Queue } from '../queue/queue.ts';
import { STORE_PATIENCE } from './in-time.ts';
import { reclaim } from './sweep.ts';

const ONE_AT_A_TIME = { providers: { email: [{ id: 'smtp', concurrency: 1 }] } };

describe('a worker', () => {
  test('has no more deliveries in hand at once than it may, and does them all', async (t) => {
    const trip = openTrip(t, { concurrency: 10 });
    trip.channels.always('email', 'smtp', slowly(trip.time, SECOND));
    const ids = await sendMany(trip, 45);
    trip.start();
    await trip.time.run(5 * SECOND);
    assert.equal(trip.channels.mostAtOnce('email', 'smtp'), 10);
    assert.deepEqual(await statuses(trip, ids), { sent: 45 });
  });

  test('counts only those that wait for somebody outside, and has eight times as many in hand at most', async (t) => {
    const trip = openTrip(t, { concurrency: 10, providers: { in_app: [{ id: 'inbox', hostOf: () => null }] } });
    trip.channels.always('in_app', 'inbox', slowly(trip.time, SECOND));
    const send = () => trip.send({ recipient: { userId: '42' }, channels: ['in_app'] });
    const ids = await Promise.all(Array.from({ length: 200 }, send));
    trip.start();
    await trip.time.run(5 * SECOND);
    assert.equal(trip.channels.mostAtOnce('in_app', 'inbox'), 80);
    assert.deepEqual(await statuses(trip, ids), { sent: 200 });
  });

  test('asks for more at once as long as what comes waits for nobody outside, and then keeps to its slots', async (t) => {
    const { trip, asked } = await usedToTheInbox(t);
    assert.deepEqual(asked.slice(0, 5), [10, 20, 40, 40, 40]);
    trip.channels.always('email', 'smtp', slowly(trip.time, SECOND));
    const ids = await sendMany(trip, 45);
    asked.length = 0;
    await trip.time.run(500);
    assert.deepEqual(asked, [40], 'what has no slot waits for one before more is asked for');
    await trip.time.run(5 * SECOND);
    assert.equal(trip.channels.mostAtOnce('email', 'smtp'), 10);
    assert.deepEqual(await statuses(trip, ids), { sent: 45 });
    assert.ok(asked.slice(1).every((limit) => limit <= 10));
  });

  for (const claimsAfterWrites of [true, false]) {
    const when = claimsAfterWrites ? 'with the records that free its slots' : 'once its slots are free';
    test(`asks for more ${when}, as the store ${claimsAfterWrites ? 'keeps that order' : 'may turn them round'}`, async (t) => {
      const trip = openTrip(t, { concurrency: 10 });
      Object.assign(trip.store, { claimsAfterWrites });
      const ids = await sendMany(trip, 25);
      const record = trip.store.hang('write');
      trip.start();
      await trip.time.run(0);
      assert.deepEqual(
        await statuses(trip, ids),
        claimsAfterWrites ? { sending: 20, pending: 5 } : { sending: 10, pending: 15 },
      );
      assert.equal(trip.channels.calls.length, 10, 'nobody is called for what has no slot');
      trip.store.hang();
      record();
      await trip.time.run(0);
      assert.deepEqual(await statuses(trip, ids), { sent: 25 });
    });
  }

  test('takes high priorities first, while the lower ones keep moving', async (t) => {
    const trip = openTrip(t, { concurrency: 1 });
    const low = await sendMany(trip, 20, 'low');
    const normal = await sendMany(trip, 20, 'normal');
    const high = await sendMany(trip, 20, 'high');
    trip.start();
    await trip.time.run(0);
    const names = new Map([...low.map((id) => [id, 'l'] as const), ...normal.map((id) => [id, 'n'] as const)]);
    const order = trip.channels.calls.map(({ deliveryId }) => names.get(notificationOf(deliveryId)) ?? 'h').join('');
    assert.equal(high.length + names.size, order.length);
    assert.equal(order.slice(0, 16), 'hhhhhhhnhhhhhhhl');
    assert.equal(order.lastIndexOf('h'), 21, 'twenty high ones and one each of the others');
  });

  test('that sleeps is woken by what is accepted', async (t) => {
    const trip = openTrip(t);
    trip.start();
    await trip.time.run(1_234);
    const id = await trip.send();
    await trip.time.run(0);
    assert.equal((await trip.leg(id)).status, 'sent');
  });

  test('sends what is scheduled exactly when it is due, and by a new time where that is an earlier one', async (t) => {
    const trip = openTrip(t);
    trip.start();
    await trip.time.run(SECOND);
    const start = trip.time.now();
    const soon = await trip.send({ sendAt: start + 1_700 });
    const later = await trip.send({ sendAt: start + 60 * SECOND });
    await trip.time.run(SECOND);
    assert.equal(await trip.control.reschedule(later, start + 2_100), 'rescheduled');
    await trip.time.run(10 * SECOND);
    assert.deepEqual([(await trip.leg(soon)).sentAt, (await trip.leg(later)).sentAt], [start + 1_700, start + 2_100]);
  });

  test('finds within five seconds what the bell did not ring for', async (t) => {
    const ring = bell();
    const trip = openTrip(t, { queue: () => ring });
    trip.start();
    await trip.time.run(SECOND);
    ring.fail(true);
    const id = await trip.send();
    await trip.time.run(4 * SECOND);
    assert.equal((await trip.leg(id)).status, 'sent');
    assert.deepEqual(new Set(trip.told('fault').map(({ where }) => where)), new Set(['hand-off']));
  });

  test('tells a fault of the store, waits a little, and goes on', async (t) => {
    const trip = openTrip(t);
    trip.store.down('claimDue');
    trip.start();
    const id = await trip.send();
    await trip.time.run(SECOND);
    const faults = trip.told('fault').map(({ where }) => where);
    assert.deepEqual(faults, ['worker', 'worker', 'worker', 'worker', 'worker']);
    trip.store.down();
    await trip.time.run(SECOND);
    assert.equal((await trip.leg(id)).status, 'sent');
  });

  test('shows a pulse at least every five seconds', async (t) => {
    const trip = openTrip(t);
    trip.start();
    for (let second = 0; second < 30; second++) {
      await trip.time.run(SECOND);
      assert.ok(trip.time.now() - trip.worker.lastTurnAt() <= 5 * SECOND);
    }
  });

  test('waits no longer than it must for a store that does not answer, and gives back what comes after all', async (t) => {
    const trip = openTrip(t, { leaseMs: 10 * STORE_PATIENCE });
    const answer = trip.store.hang('claimDue');
    const ids = await sendMany(trip, 12);
    trip.start();
    await trip.time.run(STORE_PATIENCE);
    trip.store.hang();
    const faults = trip.told('fault').map(({ where }) => where);
    assert.deepEqual(faults, ['worker']);
    answer();
    await trip.time.run(0);
    assert.deepEqual(trip.channels.calls, [], 'nobody is called for a claim that nobody waited for');
    assert.deepEqual(await statuses(trip, ids), { pending: 12 });
    await trip.time.run(SECOND);
    assert.deepEqual(await statuses(trip, ids), { sent: 12 });
    for (const id of ids) assert.equal((await trip.leg(id)).crashes, 0);
  });

  for (const method of ['nextDueAt', 'renew', 'write', 'claim'] as const) {
    test(`goes on although ${method} was never answered`, async (t) => {
      const trip = openTrip(t, method === 'claim' ? { queue: (clock) => memoryQueue({ clock }) } : {});
      if (method === 'renew') trip.channels.next('email', 'smtp', slowly(trip.time, 14 * SECOND));
      trip.store.hang(method);
      trip.start();
      const first = await trip.send();
      await trip.time.run(10 * SECOND);
      trip.store.hang();
      await trip.time.run(60 * SECOND);
      const second = await trip.send();
      await trip.time.run(5 * SECOND);
      assert.deepEqual(await statuses(trip, [first, second]), { sent: 2 });
      assert.equal(trip.worker.signs().freeSlots, 10);
    });
  }

  test('asks ever less often for what is due and held by somebody else, and takes it soon when it can', async (t) => {
    const trip = openTrip(t);
    trip.store.blind(true);
    trip.start();
    const id = await trip.send();
    await trip.time.run(10 * SECOND);
    const { answered } = trip.worker.signs();
    assert.ok(answered < 50, `it has asked ${answered} times`);
    trip.store.blind(false);
    await trip.time.run(SECOND / 2);
    assert.equal((await trip.leg(id)).status, 'sent');
  });

  test('that is started twice works once', async (t) => {
    const trip = openTrip(t);
    trip.start();
    trip.worker.start();
    await trip.send();
    await trip.time.run(0);
    assert.equal(trip.channels.calls.length, 1);
  });
});

describe('a worker that stops', () => {
  test('waits for what is being sent, and gives back what is not', async (t) => {
    const trip = openTrip(t, { ...ONE_AT_A_TIME });
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    const ids = await sendMany(trip, 3);
    trip.start();
    await trip.time.run(SECOND);
    let stopped = false;
    const stopping = trip.goDown().finally(() => {
      stopped = true;
    });
    await trip.time.run(SECOND);
    assert.equal(stopped, false);
    answer(accepted());
    await trip.time.until(stopping);
    assert.deepEqual(await statuses(trip, ids), { sent: 1, pending: 2 });
    assert.equal(trip.channels.calls.length, 1);
    for (const id of ids.slice(1)) {
      const { attempts, dueAt, reason } = await trip.leg(id);
      assert.deepEqual([attempts, dueAt, reason], [0, trip.time.now(), null]);
    }
  });

  test('gives back at once what waits for a slot', async (t) => {
    const { trip } = await usedToTheInbox(t);
    trip.channels.always('email', 'smtp', slowly(trip.time, 5 * SECOND));
    const ids = await sendMany(trip, 40);
    await trip.time.run(SECOND);
    const stopping = trip.goDown();
    await trip.time.run(SECOND);
    assert.deepEqual(await statuses(trip, ids), { sending: 10, pending: 30 });
    await trip.time.until(stopping);
    assert.deepEqual(await statuses(trip, ids), { sent: 10, pending: 30 });
    assert.equal(trip.channels.calls.filter(({ message }) => message.channel === 'email').length, 10);
  });

  test('takes nothing more', async (t) => {
    const trip = openTrip(t);
    trip.start();
    await trip.time.run(SECOND);
    await trip.stop();
    const id = await trip.send();
    await trip.time.run(20 * SECOND);
    assert.equal((await trip.leg(id)).status, 'pending');
  });

  test('has its lease and its slot counted although the same delivery came back to it', async (t) => {
    const trip = openTrip(t, { concurrency: 2 });
    trip.start();
    const id = await trip.send();
    trip.store.down('write', 'renew');
    await trip.time.run(40_500);
    trip.store.down();
    // Another process's sweeper comes before the next try to settle: the delivery is claimed again while its first
    // result is held.
    await reclaim({ ...trip, clock: trip.time });
    trip.channels.always('email', 'smtp', slowly(trip.time, 10 * SECOND));
    await trip.time.run(SECOND);
    assert.equal(trip.told('stale_settle').length, 1);
    assert.equal(trip.channels.calls.length, 2);
    await trip.stop();
    assert.equal((await trip.leg(id)).status, 'sent');
  });
});

describe('a lease', () => {
  test('is renewed as long as its delivery is in hand', async (t) => {
    const providers = { email: [{ id: 'one' }, { id: 'two' }, { id: 'three' }, { id: 'four' }] };
    const trip = openTrip(t, { providers, leaseMs: 30 * SECOND, sendTimeout: 15 * SECOND });
    for (const id of ['one', 'two', 'three'])
      trip.channels.next('email', id, slowly(trip.time, 14 * SECOND, failing()));
    trip.start();
    const id = await trip.send();
    await trip.time.run(60 * SECOND);
    const { status, attempts, version } = await trip.leg(id);
    assert.deepEqual([status, attempts, version], ['sent', 4, 3]);
    assert.deepEqual(trip.told('reclaimed'), []);
  });

  for (const startedAt of [0, 5, 5.5, 9]) {
    test(`lets one wait in line for longer than a send may take (claimed ${startedAt} s after the start)`, async (t) => {
      const trip = openTrip(t, {
        ...ONE_AT_A_TIME,
        leaseMs: 30 * SECOND,
        sendTimeout: 15 * SECOND,
      });
      trip.channels.always('email', 'smtp', slowly(trip.time, 4 * SECOND));
      trip.start();
      await trip.time.run(startedAt * SECOND);
      const ids = await sendMany(trip, 10);
      await trip.time.run(60 * SECOND);
      assert.deepEqual(await statuses(trip, ids), { sent: 10 });
      for (const id of ids)
        assert.equal((await trip.leg(id)).version, 3, 'accepted, claimed, settled; never given back');
    });
  }

  test('that was lost lets nobody be called any more, and nothing be overwritten', async (t) => {
    const trip = openTrip(t, {
      ...ONE_AT_A_TIME,
      leaseMs: 30 * SECOND,
      sendTimeout: 15 * SECOND,
    });
    // The slot comes free after the renewal that was refused, while the lease would by itself still be long enough.
    trip.channels.always('email', 'smtp', slowly(trip.time, 11 * SECOND));
    trip.start();
    const first = await trip.send();
    const second = await trip.send();
    await trip.time.run(SECOND);
    const newer = await overtake(trip, second);
    await trip.time.run(60 * SECOND);
    assert.equal((await trip.leg(first)).status, 'sent');
    assert.deepEqual(await trip.leg(second), newer);
    assert.equal(trip.channels.calls.length, 1);
    assert.deepEqual(
      trip.told('stale_settle').map(({ deliveryId }) => deliveryId),
      [newer.id],
    );
  });

  test('that was lost during the call keeps the newer news and tells of the stale result', async (t) => {
    const trip = openTrip(t);
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    trip.start();
    const id = await trip.send();
    await trip.time.run(SECOND);
    const newer = await overtake(trip, id);
    answer(accepted());
    await trip.time.run(0);
    assert.deepEqual(await trip.leg(id), newer);
    assert.deepEqual(await trip.log(id), []);
    assert.equal(trip.told('stale_settle').length, 1);
  });

  test('that cannot be renewed because the store is away makes the worker give back what is not sent', async (t) => {
    const trip = openTrip(t, {
      ...ONE_AT_A_TIME,
      leaseMs: 30 * SECOND,
      sendTimeout: 15 * SECOND,
    });
    trip.channels.always('email', 'smtp', slowly(trip.time, 8 * SECOND));
    trip.start();
    const ids = await sendMany(trip, 3);
    await trip.time.run(0);
    trip.store.down('renew', 'claimDue');
    await trip.time.run(30 * SECOND);
    assert.deepEqual(await statuses(trip, ids), { sent: 2, pending: 1 });
    trip.store.down();
    await trip.time.run(30 * SECOND);
    assert.deepEqual(await statuses(trip, ids), { sent: 3 });
    assert.equal(trip.channels.calls.length, 3, 'none is sent twice');
    assert.deepEqual(trip.told('reclaimed'), []);
  });
});

describe('a worker with a queue that carries', () => {
  test('delivers what the queue names, and acknowledges it', async (t) => {
    const { open, acked, queue } = recorded();
    const trip = openTrip(t, { queue: open });
    trip.start();
    await trip.time.run(SECOND);
    const ids = await sendMany(trip, 3);
    await trip.time.run(0);
    assert.deepEqual(await statuses(trip, ids), { sent: 3 });
    assert.deepEqual(
      acked.map(({ id }) => id),
      trip.channels.calls.map(({ deliveryId }) => deliveryId),
    );
    await trip.stop();
    await queue().close();
  });

  test('has no more deliveries in hand than it may, wherever they come from', async (t) => {
    const trip = openTrip(t, { concurrency: 4, queue: (clock) => memoryQueue({ clock }) });
    trip.channels.always('email', 'smtp', slowly(trip.time, SECOND));
    for (let count = 0; count < 8; count++) trip.channels.next('email', 'smtp', deferred());
    trip.start();
    const retried = await sendMany(trip, 8);
    await trip.time.run(30 * SECOND);
    assert.equal(trip.channels.calls.length, 12, 'four that came due in the store are being sent again');
    const queued = await sendMany(trip, 8);
    await trip.time.run(90 * SECOND);
    assert.deepEqual(await statuses(trip, [...retried, ...queued]), { sent: 16 });
    assert.equal(trip.channels.mostAtOnce('email', 'smtp'), 4);
    assert.equal(trip.channels.calls.length, 24);
  });

  test('forgets tasks that are finished, unknown or not due', async (t) => {
    const { open, acked, queue } = recorded();
    const trip = openTrip(t, { queue: open });
    trip.start();
    const sent = await trip.send();
    const later = await trip.send({ sendAt: trip.time.now() + 60 * SECOND });
    await trip.time.run(0);
    const legs = [await trip.leg(sent), await trip.leg(later)];
    acked.length = 0;
    await queue().publish(legs.map(({ id, priority }) => ({ v: 1, id, priority })));
    await trip.time.run(0);
    assert.deepEqual(
      acked.map(({ id }) => id),
      legs.map(({ id }) => id),
    );
    assert.equal(trip.channels.calls.length, 1);
  });

  test('still delivers from the store while the queue is away', async (t) => {
    const away = () => Promise.reject(new Error('the queue is away'));
    const queue: Queue = { carries: true, publish: away, take: away, ack: away, probe: away, close: away };
    const trip = openTrip(t, { queue: () => queue });
    trip.start();
    await trip.time.run(SECOND);
    const first = await trip.send();
    await trip.time.run(SECOND);
    assert.equal((await trip.leg(first)).status, 'sent', 'what was handed to it is taken back');
    const next = await trip.send();
    await trip.time.run(SECOND);
    assert.equal((await trip.leg(next)).status, 'sent', 'once it is known to be away, nothing is handed to it');
    assert.deepEqual(new Set(trip.told('fault').map(({ where }) => where)), new Set(['queue', 'hand-off']));
  });
});

async function sendMany(trip: Trip, count: number, priority: Priority = 'normal') {
  const ids: NotificationId[] = [];
  for (let made = 0; made < count; made++) ids.push(await trip.send({ priority }));
  return ids;
}

async function statuses(trip: Trip, ids: readonly NotificationId[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const id of ids) {
    const { status } = await trip.leg(id);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

/** Newer news than the worker's own: another process has taken the delivery over. */
async function overtake(trip: Trip, id: NotificationId) {
  const leg = await trip.leg(id);
  assert.equal(leg.status, 'sending');
  const newer = { ...leg, version: leg.version + 1, status: 'failed', reason: 'worker_lost', dueAt: null } as const;
  assert.deepEqual(await trip.store.write([[{ after: newer, attempts: [] }]]), [true]);
  return newer;
}

/** A queue that carries, and what was acknowledged to it. */
function recorded() {
  const acked: DeliverTask[] = [];
  let opened: Queue | null = null;
  return {
    acked,
    open: (clock: Trip['time']): Queue => {
      const inner = memoryQueue({ clock });
      opened = {
        carries: true,
        publish: (tasks) => inner.publish(tasks),
        take: (limit, signal) => inner.take(limit, signal),
        ack: (tasks) => {
          acked.push(...tasks);
          return inner.ack(tasks);
        },
        probe: () => inner.probe(),
        close: () => inner.close(),
      };
      return opened;
    },
    queue: (): Queue => {
      assert.ok(opened);
      return opened;
    },
  };
}

/** With ten slots, and so many entries of the inbox behind it that it asks for forty at once. */
async function usedToTheInbox(t: TestContext): Promise<{ readonly trip: Trip; readonly asked: number[] }> {
  const inbox = { id: 'inbox', hostOf: () => null };
  const trip = openTrip(t, { concurrency: 10, providers: { in_app: [inbox], email: [{ id: 'smtp' }] } });
  const asked: number[] = [];
  const { claimDue } = trip.store;
  Object.assign(trip.store, {
    claimDue(request: Parameters<typeof claimDue>[0]) {
      asked.push(request.limit);
      return claimDue(request);
    },
  });
  const send = () => trip.send({ recipient: { userId: '42' }, channels: ['in_app'] });
  await Promise.all(Array.from({ length: 200 }, send));
  trip.start();
  await trip.time.run(SECOND);
  return { trip, asked };
}
