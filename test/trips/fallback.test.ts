import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closedPort, mailSettings, plainMailServer } from '../kit/mail-server.ts';
import { type Shown, startService } from '../kit/service.ts';
import { sendGridStandIn, telegramStandIn, twilioStandIn } from '../kit/vendors.ts';

const PERSON = { email: 'user@example.com', phone: '+14155550123' };
/** Longer than any test waits: what must not wait for the next round is seen not to. */
const SLOW = { RETRY_SCHEDULE: '1h' };

function tried(shown: Shown): readonly string[] {
  return shown.attempts.map(
    ({ attempt, channel, provider, outcome, code }) => `${attempt} ${channel} ${provider} ${outcome} ${code}`,
  );
}

describe('when a channel does not work', { concurrency: 4 }, () => {
  test('SMS takes over from a mail server that is down, in the same round', async (t) => {
    const twilio = await twilioStandIn(t);
    const service = await startService(t, { env: { ...mailSettings(await closedPort()), ...twilio.env, ...SLOW } });
    const id = await service.send({
      recipient: PERSON,
      title: 'Alarm',
      message: 'Grüße & 100 % = ✓ +1',
      channels: ['email', 'sms'],
    });
    const shown = await service.waitFor(id, 'sent');

    assert.equal(shown.channel_used, 'sms');
    assert.deepEqual(tried(shown), ['1 email smtp deferred connection_failed', '2 sms twilio accepted null']);
    const [request] = twilio.requests;
    assert.equal(twilio.requests.length, 1);
    assert.equal(request?.method, 'POST');
    assert.equal(request?.path, `/2010-04-01/Accounts/${twilio.env.TWILIO_ACCOUNT_SID}/Messages.json`);
    const account = `${twilio.env.TWILIO_ACCOUNT_SID}:${twilio.env.TWILIO_AUTH_TOKEN}`;
    assert.equal(request?.headers.authorization, `Basic ${Buffer.from(account).toString('base64')}`);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(request?.body)), {
      To: '+14155550123',
      From: '+15005550006',
      Body: 'Alarm\n\nGrüße & 100 % = ✓ +1',
    });
    assert.equal(shown.attempts[1]?.provider_message_id, twilio.messages[0]?.sid);
  });

  test('a mailbox that does not exist is left for the next channel at once', async (t) => {
    const mailbox = await plainMailServer(t);
    const twilio = await twilioStandIn(t);
    mailbox.refuse('user@example.com', [{ code: 550, text: '5.1.1 No such user' }], true);
    const service = await startService(t, { env: { ...mailbox.env, ...twilio.env, ...SLOW } });
    const id = await service.send({ recipient: PERSON, message: 'Hello', channels: ['email', 'sms'] });
    const shown = await service.waitFor(id, 'sent');
    assert.deepEqual(tried(shown), ['1 email smtp rejected recipient_unreachable', '2 sms twilio accepted null']);
    assert.match(shown.attempts[0]?.detail ?? '', /5\.1\.1 No such user/);
  });

  test('a channel that is out for good is not tried again in later rounds', async (t) => {
    const mailbox = await plainMailServer(t);
    const twilio = await twilioStandIn(t);
    mailbox.refuse('user@example.com', [{ code: 550, text: '5.1.1 No such user' }], true);
    twilio.next({ status: 503 }, { status: 503 });
    const env = { ...mailbox.env, ...twilio.env, RETRY_SCHEDULE: '200ms,200ms' };
    const service = await startService(t, { env });
    const id = await service.send({ recipient: PERSON, message: 'Hello', channels: ['email', 'sms'] });
    const shown = await service.waitFor(id, 'sent');
    assert.deepEqual(tried(shown), [
      '1 email smtp rejected recipient_unreachable',
      '2 sms twilio deferred provider_error',
      '3 sms twilio deferred provider_error',
      '4 sms twilio accepted null',
    ]);
  });

  test('all channels out for good is the end at once, without waiting for retries', async (t) => {
    const mailbox = await plainMailServer(t);
    const twilio = await twilioStandIn(t);
    mailbox.refuse('user@example.com', [{ code: 550, text: '5.1.1 No such user' }], true);
    twilio.always({ status: 400, body: { code: 21614, message: 'not a mobile number', status: 400 } });
    const service = await startService(t, { env: { ...mailbox.env, ...twilio.env, ...SLOW } });
    const id = await service.send({ recipient: PERSON, message: 'Hello', channels: ['email', 'sms'] });
    const shown = await service.waitFor(id, 'failed');
    assert.equal(shown.deliveries[0]?.reason, 'invalid_recipient');
    assert.equal(shown.attempts.length, 2);
  });

  test('a channel without an address is skipped and named', async (t) => {
    const mailbox = await plainMailServer(t);
    const twilio = await twilioStandIn(t);
    const service = await startService(t, { env: { ...mailbox.env, ...twilio.env } });
    const id = await service.send({ recipient: '+14155550123', message: 'Hello', channels: ['email', 'sms'] });
    assert.deepEqual(tried(await service.waitFor(id, 'sent')), [
      '1 email null rejected no_address',
      '2 sms twilio accepted null',
    ]);
  });
});

describe('failover inside a channel', { concurrency: 4 }, () => {
  test('SendGrid takes the mail in the same round when the mail server refuses connections', async (t) => {
    const sendGrid = await sendGridStandIn(t);
    const env = { ...mailSettings(await closedPort()), ...sendGrid.env, EMAIL_PROVIDERS: 'smtp,sendgrid', ...SLOW };
    const service = await startService(t, { env });
    const id = await service.send({ recipient: 'user@example.com', title: 'Grüße', message: 'Hello' });
    const shown = await service.waitFor(id, 'sent');
    assert.deepEqual(tried(shown), ['1 email smtp deferred connection_failed', '2 email sendgrid accepted null']);
    const [mail] = sendGrid.messages;
    assert.equal(mail?.personalizations[0]?.to[0]?.email, 'user@example.com');
    assert.deepEqual(mail?.from, { email: 'news@example.com', name: 'Tidings' });
    assert.equal(mail?.subject, 'Grüße');
    assert.deepEqual(
      mail?.content.map(({ type }) => type),
      ['text/plain', 'text/html'],
    );
  });

  test('SendGrid with a wrong key is passed over, and said to be misconfigured', async (t) => {
    const sendGrid = await sendGridStandIn(t);
    const mailbox = await plainMailServer(t);
    const env = { ...mailbox.env, ...sendGrid.env, SENDGRID_API_KEY: 'SG.wrong', EMAIL_PROVIDERS: 'sendgrid,smtp' };
    const service = await startService(t, { env: { ...env, ...SLOW } });
    const id = await service.send({ recipient: 'user@example.com', message: 'Hello' });
    assert.deepEqual(tried(await service.waitFor(id, 'sent')), [
      '1 email sendgrid deferred provider_misconfigured',
      '2 email smtp accepted null',
    ]);
    // The next message does not even ask it.
    const next = await service.send({ recipient: 'user@example.com', message: 'Hello again' });
    assert.deepEqual(tried(await service.waitFor(next, 'sent')), ['1 email smtp accepted null']);
    assert.equal(sendGrid.requests.length, 1);
  });
});

describe('strategy all', { concurrency: 4 }, () => {
  test('reaches the inbox, and the phone where the mailbox does not exist', async (t) => {
    const mailbox = await plainMailServer(t);
    const twilio = await twilioStandIn(t);
    mailbox.refuse('user@example.com', [{ code: 550, text: '5.1.1 No such user' }], true);
    const service = await startService(t, { env: { ...mailbox.env, ...twilio.env, ...SLOW } });
    const id = await service.send({
      recipient: { user_id: '42', ...PERSON },
      message: 'Hello',
      strategy: 'all',
      channels: ['in_app', ['email', 'sms']],
    });
    const shown = await service.waitFor(id, 'sent');
    assert.deepEqual(
      shown.deliveries.map(({ channels, status, channel_used }) => [channels, status, channel_used]),
      [
        [['in_app'], 'sent', 'in_app'],
        [['email', 'sms'], 'sent', 'sms'],
      ],
    );
    assert.equal((await service.get<{ data: unknown[] }>('/users/42/inbox')).body.data.length, 1);
    assert.equal(twilio.messages.length, 1);
  });

  test('retries the leg that failed, and not the one that arrived', async (t) => {
    const telegram = await telegramStandIn(t);
    const twilio = await twilioStandIn(t);
    twilio.always({ status: 500 });
    const env = { ...telegram.env, ...twilio.env, RETRY_SCHEDULE: '200ms' };
    const service = await startService(t, { env });
    const id = await service.send({
      recipient: { telegram: '7', phone: '+14155550123' },
      message: 'Hello',
      strategy: 'all',
      channels: ['telegram', 'sms'],
    });
    const legs = ({ deliveries }: Shown) => deliveries.map(({ status }) => status).join();
    await service.waitFor(id, (shown) => legs(shown) === 'sent,failed');
    twilio.always(null);
    assert.equal((await service.post(`/notifications/${id}/retry`)).status, 202);
    await service.waitFor(id, (shown) => legs(shown) === 'sent,sent');
    assert.equal(telegram.messages.length, 1);
    assert.equal(twilio.messages.length, 1);
  });
});
