import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accepted,
  deferred,
  failing,
  hanging,
  limited,
  rejected,
  slowly,
  unknown,
  whenAborted,
} from '../../test/kit/scripted-channels.ts';
import { MINUTE, openTrip, SECOND, type Trip } from '../../test/kit/trip.ts';
import { nextAttemptAt } from '../domain/delivery.ts';
import { DEFAULT_SCHEDULE, scheduledPolicy } from '../domain/retry-policy.ts';

const TWO_MAILERS = { email: [{ id: 'smtp' }, { id: 'sendgrid' }], sms: [{ id: 'twilio' }] };

describe('a chain', () => {
  test('ends with the first channel that accepts', async (t) => {
    const trip = openTrip(t);
    trip.start();
    const id = await trip.send({ channels: ['email', 'sms'] });
    await trip.time.run(0);
    const leg = await trip.leg(id);
    assert.deepEqual([leg.status, leg.channelUsed, leg.sentAt], ['sent', 'email', trip.time.now()]);
    assert.deepEqual(await trip.log(id), ['email/smtp accepted']);
    assert.deepEqual(callsOf(trip), [`email/smtp ${leg.id}-email #1`]);
    assert.deepEqual(
      trip.events.map(({ type }) => type),
      ['accepted', 'attempted', 'moved'],
    );
  });

  test('goes on at once after a channel that rejects, and never comes back to it', async (t) => {
    const trip = openTrip(t);
    trip.channels.always('email', 'smtp', rejected());
    trip.channels.next('sms', 'twilio', deferred());
    trip.start();
    const id = await trip.send({ channels: ['email', 'sms'] });
    await trip.time.run(0);
    assert.deepEqual(await trip.log(id), [
      'email/smtp rejected invalid_recipient',
      'sms/twilio deferred temporarily_rejected',
    ]);
    await trip.time.run(31 * SECOND);
    assert.equal((await trip.leg(id)).channelUsed, 'sms');
    assert.deepEqual((await trip.log(id)).slice(2), ['sms/twilio accepted']);
  });

  test('fails at once when every channel has rejected', async (t) => {
    const trip = openTrip(t);
    trip.channels.always('email', 'smtp', rejected('recipient_unreachable'));
    trip.channels.always('sms', 'twilio', rejected('recipient_blocked'));
    trip.start();
    const id = await trip.send({ channels: ['email', 'sms'] });
    await trip.time.run(0);
    const { status, reason, round } = await trip.leg(id);
    assert.deepEqual([status, reason, round], ['failed', 'recipient_blocked', 1]);
  });

  test('passes over a channel without an address, by itself and after a manual retry', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', rejected());
    trip.start();
    const id = await trip.send({ channels: ['sms', 'email'], recipient: { email: 'user@example.com' } });
    await trip.time.run(0);
    assert.deepEqual(await trip.log(id), ['sms/- rejected no_address', 'email/smtp rejected invalid_recipient']);
    assert.equal(await trip.control.retry(id), 'retried');
    await trip.time.run(0);
    assert.deepEqual((await trip.log(id)).slice(2), ['sms/- rejected no_address', 'email/smtp accepted']);
    assert.deepEqual(await numbers(trip, id), [1, 2, 3, 4]);
  });

  test('of several legs goes its own way: the retry of one never sends another again', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', rejected());
    trip.channels.next('sms', 'twilio', rejected('recipient_unreachable'));
    trip.start();
    const id = await trip.send({ strategy: 'all', channels: ['telegram', ['email', 'sms']] });
    await trip.time.run(0);
    assert.deepEqual([(await trip.leg(id, 1)).status, (await trip.leg(id, 2)).status], ['sent', 'failed']);
    assert.equal(await trip.control.retry(id), 'retried');
    await trip.time.run(0);
    assert.equal((await trip.leg(id, 2)).channelUsed, 'email');
    assert.equal(trip.channels.calls.filter(({ channel }) => channel === 'telegram').length, 1);
    assert.equal(trip.channels.calls.length, 4);
  });
});

describe('rounds', () => {
  for (const random of [0, 0.5, 0.999_999]) {
    test(`follow the default schedule, spread by at most 10 % (random ${random}), and end as a dead letter`, async (t) => {
      const trip = openTrip(t, { random: () => random });
      trip.channels.always('email', 'smtp', deferred());
      trip.channels.always('sms', 'twilio', deferred('provider_error'));
      trip.start();
      const id = await trip.send({ channels: ['email', 'sms'] });
      await trip.time.run(130 * MINUTE);

      const rounds = trip.channels.calls.filter(({ channel }) => channel === 'email').map(({ at }) => at);
      const waits = rounds.slice(1).map((at, index) => at - (rounds[index] ?? 0));
      assert.deepEqual(
        waits,
        DEFAULT_SCHEDULE.map((wait) => Math.round(wait * (0.9 + 0.2 * random))),
      );
      const { status, reason, round, dueAt } = await trip.leg(id);
      assert.deepEqual([status, reason, round, dueAt], ['failed', 'provider_error', 6, null]);
      const page = await trip.store.deadLetters({}, { limit: 10, after: null, scan: 100 });
      assert.deepEqual(
        page.items.map(({ log }) => log.map(({ number, channel }) => `${number} ${channel}`)),
        [Array.from({ length: 12 }, (_, index) => `${index + 1} ${index % 2 === 0 ? 'email' : 'sms'}`)],
      );
    });
  }

  test('begin afresh with a manual retry, while attempts go on counting', async (t) => {
    const trip = openTrip(t, { retry: scheduledPolicy([SECOND], 2) });
    trip.channels.next('email', 'smtp', deferred(), deferred(), deferred());
    trip.start();
    const id = await trip.send();
    await trip.time.run(MINUTE);
    assert.equal((await trip.leg(id)).status, 'failed');
    assert.equal(await trip.control.retry(id), 'retried');
    await trip.time.run(0);
    assert.deepEqual(pick(await trip.leg(id)), { status: 'retrying', round: 2, attempts: 3 });
    await trip.time.run(2 * SECOND);
    assert.deepEqual(pick(await trip.leg(id)), { status: 'sent', round: 2, attempts: 4 });
    assert.deepEqual(await numbers(trip, id), [1, 2, 3, 4]);
    const keys = new Set(trip.channels.calls.map(({ idempotencyKey }) => idempotencyKey));
    assert.equal(keys.size, 1, 'the idempotency key must stay the same');
  });

  test("follow the request's own policy where it brings one", async (t) => {
    const trip = openTrip(t);
    trip.channels.always('email', 'smtp', deferred());
    trip.start();
    const id = await trip.send({ retry: scheduledPolicy([5 * SECOND], 2) });
    await trip.time.run(10 * SECOND);
    assert.deepEqual(pick(await trip.leg(id)), { status: 'failed', round: 2, attempts: 2 });
  });
});

describe('a provider that names a time', () => {
  test('is not called before it, and no round is burnt', async (t) => {
    const trip = openTrip(t, { retry: scheduledPolicy([], 1) });
    trip.channels.next('email', 'smtp', limited(45 * SECOND), limited(45 * SECOND), limited(45 * SECOND));
    trip.start();
    const id = await trip.send();
    const start = trip.time.now();
    await trip.time.run(5 * MINUTE);
    assert.deepEqual(
      trip.channels.calls.map(({ at }) => at - start),
      [0, 45 * SECOND, 90 * SECOND, 135 * SECOND],
    );
    assert.deepEqual(pick(await trip.leg(id)), { status: 'sent', round: 1, attempts: 4 });
  });

  test('that is far away is left for the next channel', async (t) => {
    const trip = openTrip(t);
    trip.channels.always('email', 'smtp', limited(10 * MINUTE));
    trip.start();
    const id = await trip.send({ channels: ['email', 'sms'] });
    await trip.time.run(0);
    assert.deepEqual(await trip.log(id), ['email/smtp deferred rate_limited', 'sms/twilio accepted']);
  });

  test('again and again wears out the patience of a chain that has another channel', async (t) => {
    const trip = openTrip(t);
    trip.channels.always('email', 'smtp', limited(25 * SECOND));
    trip.start();
    const id = await trip.send({ channels: ['email', 'sms'] });
    await trip.time.run(2 * MINUTE);
    const leg = await trip.leg(id);
    assert.equal(leg.channelUsed, 'sms');
    assert.deepEqual(
      trip.channels.calls.map(({ channel }) => channel),
      ['email', 'email', 'email', 'sms'],
    );
  });
});

describe('failover', () => {
  test("goes to the channel's next provider within the same claim, and records both attempts", async (t) => {
    const trip = openTrip(t, { providers: TWO_MAILERS });
    trip.channels.next('email', 'smtp', failing('connection_failed'));
    trip.start();
    const id = await trip.send({ channels: ['email', 'sms'] });
    await trip.time.run(0);
    const leg = await trip.leg(id);
    assert.deepEqual(callsOf(trip), [`email/smtp ${leg.id}-email #1`, `email/sendgrid ${leg.id}-email #2`]);
    assert.deepEqual(await trip.log(id), ['email/smtp deferred connection_failed', 'email/sendgrid accepted']);
    assert.equal(leg.version, 3, 'accepted, claimed and settled');
  });

  for (const [what, outcome] of [
    ['rejects the message', rejected()],
    ['cannot take this message now', deferred()],
    ['may have sent it', unknown()],
  ] as const) {
    test(`does not happen where the first provider ${what}`, async (t) => {
      const trip = openTrip(t, { providers: TWO_MAILERS });
      trip.channels.next('email', 'smtp', outcome);
      trip.start();
      await trip.send({ channels: ['email', 'sms'] });
      await trip.time.run(0);
      assert.deepEqual(
        trip.channels.calls.map(({ provider }) => provider),
        ['smtp', 'twilio'],
      );
    });
  }

  test('waits for the sooner one where all providers name a time', async (t) => {
    const trip = openTrip(t, { providers: TWO_MAILERS });
    trip.channels.next('email', 'smtp', limited(50 * SECOND, 'provider'));
    trip.channels.next('email', 'sendgrid', limited(20 * SECOND, 'provider'));
    trip.start();
    const id = await trip.send();
    await trip.time.run(0);
    assert.equal((await trip.leg(id)).dueAt, trip.time.now() + 20 * SECOND);
    await trip.time.run(20 * SECOND);
    assert.deepEqual(pick(await trip.leg(id)), { status: 'sent', round: 1, attempts: 3 });
    assert.equal(trip.channels.calls.at(-1)?.provider, 'sendgrid');
  });

  test('burns the round where one provider names a time and another just fails', async (t) => {
    const trip = openTrip(t, { providers: TWO_MAILERS });
    trip.channels.next('email', 'smtp', limited(SECOND, 'provider'));
    trip.channels.next('email', 'sendgrid', failing());
    trip.start();
    const id = await trip.send();
    await trip.time.run(0);
    assert.deepEqual(pick(await trip.leg(id)), { status: 'retrying', round: 2, attempts: 2 });
    assert.equal((await trip.leg(id)).dueAt, trip.time.now() + 30 * SECOND);
  });
});

describe('the breaker', () => {
  test('sends the next deliveries straight to the second provider after a 401, until a probe works', async (t) => {
    const trip = openTrip(t, { providers: TWO_MAILERS });
    trip.channels.next('email', 'smtp', failing('provider_misconfigured'));
    trip.start();
    for (let count = 0; count < 4; count++) {
      await trip.send();
      await trip.time.run(SECOND);
    }
    assert.deepEqual(
      trip.channels.calls.map(({ provider }) => provider),
      ['smtp', 'sendgrid', 'sendgrid', 'sendgrid', 'sendgrid'],
    );
    const [paused] = trip.told('provider_paused');
    assert.deepEqual([paused?.provider, paused?.cause], ['email/smtp', 'provider_misconfigured']);
    await trip.time.run(MINUTE);
    await trip.send();
    await trip.time.run(0);
    assert.equal(trip.channels.calls.at(-1)?.provider, 'smtp');
    assert.deepEqual(trip.told('provider_recovered'), [{ type: 'provider_recovered', provider: 'email/smtp' }]);
  });

  test('holds back what has no other provider, without an attempt, until a probe works', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', failing('provider_misconfigured'));
    trip.start();
    await trip.send();
    await trip.time.run(SECOND);
    const start = trip.time.now();
    const ids = [await trip.send(), await trip.send()];
    await trip.time.run(0);
    const held = trip.told('held_back');
    assert.deepEqual(
      held.map(({ deliveryId, channel }) => [deliveryId, channel]),
      await Promise.all(ids.map(async (id) => [(await trip.leg(id)).id, 'email'])),
    );
    for (const [index, id] of ids.entries()) {
      const leg = await trip.leg(id);
      assert.deepEqual(pick(leg), { status: 'retrying', round: 1, attempts: 0 });
      assert.equal(leg.reason, 'provider_down');
      const wait = held[index]?.waitMs ?? assert.fail('it was told');
      assert.equal(nextAttemptAt(leg), start + wait);
      assert.ok(wait >= 59 * SECOND && wait <= 88.5 * SECOND, 'not before the breaker lets through, and spread');
    }
    await trip.time.run(59 * SECOND - 1);
    assert.equal(trip.channels.calls.length, 1);
    await trip.time.run(30 * SECOND + 8 * SECOND);
    for (const id of ids) assert.deepEqual(pick(await trip.leg(id)), { status: 'sent', round: 1, attempts: 1 });
  });

  test('stays open where the probe fails', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', failing('provider_misconfigured'), failing('provider_misconfigured'));
    trip.start();
    const id = await trip.send();
    await trip.time.run(119 * SECOND);
    assert.equal(trip.channels.calls.length, 2);
    assert.equal(trip.told('provider_recovered').length, 0);
    await trip.time.run(2 * MINUTE);
    assert.equal((await trip.leg(id)).status, 'sent');
  });
});

describe('an unknown outcome', () => {
  test('counts like a deferral where the request wants at least once', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', unknown(), accepted('m-2'));
    trip.start();
    const id = await trip.send();
    await trip.time.run(31 * SECOND);
    assert.deepEqual(await trip.log(id), ['email/smtp unknown connection_lost', 'email/smtp accepted']);
  });

  test('ends the delivery as maybe sent where the request wants at most once', async (t) => {
    const trip = openTrip(t);
    trip.channels.next('email', 'smtp', unknown());
    trip.start();
    const id = await trip.send({ onUnknown: 'fail', channels: ['email', 'sms'] });
    await trip.time.run(10 * MINUTE);
    const { status, reason } = await trip.leg(id);
    assert.deepEqual([status, reason], ['failed', 'maybe_sent']);
    assert.equal(trip.channels.calls.length, 1);
  });

  test('comes of a throw, which is told as a fault', async (t) => {
    const trip = openTrip(t);
    const bug = new TypeError('undefined is not a function');
    trip.channels.next('email', 'smtp', () => {
      throw bug;
    });
    trip.start();
    const id = await trip.send();
    await trip.time.run(0);
    assert.deepEqual(await trip.log(id), ['email/smtp unknown provider_bug']);
    assert.equal((await trip.record(id)).attempts[0]?.detail, 'TypeError');
    assert.deepEqual(trip.told('fault'), [{ type: 'fault', where: 'provider', error: bug }]);
  });

  test('comes of a provider that ignores its signal, a quarter of a second after its time is over', async (t) => {
    const trip = openTrip(t, { sendTimeout: 15 * SECOND });
    trip.channels.next('email', 'smtp', hanging);
    trip.start();
    const id = await trip.send({ channels: ['email', 'sms'] });
    await trip.time.run(15_249);
    assert.deepEqual(await trip.log(id), []);
    await trip.time.run(1);
    assert.deepEqual(await trip.log(id), ['email/smtp unknown timeout', 'sms/twilio accepted']);
    assert.equal((await trip.record(id)).attempts[0]?.durationMs, 15_250);
  });

  test('is not made up where the provider heeds its signal: its last word counts', async (t) => {
    const trip = openTrip(t, { sendTimeout: 15 * SECOND });
    trip.channels.next('email', 'smtp', whenAborted(deferred('connection_failed')));
    trip.start();
    const id = await trip.send();
    await trip.time.run(15 * SECOND);
    assert.deepEqual(await trip.log(id), ['email/smtp deferred connection_failed']);
  });
});

describe('what expires', () => {
  test('before it is claimed is never sent', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send({ expiresAt: trip.time.now() + 10 * SECOND });
    await trip.time.run(10 * SECOND);
    trip.start();
    await trip.time.run(0);
    const { status, reason } = await trip.leg(id);
    assert.deepEqual([status, reason], ['expired', 'expired']);
    assert.deepEqual(trip.channels.calls, []);
  });

  test('while it waits for a slot of its provider is never sent', async (t) => {
    const providers = { email: [{ id: 'smtp', concurrency: 1 }] };
    const trip = openTrip(t, { providers });
    trip.channels.next('email', 'smtp', slowly(trip.time, 12 * SECOND));
    trip.start();
    const first = await trip.send();
    const second = await trip.send({ expiresAt: trip.time.now() + 12 * SECOND });
    await trip.time.run(12 * SECOND);
    assert.equal((await trip.leg(first)).status, 'sent');
    assert.equal((await trip.leg(second)).status, 'expired');
    assert.equal(trip.channels.calls.length, 1);
  });

  test('between two rounds ends at its expiry, not at the next round', async (t) => {
    const trip = openTrip(t);
    trip.channels.always('email', 'smtp', deferred());
    trip.start();
    const id = await trip.send({ expiresAt: trip.time.now() + 10 * SECOND });
    await trip.time.run(10 * SECOND);
    const leg = await trip.leg(id);
    assert.deepEqual([leg.status, leg.finishedAt], ['expired', trip.time.now()]);
    assert.equal(trip.channels.calls.length, 1);
  });

  test('after the first provider failed is not given to the second', async (t) => {
    const trip = openTrip(t, { providers: TWO_MAILERS });
    trip.channels.next('email', 'smtp', slowly(trip.time, 5 * SECOND, failing()));
    trip.start();
    const id = await trip.send({ expiresAt: trip.time.now() + 5 * SECOND });
    await trip.time.run(5 * SECOND);
    assert.deepEqual(await trip.log(id), ['email/smtp deferred provider_error']);
    assert.equal((await trip.leg(id)).status, 'expired');
  });

  test('is not brought back by a manual retry', async (t) => {
    const trip = openTrip(t);
    trip.channels.always('email', 'smtp', rejected());
    trip.start();
    const id = await trip.send({ expiresAt: trip.time.now() + 10 * SECOND });
    await trip.time.run(11 * SECOND);
    assert.equal(await trip.control.retry(id), 'retried');
    await trip.time.run(0);
    assert.equal((await trip.leg(id)).status, 'expired');
    assert.equal(trip.channels.calls.length, 1);
  });
});

function callsOf(trip: Trip): string[] {
  return trip.channels.calls.map(
    ({ channel, provider, idempotencyKey, attempt }) => `${channel}/${provider} ${idempotencyKey} #${attempt}`,
  );
}

async function numbers(trip: Trip, id: Parameters<Trip['record']>[0]): Promise<number[]> {
  return (await trip.record(id)).attempts.map(({ number }) => number);
}

function pick({ status, round, attempts }: { status: string; round: number; attempts: number }) {
  return { status, round, attempts };
}
