import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { accepted, deferred, heldCall } from '../../test/kit/scripted-channels.ts';
import { MINUTE, openTrip, SECOND, type Trip, type TripOptions } from '../../test/kit/trip.ts';
import { deliveryId, firstIdAt, type NotificationId } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Receipt } from '../domain/receipt.ts';
import { createReceive, HOLD, type Received, ROOM } from './receive.ts';

const TIMED_OUT: Outcome = { kind: 'unknown', code: 'timeout', detail: '' };

type Told = (about: Partial<Receipt> & Pick<Receipt, 'news'>) => Promise<Received>;

/** A running trip, and what brings receipts of the first e-mail to the first leg of the last thing sent. */
async function open(t: TestContext, over: Parameters<Trip['send']>[0] = {}, options?: TripOptions) {
  const trip = openTrip(t, options);
  const receive = createReceive({ ...trip, clock: trip.time });
  const begin = async () => {
    trip.start();
    const id = await trip.send({ channels: ['email', 'sms'], ...over });
    await trip.time.run(SECOND);
    return { id, told: telling(receive, id) };
  };
  return { trip, receive, begin };
}

function telling(receive: (receipt: Receipt) => Promise<Received>, id: NotificationId): Told {
  const first = { attempt: 1, channel: 'email', provider: 'smtp', messageId: null } as const;
  return (about) => receive({ deliveryId: deliveryId(id, 1), ...first, ...about });
}

const statusOf = async (trip: Trip, id: NotificationId, leg = 1) => (await trip.leg(id, leg)).status;

describe('a receipt', () => {
  test('that its message was delivered is durable when it is answered, and told once', async (t) => {
    const { trip, begin } = await open(t);
    const { id, told } = await begin();
    assert.equal(await told({ news: 'delivered' }), 'applied');
    const { status, deliveredAt } = await trip.leg(id);
    assert.deepEqual([status, deliveredAt], ['delivered', trip.time.now()]);
    assert.equal(await told({ news: 'delivered' }), 'stale', 'twice');
    const results = trip.told('receipt').map(({ requestId, result }) => [requestId, result]);
    assert.deepEqual(results, [
      ['req-1', 'applied'],
      ['req-1', 'stale'],
    ]);
    assert.equal(trip.told('moved').filter(({ delivery }) => delivery.status === 'delivered').length, 1);
  });

  test('that it bounced sends it by the next channel, also after it was delivered', async (t) => {
    const { trip, begin } = await open(t);
    const { id, told } = await begin();
    await told({ news: 'delivered' });
    assert.equal(await told({ news: 'bounced' }), 'applied');
    await trip.time.run(SECOND);
    assert.deepEqual(await trip.log(id), ['email/smtp accepted', 'sms/twilio accepted']);
    assert.deepEqual([await told({ news: 'delivered' }), await told({ news: 'bounced' })], ['stale', 'stale']);
    const { status, channelUsed } = await trip.leg(id);
    assert.deepEqual([status, channelUsed], ['sent', 'sms']);
  });

  test('of an older attempt does not mark a newer one as delivered', async (t) => {
    const { trip, begin } = await open(t);
    trip.channels.next('email', 'smtp', TIMED_OUT);
    trip.channels.next('sms', 'twilio', accepted('SM-1'));
    const { id, told } = await begin();
    assert.deepEqual(await trip.log(id), ['email/smtp unknown timeout', 'sms/twilio accepted']);
    const before = await trip.record(id);
    for (const news of ['delivered', 'bounced'] as const) {
      assert.equal(await told({ news }), 'stale');
      assert.equal(await told({ news, attempt: 2 }), 'stale', 'another channel');
      assert.equal(await told({ news, attempt: 2, channel: 'sms', provider: 'plivo' }), 'stale', 'another provider');
      const other = { attempt: 2, channel: 'sms', provider: 'twilio', messageId: 'SM-other' } as const;
      assert.equal(await told({ news, ...other }), 'stale', 'another message');
    }
    assert.deepEqual(await trip.record(id), before);
  });

  test('of a message whose answer was lost ends the matter before it is sent again', async (t) => {
    const { trip, begin } = await open(t, { channels: ['email'] });
    trip.channels.next('email', 'smtp', TIMED_OUT);
    const { id, told } = await begin();
    assert.equal(await statusOf(trip, id), 'retrying');
    assert.equal(await told({ news: 'bounced' }), 'stale', 'what is taken for not sent is sent again anyhow');
    assert.equal(await told({ news: 'delivered' }), 'applied');
    await trip.time.run(60 * MINUTE);
    assert.equal(trip.channels.calls.length, 1);
    assert.equal(await statusOf(trip, id), 'delivered');
  });

  test('tells what came of a send that was to be made at most once', async (t) => {
    const { trip, begin } = await open(t, { onUnknown: 'fail' });
    trip.channels.next('email', 'smtp', TIMED_OUT);
    const { id, told } = await begin();
    const { deliveries } = await trip.record(id);
    assert.equal(deliveries[0]?.reason, 'maybe_sent');
    assert.equal(await told({ news: 'delivered' }), 'applied');
    const { status, reason } = await trip.leg(id);
    assert.deepEqual([status, reason], ['delivered', null]);
  });

  test('of an attempt that its provider refused changes nothing', async (t) => {
    const { trip, begin } = await open(t, { channels: ['email'] });
    trip.channels.next('email', 'smtp', deferred());
    const { id, told } = await begin();
    assert.equal(await told({ news: 'delivered' }), 'stale');
    assert.equal(await statusOf(trip, id), 'retrying');
  });

  test('of a call that a lost worker made is known by its number, or by that of the lost worker', async (t) => {
    const { trip, begin } = await open(t, { channels: ['email'], onUnknown: 'fail' }, { leaseMs: 30_000 });
    const { id, told } = await begin();
    const delivery = await trip.leg(id);
    // As if the worker had gone on to the channel's second provider and died there.
    const lost = { ...delivery, status: 'failed', reason: 'worker_lost', sentAt: null, channelUsed: null } as const;
    const [log] = (await trip.record(id)).attempts;
    assert.ok(log);
    const { deliveryId: _, ...row } = log;
    const gone = { outcome: 'unknown', code: 'worker_lost', provider: null, providerMessageId: null } as const;
    const after = { ...lost, version: delivery.version + 1, attempts: 2 };
    await trip.store.write([[{ after, attempts: [{ ...row, ...gone, number: 2 }] }]]);
    assert.equal(await told({ news: 'delivered', attempt: 3, provider: 'sendgrid' }), 'applied');
    assert.equal(await statusOf(trip, id), 'delivered');
  });

  test('of what was never made is counted, and changes nothing', async (t) => {
    const { trip, receive, begin } = await open(t);
    const { id, told } = await begin();
    const before = await trip.record(id);
    assert.equal(await told({ news: 'bounced', attempt: 2 }), 'unknown', 'no such attempt');
    assert.equal(await told({ news: 'bounced', deliveryId: deliveryId(id, 2) }), 'unknown', 'no such leg');
    assert.equal(await telling(receive, firstIdAt(1))({ news: 'bounced' }), 'unknown', 'no such notification');
    assert.deepEqual(await trip.record(id), before);
    const counted = trip.told('receipt').map(({ requestId, result }) => `${requestId} ${result}`);
    assert.deepEqual(counted, ['req-1 unknown', 'req-1 unknown', 'null unknown']);
  });
});

describe('a receipt that comes before the result of its attempt', () => {
  test('waits for it', async (t) => {
    const { trip, begin } = await open(t);
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    const { id, told } = await begin();
    const receipt = told({ news: 'delivered' });
    await trip.time.run(SECOND);
    assert.equal(await statusOf(trip, id), 'sending', 'the lease is not touched');
    answer(accepted());
    assert.equal(await trip.time.until(receipt), 'applied');
    assert.equal(await statusOf(trip, id), 'delivered');
    assert.deepEqual(trip.told('stale_settle'), []);
  });

  test('is given back when that takes too long, and works when it comes again', async (t) => {
    const { trip, begin } = await open(t);
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    const { id, told } = await begin();
    const since = trip.time.now();
    assert.equal(await trip.time.until(told({ news: 'delivered' })), 'too_early');
    assert.ok(trip.time.now() - since <= HOLD);
    answer(accepted());
    await trip.time.run(0);
    assert.equal(await told({ news: 'delivered' }), 'applied');
    assert.equal(await statusOf(trip, id), 'delivered');
  });

  test('does not wait where too many do', async (t) => {
    const { trip, begin } = await open(t);
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', behaviour);
    const { told } = await begin();
    const first = Array.from({ length: ROOM }, () => told({ news: 'delivered' }));
    await trip.time.run(1);
    const since = trip.time.now();
    assert.equal(await told({ news: 'delivered' }), 'too_early');
    assert.equal(trip.time.now(), since);
    answer(accepted());
    await trip.time.run(HOLD);
    assert.deepEqual((await Promise.all(first)).toSorted().slice(0, 2), ['applied', 'stale']);
  });

  test('and is of an older attempt waits too, as that may have settled the matter', async (t) => {
    const { trip, begin } = await open(t);
    const { behaviour, answer } = heldCall();
    trip.channels.next('email', 'smtp', TIMED_OUT);
    trip.channels.next('sms', 'twilio', behaviour);
    const { id, told } = await begin();
    const receipt = told({ news: 'delivered' });
    await trip.time.run(SECOND);
    answer(deferred());
    assert.equal(await trip.time.until(receipt), 'applied');
    const { status, channelUsed } = await trip.leg(id);
    assert.deepEqual([status, channelUsed], ['delivered', 'email']);
  });
});

describe('a receipt and a cancel', () => {
  test('a bounce of another leg starts nothing when the notification was cancelled', async (t) => {
    const { trip, receive } = await open(t);
    trip.start();
    trip.channels.next('telegram', 'bot', deferred());
    const id = await trip.send({ strategy: 'all', channels: [['email', 'sms'], 'telegram'] });
    await trip.time.run(SECOND);
    assert.equal(await trip.control.cancel(id), 'cancelled');
    assert.equal(await telling(receive, id)({ news: 'bounced' }), 'applied');
    await trip.time.run(60 * MINUTE);
    const { deliveries } = await trip.record(id);
    assert.deepEqual(
      deliveries.map(({ status, reason }) => [status, reason]),
      [
        ['failed', 'bounced'],
        ['cancelled', 'cancelled'],
      ],
    );
    assert.equal(trip.channels.calls.length, 2);
  });

  test('a bounce goes on where somebody takes the cancel back at the same moment', async (t) => {
    const { trip } = await open(t);
    trip.start();
    trip.channels.next('telegram', 'bot', deferred());
    const id = await trip.send({ strategy: 'all', channels: [['email', 'sms'], 'telegram'] });
    await trip.time.run(SECOND);
    assert.equal(await trip.control.cancel(id), 'cancelled');
    const retried: string[] = [];
    const write: Trip['store']['write'] = async (groups) => {
      if (retried.length === 0) retried.push(await trip.control.retry(id));
      return trip.store.write(groups);
    };
    const receive = createReceive({ ...trip, clock: trip.time, store: { ...trip.store, write } });
    assert.equal(await telling(receive, id)({ news: 'bounced' }), 'applied');
    await trip.time.run(SECOND);
    const { deliveries } = await trip.record(id);
    const ends = deliveries.map(({ status, channelUsed }) => [status, channelUsed]);
    assert.deepEqual([retried, ...ends], [['retried'], ['sent', 'sms'], ['sent', 'telegram']]);
  });

  test('what was cancelled stays cancelled, whatever had become of it', async (t) => {
    const { trip, begin } = await open(t, { channels: ['email'] });
    trip.channels.next('email', 'smtp', TIMED_OUT);
    const { id, told } = await begin();
    assert.equal(await trip.control.cancel(id), 'cancelled');
    assert.equal(await told({ news: 'delivered' }), 'stale');
    assert.equal(await statusOf(trip, id), 'cancelled');
  });
});
