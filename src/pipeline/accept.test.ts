import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bell } from '../../test/kit/bell.ts';
import { openTrip, request, SECOND, submission, type Trip } from '../../test/kit/trip.ts';
import { legOf, parseNotificationId } from '../domain/ids.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { Accepted, RequestKey } from './accept.ts';

const KEY: RequestKey = { scope: 'POST /api/v1/notifications', key: 'order-17', fingerprint: 'f-1' };

describe('accept', () => {
  test('writes the notification with its deliveries before it answers, and rings the bell afterwards', async (t) => {
    const ring = bell();
    const trip = openTrip(t, { queue: () => ring });
    const [result] = await trip.accept([submission([request({ title: 'Hello' })], { requestId: 'req-9' })]);
    assert.equal(result?.kind, 'accepted');
    const id = idFrom(result.answer);
    const { notification, deliveries, attempts } = await trip.record(id);
    const { title, requestId, createdAt, broadcastId } = notification;
    assert.deepEqual([title, requestId, createdAt, broadcastId], ['Hello', 'req-9', trip.time.now(), null]);
    assert.equal('channels' in notification || 'strategy' in notification, false);
    assert.deepEqual(
      deliveries.map(({ status, chain, dueAt, version }) => ({ status, chain, dueAt, version })),
      [{ status: 'pending', chain: ['email'], dueAt: trip.time.now(), version: 1 }],
    );
    assert.deepEqual(attempts, []);
    assert.deepEqual(ring.published, [[{ v: 1, id: deliveries[0]?.id, priority: 'normal' }]]);
    assert.deepEqual(trip.events, [{ type: 'accepted', requestId: 'req-9', ids: [id] }]);
  });

  test('tells the answer what was made', async (t) => {
    const trip = openTrip(t);
    const seen: Accepted[] = [];
    const answer = (accepted: Accepted) => {
      seen.push(accepted);
      return 'said';
    };
    const later = trip.time.now() + SECOND;
    const results = await trip.accept([
      submission([request()], { answer }),
      submission([request({ sendAt: later, strategy: 'all', channels: ['email', 'sms'] })], { answer }),
    ]);
    assert.deepEqual(
      results.map((result) => result.kind === 'accepted' && result.answer),
      ['said', 'said'],
    );
    assert.deepEqual(
      seen.map(({ id, createdAt, notifications }) => ({ same: notifications[0]?.id === id, createdAt, notifications })),
      seen.map(({ id }, index) => ({
        same: true,
        createdAt: trip.time.now(),
        notifications: [{ id, status: index === 0 ? 'pending' : 'scheduled' }],
      })),
    );
  });

  test('makes one notification per recipient of a broadcast, under an id of their own', async (t) => {
    const trip = openTrip(t);
    const requests = ['a@example.com', 'b@example.com', 'c@example.com'].map((email) =>
      request({ recipient: { email } }),
    );
    const answer = ({ id, notifications }: Accepted) => [id, ...notifications.map((one) => one.id)].join(' ');
    const [result] = await trip.accept([submission(requests, { broadcast: true, answer })]);
    assert.equal(result?.kind, 'accepted');
    const [broadcastId, ...ids] = result.answer.split(' ').map(idFrom);
    assert.equal(new Set([broadcastId, ...ids]).size, 4);
    const records = await Promise.all(ids.map((id) => trip.record(id)));
    assert.deepEqual(
      records.map(({ notification }) => [notification.recipient.email, notification.broadcastId]),
      requests.map(({ recipient }) => [recipient.email, broadcastId]),
    );
    assert.deepEqual(trip.told('accepted'), [{ type: 'accepted', requestId: 'req-1', ids }]);
  });

  test('refuses what cannot be stored, and then nothing was accepted and nobody is told', async (t) => {
    const ring = bell();
    const trip = openTrip(t, { queue: () => ring });
    trip.store.down('accept');
    await assert.rejects(trip.accept([submission([request()])]), StoreUnavailable);
    assert.deepEqual([ring.published, trip.events], [[], []]);
  });

  test('takes an empty submission for a bug', async (t) => {
    const trip = openTrip(t);
    await assert.rejects(trip.accept([submission([])]), /at least one request/);
  });
});

describe('a route', () => {
  test('without any address is unroutable, by index, and nothing of the submission is accepted', async (t) => {
    const trip = openTrip(t);
    const nobody = request({ recipient: { email: 'user@example.com' }, channels: ['sms', 'telegram'] });
    const results = await trip.accept([
      submission([request(), nobody, request(), nobody]),
      submission([request()], { requestId: 'req-2' }),
    ]);
    assert.deepEqual(results[0], { kind: 'unroutable', indexes: [1, 3] });
    assert.equal(results[1]?.kind, 'accepted', 'each submission stands on its own');
    assert.deepEqual(
      trip.told('accepted').map(({ requestId, ids }) => [requestId, ids.length]),
      [['req-2', 1]],
    );
  });

  test('logs the channels that have no address, and begins at the first that has one', async (t) => {
    const trip = openTrip(t);
    const id = await trip.send({ recipient: { phone: '+15550100' }, channels: ['email', 'sms', 'telegram'] });
    const { position, out, attempts, status } = await trip.leg(id);
    assert.deepEqual([position, out, attempts, status], [1, ['email', 'telegram'], 2, 'pending']);
    const { attempts: log } = await trip.record(id);
    assert.deepEqual(
      log.map(({ number, channel, provider, outcome, code, detail }) => ({
        ...{ number, channel, provider, outcome, code, detail },
      })),
      ['email', 'telegram'].map((channel, index) => ({
        number: index + 1,
        channel,
        provider: null,
        outcome: 'rejected',
        code: 'no_address',
        detail: `the recipient has no address for ${channel}`,
      })),
    );
  });

  test('of several legs keeps a leg without an address as a dead letter beside the others', async (t) => {
    const trip = openTrip(t);
    const recipient = { email: 'user@example.com' };
    const id = await trip.send({ recipient, strategy: 'all', channels: ['email', 'sms', ['telegram', 'email']] });
    const { deliveries } = await trip.record(id);
    assert.deepEqual(
      deliveries.map((leg) => [legOf(leg.id), leg.status, leg.reason, leg.chain]),
      [
        [1, 'pending', null, ['email']],
        [2, 'failed', 'no_address', ['sms']],
        [3, 'pending', null, ['telegram', 'email']],
      ],
    );
    assert.deepEqual(await trip.log(id), ['sms/- rejected no_address', 'telegram/- rejected no_address']);
  });

  test('takes a user id for an address where the sandbox serves the channel', async (t) => {
    const trip = openTrip(t, { sandboxed: new Set(['sms']) });
    const id = await trip.send({ recipient: { userId: 'user-1' }, channels: ['email', 'sms'] });
    assert.deepEqual((await trip.leg(id)).out, ['email']);
    trip.start();
    await trip.time.run(0);
    assert.deepEqual(
      trip.channels.calls.map(({ message }) => [message.channel, message.to]),
      [['sms', 'user-1']],
    );
  });
});

describe('an idempotency key', () => {
  test('makes one notification of a hundred requests at once, and one answer', async (t) => {
    const trip = openTrip(t);
    const results = await Promise.all(
      Array.from({ length: 100 }, () => trip.accept([submission([request()], { key: KEY })])),
    );
    const kinds = results.flat().map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'accepted').length, 1);
    assert.equal(kinds.filter((kind) => kind === 'replayed').length, 99);
    assert.equal(new Set(results.flat().map((result) => 'answer' in result && result.answer)).size, 1);
    assert.equal(trip.told('accepted').length, 1);
    assert.equal(trip.told('replayed').length, 99);
    trip.start();
    await trip.time.run(SECOND);
    assert.equal(trip.channels.calls.length, 1);
  });

  test('counts within one batch of submissions too', async (t) => {
    const trip = openTrip(t);
    const one = submission([request()], { key: KEY });
    const other = submission([request()], { key: { ...KEY, key: 'order-18' } });
    const results = await trip.accept([one, other, one]);
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['accepted', 'accepted', 'replayed'],
    );
  });

  test('of another request is a mismatch, and nothing is accepted', async (t) => {
    const trip = openTrip(t);
    await trip.accept([submission([request()], { key: KEY })]);
    const results = await trip.accept([
      submission([request({ message: 'Another.' })], { key: { ...KEY, fingerprint: 'f-2' } }),
    ]);
    assert.deepEqual(results, [{ kind: 'mismatch' }]);
    assert.equal(trip.told('accepted').length, 1);
  });

  test('counts in its own scope only', async (t) => {
    const trip = openTrip(t);
    await trip.accept([submission([request()], { key: KEY })]);
    const [result] = await trip.accept([submission([request()], { key: { ...KEY, scope: 'POST /notify' } })]);
    assert.equal(result?.kind, 'accepted');
  });

  test('is not taken by a request that could not be routed', async (t) => {
    const trip = openTrip(t);
    const unroutable = request({ channels: ['webhook'] });
    const [refused] = await trip.accept([submission([unroutable], { key: KEY })]);
    assert.equal(refused?.kind, 'unroutable');
    const [result] = await trip.accept([submission([request()], { key: KEY })]);
    assert.equal(result?.kind, 'accepted');
  });
});

function idFrom(text: string): Parameters<Trip['record']>[0] {
  const id = parseNotificationId(text);
  assert.ok(id, `${text} is not an id`);
  return id;
}
