import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, deferred, heldCall, rejected } from '../../test/kit/scripted-channels.ts';
import { HOUR, MINUTE, openTrip, request, SECOND, submission, type Trip } from '../../test/kit/trip.ts';
import { deliveryId, idMaker, type NotificationId, parseNotificationId } from '../domain/ids.ts';
import { scheduledPolicy } from '../domain/retry-policy.ts';
import { createControl } from './control.ts';

const NOBODY = idMaker((length) => new Uint8Array(length)).notificationId(1);

describe('cancel', () => {
  test('before anything is due means that nothing is ever sent', async (t) => {
    const trip = openTrip(t);
    trip.start();
    const id = await trip.send({
      sendAt: trip.time.now() + MINUTE,
      strategy: 'all',
      channels: ['email', ['sms', 'telegram']],
    });
    await trip.time.run(SECOND);
    assert.equal(await trip.control.cancel(id), 'cancelled');
    await trip.time.run(2 * HOUR);
    assert.deepEqual(trip.channels.calls, []);
    for (const leg of (await trip.record(id)).deliveries) {
      assert.deepEqual([leg.status, leg.reason, leg.dueAt], ['cancelled', 'cancelled', null]);
    }
    assert.equal(trip.told('moved').length, 2);
  });

  test('between two rounds stops the next one', async (t) => {
    const trip = openTrip(t);
    trip.channels.always('email', 'smtp', {
      kind: 'deferred',
      code: 'temporarily_rejected',
      detail: '',
      scope: 'attempt',
    });
    trip.start();
    const id = await trip.send();
    await trip.time.run(SECOND);
    assert.equal((await trip.leg(id)).status, 'retrying');
    assert.equal(await trip.control.cancel(id), 'cancelled');
    await trip.time.run(2 * HOUR);
    assert.equal(trip.channels.calls.length, 1);
  });

  test('while it is being sent is too late, and changes nothing', async (t) => {
    const trip = openTrip(t);
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    trip.start();
    const id = await trip.send();
    await trip.time.run(SECOND);
    const before = await trip.record(id);
    assert.equal(await trip.control.cancel(id), 'too_late');
    assert.deepEqual(await trip.record(id), before);
    answer(accepted());
    await trip.time.run(0);
    assert.equal((await trip.leg(id)).status, 'sent');
    assert.equal(await trip.control.cancel(id), 'too_late', 'nor afterwards');
  });

  test('of a route with one leg being sent is too late for the others too', async (t) => {
    const trip = openTrip(t);
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    trip.channels.always('sms', 'twilio', {
      kind: 'deferred',
      code: 'provider_error',
      detail: '',
      scope: 'attempt',
      retryAfterMs: 5_000,
    });
    trip.start();
    const id = await trip.send({ strategy: 'all', channels: ['email', 'sms'] });
    await trip.time.run(SECOND);
    const before = await trip.record(id);
    assert.deepEqual(
      before.deliveries.map(({ status }) => status),
      ['sending', 'retrying'],
    );
    assert.equal(await trip.control.cancel(id), 'too_late');
    assert.deepEqual(await trip.record(id), before);
    answer(accepted());
    await trip.time.run(0);
    assert.equal(await trip.control.cancel(id), 'cancelled', 'now the other leg can be stopped');
    assert.deepEqual(
      (await trip.record(id)).deliveries.map(({ status }) => status),
      ['sent', 'cancelled'],
    );
  });

  test('twice gives the same answer, and changes nothing more', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send();
    assert.equal(await trip.control.cancel(id), 'cancelled');
    const before = await trip.record(id);
    assert.equal(await trip.control.cancel(id), 'cancelled');
    assert.deepEqual(await trip.record(id), before);
  });

  test('beside a worker that claims at the same moment is a fact either way', async (t) => {
    const trip = openTrip(t, { concurrency: 3 });
    const ids = await Promise.all(Array.from({ length: 20 }, () => trip.send()));
    trip.start();
    const answers = Promise.all(ids.map((id) => trip.control.cancel(id)));
    await trip.time.run(SECOND);
    for (const [index, answer] of (await answers).entries()) {
      const id = ids[index];
      assert.ok(id);
      const called = trip.channels.calls.some(({ deliveryId: called }) => called === deliveryId(id, 1));
      assert.equal(called, answer === 'too_late', `${answer}, and the provider was ${called ? '' : 'not '}called`);
    }
  });

  test('looks again where a worker was faster, and tells the fact', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send();
    const control = controlWith(trip, {
      async find(wanted) {
        const record = await trip.store.find(wanted);
        // In between, a worker takes it.
        await trip.store.claim([deliveryId(id, 1)], 30 * SECOND);
        return record;
      },
    });
    assert.equal(await control.cancel(id), 'too_late');
    assert.equal((await trip.leg(id)).status, 'sending');
  });

  test('counts on the legs that are finished: one that is retried at this moment is cancelled too', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', rejected());
    trip.channels.always('sms', 'twilio', deferred());
    trip.start();
    const id = await trip.send({ strategy: 'all', channels: ['email', 'sms'] });
    await trip.time.run(SECOND);
    await trip.goDown();
    assert.deepEqual(await statusesOf(trip, id), ['failed', 'retrying']);
    let looks = 0;
    const control = controlWith(trip, {
      async find(wanted) {
        const record = await trip.store.find(wanted);
        if (looks++ === 0) assert.equal(await trip.control.retry(wanted), 'retried');
        return record;
      },
    });
    assert.equal(await control.cancel(id), 'cancelled');
    assert.deepEqual(await statusesOf(trip, id), ['cancelled', 'cancelled']);
  });

  test('gives up as a bug where every look is overtaken', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send();
    await assert.rejects(controlWith(trip, { write: () => Promise.resolve([false]) }).cancel(id), /changed 20 times/);
  });

  test('of what is not there says so', async (t) => {
    assert.equal(await openTrip(t).control.cancel(NOBODY), 'not_found');
  });
});

describe('retry', () => {
  test('starts failed and cancelled ones again, and no others', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', rejected());
    trip.start();
    const failed = await trip.send();
    const cancelled = await trip.send({ sendAt: trip.time.now() + MINUTE });
    await trip.control.cancel(cancelled);
    const waiting = await trip.send({ sendAt: trip.time.now() + MINUTE });
    await trip.time.run(0);
    assert.equal(await trip.control.retry(failed), 'retried');
    assert.equal(await trip.control.retry(cancelled), 'retried');
    assert.equal(await trip.control.retry(waiting), 'not_retryable');
    assert.equal(await trip.control.retry(NOBODY), 'not_found');
    await trip.time.run(0);
    assert.deepEqual([(await trip.leg(failed)).status, (await trip.leg(cancelled)).status], ['sent', 'scheduled']);
    assert.equal(await trip.control.retry(failed), 'not_retryable');
    assert.equal(trip.channels.calls.length, 2);
  });

  test('does not send what was cancelled before the time it was to be sent at', async (t) => {
    const trip = openTrip(t);
    trip.start();
    const id = await trip.send({ sendAt: trip.time.now() + MINUTE });
    await trip.control.cancel(id);
    assert.equal(await trip.control.retry(id), 'retried');
    await trip.time.run(MINUTE - 1);
    assert.equal(trip.channels.calls.length, 0);
    await trip.time.run(1);
    assert.equal((await trip.leg(id)).status, 'sent');
  });

  test('by two people at once sends once', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', rejected());
    trip.start();
    const id = await trip.send();
    await trip.time.run(0);
    const answers = await Promise.all([trip.control.retry(id), trip.control.retry(id)]);
    assert.deepEqual(answers.toSorted(), ['not_retryable', 'retried']);
    await trip.time.run(SECOND);
    assert.equal(trip.channels.calls.length, 2);
  });
});

describe('reschedule', () => {
  for (const [what, sendAt] of [
    ['earlier', 20 * SECOND],
    ['later', 90 * SECOND],
  ] as const) {
    test(`to ${what} sends then, and the notification shows it`, async (t) => {
      const trip = openTrip(t);
      trip.start();
      const start = trip.time.now();
      const id = await trip.send({ sendAt: start + MINUTE, strategy: 'all', channels: ['email', 'sms'] });
      await trip.time.run(SECOND);
      assert.equal(await trip.control.reschedule(id, start + sendAt), 'rescheduled');
      assert.equal((await trip.record(id)).notification.sendAt, start + sendAt);
      await trip.time.run(2 * MINUTE);
      assert.deepEqual(
        trip.channels.calls.map(({ channel, at }) => [channel, at - start]),
        [
          ['email', sendAt],
          ['sms', sendAt],
        ],
      );
    });
  }

  test('is refused past the expiry, and where it does not wait for its time any more', async (t) => {
    const trip = openTrip(t);
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    const start = trip.time.now();
    const id = await trip.send({ sendAt: start + MINUTE, expiresAt: start + HOUR });
    const before = await trip.record(id);
    assert.equal(await trip.control.reschedule(id, start + HOUR), 'expires_before_send');
    assert.deepEqual(await trip.record(id), before);
    assert.equal(await trip.control.reschedule(NOBODY, start), 'not_found');
    trip.start();
    await trip.time.run(MINUTE);
    assert.equal(await trip.control.reschedule(id, start + 2 * MINUTE), 'not_scheduled');
    answer(accepted());
    await trip.time.run(0);
    assert.equal(await trip.control.reschedule(id, start + 2 * MINUTE), 'not_scheduled');
    assert.equal(await trip.control.reschedule(await trip.send(), start + HOUR), 'not_scheduled');
  });

  test('is refused as a whole where one leg is being sent already', async (t) => {
    const trip = openTrip(t, { concurrency: 1 });
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    trip.start();
    const start = trip.time.now();
    const id = await trip.send({ sendAt: start + MINUTE, strategy: 'all', channels: ['email', 'sms'] });
    await trip.time.run(MINUTE);
    const before = await trip.record(id);
    assert.deepEqual(
      before.deliveries.map(({ status }) => status),
      ['sending', 'scheduled'],
    );
    assert.equal(await trip.control.reschedule(id, start + HOUR), 'not_scheduled');
    assert.deepEqual(await trip.record(id), before);
    answer(accepted());
  });

  test('leaves legs alone that had no address from the start', async (t) => {
    const trip = openTrip(t);
    const start = trip.time.now();
    const recipient = { email: 'user@example.com' };
    const id = await trip.send({ recipient, sendAt: start + MINUTE, strategy: 'all', channels: ['sms', 'email'] });
    assert.equal(await trip.control.reschedule(id, start + SECOND), 'rescheduled');
    assert.deepEqual(
      (await trip.record(id)).deliveries.map(({ status, dueAt }) => [status, dueAt]),
      [
        ['failed', null],
        ['scheduled', start + SECOND],
      ],
    );
  });
});

describe('discard', () => {
  test('sets a dead letter aside, once; a retry brings it back', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', rejected());
    trip.start();
    const id = await trip.send({ strategy: 'all', channels: ['email', 'sms'] });
    await trip.time.run(0);
    const [dead, sent] = [deliveryId(id, 1), deliveryId(id, 2)];
    assert.equal(await trip.control.discard(sent), 'not_found');
    assert.equal(await trip.control.discard(deliveryId(id, 3)), 'not_found');
    assert.equal(await trip.control.discard(deliveryId(NOBODY, 1)), 'not_found');
    assert.equal(await trip.control.discard(dead), 'discarded');
    const { status, discardedAt } = await trip.leg(id);
    assert.deepEqual([status, discardedAt], ['failed', trip.time.now()]);
    assert.equal(await trip.control.discard(dead), 'not_found');
    assert.deepEqual(await trip.control.retryDeadLetters({}, false), { matched: 0, retried: 0, next: null });
    assert.equal(await trip.control.retry(id), 'retried');
    await trip.time.run(0);
    assert.equal((await trip.leg(id)).status, 'sent');
  });
});

describe('retrying dead letters', () => {
  test('counts in a dry run what it then retries, over as many pages as there are', async (t) => {
    const { trip, ids } = await deadTrip(t, 450);
    assert.deepEqual(await trip.control.retryDeadLetters({}, true), { matched: 450, retried: 0, next: null });
    assert.equal((await trip.leg(ids[0] ?? NOBODY)).status, 'failed');
    trip.channels.always('email', 'smtp', accepted());
    assert.deepEqual(await trip.control.retryDeadLetters({}, false), { matched: 450, retried: 450, next: null });
    await trip.time.run(SECOND);
    assert.equal(trip.channels.calls.length, 900);
    for (const id of ids) assert.equal((await trip.leg(id)).status, 'sent');
    assert.deepEqual(await trip.control.retryDeadLetters({}, false), { matched: 0, retried: 0, next: null });
  });

  test('goes on part by part, newest first, and meets none twice though they fail again', async (t) => {
    const { trip, ids } = await deadTrip(t, 450);
    const parts: number[] = [];
    let after: string | null = null;
    do {
      const done: Awaited<ReturnType<typeof trip.control.retryDeadLetters>> = await trip.control.retryDeadLetters(
        {},
        false,
        { limit: 220, after },
      );
      assert.equal(done.retried, done.matched);
      parts.push(done.matched);
      await trip.time.run(SECOND);
      after = done.next;
    } while (after !== null);
    assert.deepEqual(parts, [220, 220, 10]);
    for (const id of ids) assert.equal((await trip.leg(id)).attempts, 2);
  });

  test('keeps to its filter', async (t) => {
    const { trip, ids } = await deadTrip(t, 3);
    const [tagged] = [await trip.send({ tags: ['billing'] })];
    await trip.time.run(0);
    assert.deepEqual(await trip.control.retryDeadLetters({ tag: 'billing' }, false), {
      matched: 1,
      retried: 1,
      next: null,
    });
    assert.deepEqual(await trip.control.retryDeadLetters({ code: 'maybe_sent' }, false), {
      matched: 0,
      retried: 0,
      next: null,
    });
    await trip.time.run(0);
    assert.equal((await trip.leg(tagged)).attempts, 2);
    for (const id of ids) assert.equal((await trip.leg(id)).attempts, 1);
  });

  test('does not count what somebody else retried first', async (t) => {
    const { trip, ids } = await deadTrip(t, 5);
    const control = controlWith(trip, {
      async deadLetters(filter, page) {
        const found = await trip.store.deadLetters(filter, page);
        await trip.control.retry(ids[0] ?? NOBODY);
        return found;
      },
    });
    assert.deepEqual(await control.retryDeadLetters({}, false), { matched: 5, retried: 4, next: null });
  });

  test('ends although all of them fail again meanwhile', async (t) => {
    const { trip } = await deadTrip(t, 250);
    const answer = trip.control.retryDeadLetters({}, false);
    assert.deepEqual(await trip.time.until(answer), { matched: 250, retried: 250, next: null });
  });
});

/** As many dead letters, whose only channel has rejected them and goes on doing so. */
async function deadTrip(t: Parameters<typeof openTrip>[0], count: number) {
  const trip = openTrip(t, { concurrency: 100, retry: scheduledPolicy([], 1) });
  trip.channels.always('email', 'smtp', rejected());
  const results = await trip.accept(Array.from({ length: count }, () => submission([request()])));
  const ids = results.flatMap((result) => ('answer' in result ? (parseNotificationId(result.answer) ?? []) : []));
  assert.equal(ids.length, count);
  trip.start();
  await trip.time.run(0);
  return { trip, ids };
}

/** Control over the trip's store with some of its methods replaced. */
async function statusesOf(trip: Trip, id: NotificationId): Promise<readonly string[]> {
  return (await trip.record(id)).deliveries.map(({ status }) => status);
}

function controlWith(trip: Trip, methods: Partial<Pick<Trip['store'], 'find' | 'write' | 'deadLetters'>>) {
  const { store, handOff, time, retry, emit } = trip;
  return createControl({ store: { ...store, ...methods }, handOff, clock: time, retry, emit });
}
