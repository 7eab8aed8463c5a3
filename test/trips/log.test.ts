import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainMailServer, secureMailServer } from '../kit/mail-server.ts';
import { startService } from '../kit/service.ts';
import { seen } from '../kit/until.ts';
import { telegramStandIn, twilioStandIn, WEBHOOK_SECRET } from '../kit/vendors.ts';

describe('the log', { concurrency: 4 }, () => {
  test("tells a trip under the request's own id from the request to the last try, in the worker too", async (t) => {
    const mailbox = await plainMailServer(t);
    const twilio = await twilioStandIn(t);
    mailbox.refuse('user@example.com', [{ code: 550, text: '5.1.1 No such user' }]);
    twilio.next({ status: 500 });
    const env = { ...mailbox.env, ...twilio.env, RETRY_SCHEDULE: '100ms' };
    const api = await startService(t, { command: 'api', env });
    const worker = await startService(t, { command: 'worker', env, place: api.place });
    const requestId = 'trace-of-order:42';
    const answer = await api.post<{ id: string }>(
      '/notifications',
      { recipient: { email: 'user@example.com', phone: '+14155550123' }, message: 'Hello', channels: ['email', 'sms'] },
      { 'x-request-id': requestId },
    );
    assert.equal(answer.headers.get('x-request-id'), requestId);
    const { id } = answer.body;
    const shown = await api.waitFor(id, 'sent');
    assert.equal(shown.request_id, requestId);
    await seen(
      () => worker.log().some(({ event, status }) => event === 'moved' && status === 'sent') || undefined,
      () => worker.stderr,
    );

    const lines = [...api.log(), ...worker.log()];
    const delivery = shown.deliveries[0]?.id;
    const ofTrip = lines.filter((line) => line.delivery_id === delivery || JSON.stringify(line).includes(requestId));
    assert.deepEqual([...new Set(ofTrip.map((line) => line.request_id))], [requestId]);
    const told = ofTrip.map(({ event, outcome, status }) => [event, outcome ?? status ?? ''].join(' ').trim());
    assert.deepEqual(told.sort(), [
      'accepted',
      'attempted accepted',
      'attempted deferred',
      'attempted rejected',
      'moved pending',
      'moved retrying',
      'moved sent',
      'request 202',
    ]);
    const other = await api.get<{ data: { id: string }[] }>(`/notifications?request_id=${requestId}`);
    assert.deepEqual(
      other.body.data.map((one) => one.id),
      [id],
    );
  });

  test('holds neither a secret nor a message, however it goes', async (t) => {
    const mailbox = await secureMailServer(t);
    const telegram = await telegramStandIn(t);
    const twilio = await twilioStandIn(t);
    const secrets = {
      SMTP_PASSWORD: 'canary-of-the-mailbox',
      TWILIO_AUTH_TOKEN: 'canary-of-twilio',
      TELEGRAM_BOT_TOKEN: '987:canary-of-telegram',
      API_KEYS: 'canary-of-the-api',
    };
    const webhooks = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' };
    const env = { ...mailbox.env, ...telegram.env, ...twilio.env, ...webhooks, ...secrets };
    // With every credential wrong, the vendors' refusals pass through as well.
    const wrong = await startService(t, { env: { ...env, LOG_LEVEL: 'trace', MAX_RETRY_ATTEMPTS: '1' } });
    const right = await startService(t, { env: { LOG_LEVEL: 'trace' } });
    const content = {
      title: 'canary-in-the-title',
      message: 'canary-in-the-message',
      action_url: 'https://example.com/canary-in-the-link',
      data: { key: 'canary-in-the-data' },
      metadata: { key: 'canary-in-the-metadata' },
      overrides: { sms: { text: 'canary-in-the-override' } },
    };
    const recipient = {
      user_id: 'user-1',
      email: 'user@example.com',
      phone: '+14155550123',
      telegram: '7',
      webhook_url: 'http://127.0.0.1:10009/canary-in-the-url',
    };
    const headers = { authorization: 'Bearer canary-of-the-api' };
    const channels = ['email', 'sms', 'telegram', 'webhook', 'in_app'];
    const body = { recipient, ...content, strategy: 'all', channels };
    const id = await wrong.send(body, headers);
    const isOver = async () => {
      const shown = await wrong.get<{ deliveries: { status: string }[] }>(`/notifications/${id}`, headers);
      return shown.body.deliveries.every(({ status }) => status === 'failed' || status === 'sent') || undefined;
    };
    await seen(isOver, () => wrong.stderr);
    await right.waitFor(await right.send({ ...body, channels: ['email', 'in_app'] }), 'sent');

    for (const service of [wrong, right]) {
      assert.equal(
        (await service.post('/notifications', { ...body, canary: 'canary-in-a-fault' }, headers)).status,
        422,
      );
      const broken = await fetch(`${service.url}/api/v1/notifications?token=canary-in-the-query`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: '{"message": "canary-in-broken-json',
      });
      assert.equal(broken.status, 400);
    }
    assert.equal((await wrong.get('/notifications', { 'x-api-key': 'canary-of-a-wrong-key' })).status, 401);
    await wrong.stop();
    await right.stop();

    for (const service of [wrong, right]) {
      const output = service.stdout + service.stderr;
      assert.ok(service.log().length > 5);
      assert.doesNotMatch(output, /canary/);
      assert.ok(!output.includes(WEBHOOK_SECRET.slice('whsec_'.length)));
    }
  });
});
