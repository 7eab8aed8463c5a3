import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closedPort, mailSettings } from '../kit/mail-server.ts';
import { startService } from '../kit/service.ts';
import { telegramFlood, telegramStandIn, twilioStandIn } from '../kit/vendors.ts';

interface DeadLetters {
  readonly data: readonly {
    readonly id: string;
    readonly notification_id: string;
    readonly reason: string;
    readonly round: number;
    readonly attempts: readonly object[];
  }[];
}

describe('a retry', { concurrency: 4 }, () => {
  test('after 429 comes when Telegram allows it, and costs no round', async (t) => {
    const telegram = await telegramStandIn(t);
    telegram.next(telegramFlood(2));
    const service = await startService(t, { env: { ...telegram.env, MAX_RETRY_ATTEMPTS: '1' } });
    const recipient = { telegram: '7' };
    const id = await service.send({ recipient, message: 'The first' });
    const waiting = await service.waitFor(id, 'retrying');
    assert.equal(waiting.deliveries[0]?.reason, 'rate_limited');
    // Nor is Telegram called for anybody else meanwhile.
    const other = await service.send({ recipient, message: 'The second' });

    const shown = await service.waitFor(id, 'sent');
    await service.waitFor(other, 'sent');
    assert.deepEqual(
      shown.attempts.map(({ outcome, code }) => [outcome, code]),
      [
        ['deferred', 'rate_limited'],
        ['accepted', null],
      ],
    );
    const [first = 0, ...later] = telegram.calledAt;
    assert.equal(later.length, 2);
    for (const at of later) assert.ok(at - first >= 2_000, `called again after ${at - first} ms`);
  });

  test('comes after the wait of its schedule, not before', async (t) => {
    const twilio = await twilioStandIn(t);
    twilio.next({ status: 500 }, { status: 500 });
    const service = await startService(t, { env: { ...twilio.env, RETRY_SCHEDULE: '400ms,800ms' } });
    const id = await service.send({ recipient: '+14155550123', message: 'Hello' });
    await service.waitFor(id, 'sent');
    const [first = 0, second = 0, third = 0] = twilio.calledAt;
    assert.equal(twilio.calledAt.length, 3);
    // Waits are spread by ± 10 %.
    assert.ok(second - first >= 360, `${second - first} ms`);
    assert.ok(third - second >= 720, `${third - second} ms`);
    // A worker that sleeps over a due time sleeps 5 s.
    assert.ok(third - first < 4_000, `${third - first} ms`);
  });

  test('follows the schedule of the request where it has one', async (t) => {
    const twilio = await twilioStandIn(t);
    twilio.always({ status: 500 });
    const service = await startService(t, { env: { ...twilio.env, RETRY_SCHEDULE: '1h' } });
    const retry = { max_attempts: 3, schedule: ['100ms'] };
    const id = await service.send({ recipient: '+14155550123', message: 'Hello', retry });
    assert.equal((await service.waitFor(id, 'failed')).attempts.length, 3);
  });

  test('of a send whose outcome is unknown is not made where that could be a duplicate', async (t) => {
    const twilio = await twilioStandIn(t);
    // 201 and no SID: it may well have been taken.
    twilio.always({ status: 201, body: {} });
    const service = await startService(t, { env: { ...twilio.env, RETRY_SCHEDULE: '100ms' } });
    const id = await service.send({ recipient: '+14155550123', message: 'Once at most', on_unknown: 'fail' });
    const shown = await service.waitFor(id, 'failed');
    assert.equal(shown.deliveries[0]?.reason, 'maybe_sent');
    assert.deepEqual(
      shown.attempts.map(({ outcome, code }) => [outcome, code]),
      [['unknown', 'invalid_response']],
    );
    assert.equal(twilio.requests.length, 1);
  });
});

describe('a dead letter', { concurrency: 4 }, () => {
  test('is what is left after the last round, with every attempt, and can be retried when the vendor is well', async (t) => {
    const twilio = await twilioStandIn(t);
    twilio.always({ status: 500 });
    const env = { ...mailSettings(await closedPort()), ...twilio.env, RETRY_SCHEDULE: '300ms,300ms' };
    const service = await startService(t, { env });
    const id = await service.send({
      recipient: { email: 'user@example.com', phone: '+14155550123' },
      message: 'Hello',
      channels: ['email', 'sms'],
    });
    const shown = await service.waitFor(id, 'failed');
    const round = [
      ['email', 'smtp', 'deferred', 'connection_failed'],
      ['sms', 'twilio', 'deferred', 'provider_error'],
    ];
    assert.deepEqual(
      shown.attempts.map(({ channel, provider, outcome, code }) => [channel, provider, outcome, code]),
      [...round, ...round, ...round],
    );
    assert.deepEqual(
      shown.attempts.map(({ attempt }) => attempt),
      [1, 2, 3, 4, 5, 6],
    );
    const dead = (await service.get<DeadLetters>('/dead-letters')).body.data;
    assert.equal(dead.length, 1);
    assert.equal(dead[0]?.notification_id, id);
    assert.equal(dead[0]?.reason, 'provider_error');
    assert.equal(dead[0]?.round, 3);
    assert.equal(dead[0]?.attempts.length, 6);

    twilio.always(null);
    assert.equal((await service.post(`/notifications/${id}/retry`)).status, 202);
    const healed = await service.waitFor(id, 'sent');
    assert.equal(healed.channel_used, 'sms');
    assert.deepEqual(
      healed.attempts.map(({ attempt }) => attempt),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
    assert.deepEqual((await service.get<DeadLetters>('/dead-letters')).body.data, []);
    assert.equal((await service.post(`/notifications/${id}/retry`)).status, 409);
    assert.equal(twilio.messages.length, 1);
  });

  test('is retried with all others that match, after a dry run that only counts', async (t) => {
    const twilio = await twilioStandIn(t);
    twilio.always({ status: 500 });
    const service = await startService(t, { env: { ...twilio.env, MAX_RETRY_ATTEMPTS: '1' } });
    const send = (tag: string) => service.send({ recipient: '+14155550123', message: 'Hello', tags: [tag] });
    const wanted = [await send('invoice'), await send('invoice')];
    const other = await send('news');
    for (const id of [...wanted, other]) await service.waitFor(id, 'failed');
    twilio.always(null);

    const retry = (body: object) => service.post<object>('/dead-letters/retry', body);
    const filter = { tag: 'invoice', code: 'provider_error' };
    assert.deepEqual((await retry({ filter, dry_run: true })).body, { matched: 2, retried: 0, next_cursor: null });
    assert.equal(twilio.requests.length, 3);
    assert.deepEqual((await retry({ filter: { ...filter, code: 'timeout' } })).body, {
      matched: 0,
      retried: 0,
      next_cursor: null,
    });
    assert.deepEqual((await retry({ filter })).body, { matched: 2, retried: 2, next_cursor: null });
    for (const id of wanted) await service.waitFor(id, 'sent');
    assert.equal((await service.notification(other)).status, 'failed');
    assert.equal(twilio.messages.length, 2);
  });

  test('that is set aside is no longer in the list', async (t) => {
    const service = await startService(t);
    const id = await service.send({ recipient: 'bounce@sandbox.test', message: 'Hello' });
    await service.waitFor(id, 'failed');
    const [dead] = (await service.get<DeadLetters>('/dead-letters')).body.data;
    assert.equal((await service.delete(`/dead-letters/${dead?.id}`)).status, 204);
    assert.deepEqual((await service.get<DeadLetters>('/dead-letters')).body.data, []);
    assert.equal((await service.delete(`/dead-letters/${dead?.id}`)).status, 404);
    assert.equal((await service.notification(id)).status, 'failed');
  });
});
