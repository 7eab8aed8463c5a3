import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { startService } from '../kit/service.ts';
import { WEBHOOK_SECRET } from '../kit/vendors.ts';

const ALLOWED = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' };

describe('a webhook', { concurrency: 4 }, () => {
  test('is signed so that any Standard Webhooks library accepts it, with the same id on every attempt', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    receiver.answer('/hook', { status: 500 });
    const service = await startService(t, { env: { ...ALLOWED, RETRY_SCHEDULE: '100ms' } });
    const id = await service.send({
      recipient: { webhook_url: `${receiver.url}/hook?source=tidings` },
      title: 'Grüße',
      message: 'Hello 👋',
      data: { order: 42 },
      metadata: { team: 'sales' },
      tags: ['order'],
    });
    const shown = await service.waitFor(id, 'sent');
    assert.deepEqual(
      shown.attempts.map(({ outcome, code }) => [outcome, code]),
      [
        ['deferred', 'provider_error'],
        ['accepted', null],
      ],
    );
    assert.equal(receiver.requests.length, 2);
    for (const { method, path, headers, body } of receiver.requests) {
      assert.equal(method, 'POST');
      assert.equal(path, '/hook?source=tidings');
      assert.equal(headers['webhook-id'], shown.deliveries[0]?.id);
      const payload = new Webhook(WEBHOOK_SECRET).verify(body, { ...headers });
      assert.deepEqual(payload, {
        type: 'notification',
        timestamp: shown.created_at,
        data: {
          id,
          user_id: null,
          title: 'Grüße',
          message: 'Hello 👋',
          action_url: null,
          data: { order: 42 },
        },
      });
      assert.throws(() => new Webhook(WEBHOOK_SECRET).verify(`${body} `, { ...headers }));
    }
  });

  test('waits in line where its host has as many connections as it gets, and no time of its send goes by', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    let underWay = 0;
    let mostUnderWay = 0;
    receiver.always('/slow', (response) => {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      setTimeout(() => {
        underWay -= 1;
        response.writeHead(204).end();
      }, 150);
    });
    const service = await startService(t, {
      env: { ...ALLOWED, HTTP_CONNECTIONS_PER_HOST: '2', SEND_TIMEOUT_SECONDS: '1' },
    });
    const asked = Array.from({ length: 20 }, () =>
      service.send({ recipient: { webhook_url: `${receiver.url}/slow` }, message: 'Hello' }),
    );
    const shown = await Promise.all((await Promise.all(asked)).map((id) => service.waitFor(id, 'sent')));
    assert.deepEqual(new Set(shown.map(({ attempts }) => attempts.length)), new Set([1]));
    assert.equal(mostUnderWay, 2);
  });

  test('to a private address is refused, by number and by name', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    const service = await startService(t, { env: { WEBHOOK_SECRET } });
    const port = new URL(receiver.url).port;
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '0.0.0.0']) {
      const answer = await service.post<{ id: string; code?: string }>('/notifications', {
        recipient: { webhook_url: `http://${host}:${port}/hook` },
        message: 'Let me in',
      });
      // Refused when it is asked for, or when it is sent: never called.
      if (answer.status === 422) continue;
      assert.equal(answer.status, 202, host);
      const shown = await service.waitFor(answer.body.id, 'failed');
      assert.equal(shown.deliveries[0]?.reason, 'url_not_allowed', host);
    }
    assert.equal(receiver.connections, 0);
  });

  test('to an endpoint that is gone for good is not tried again', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    receiver.always('/hook', { status: 410 });
    const service = await startService(t, { env: { ...ALLOWED, RETRY_SCHEDULE: '100ms' } });
    const id = await service.send({ recipient: { webhook_url: `${receiver.url}/hook` }, message: 'Hello' });
    assert.equal((await service.waitFor(id, 'failed')).deliveries[0]?.reason, 'endpoint_gone');
    assert.equal(receiver.requests.length, 1);
  });

  test('does not follow a redirect', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    receiver.always('/hook', { status: 307, headers: { location: `${receiver.url}/inside` } });
    const service = await startService(t, { env: ALLOWED });
    const id = await service.send({ recipient: { webhook_url: `${receiver.url}/hook` }, message: 'Hello' });
    assert.equal((await service.waitFor(id, 'failed')).deliveries[0]?.reason, 'message_rejected');
    assert.deepEqual(
      receiver.requests.map(({ path }) => path),
      ['/hook'],
    );
  });

  test('that gets no answer in time is tried again, and says that it may have arrived', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    receiver.answer('/hook', () => {});
    const env = { ...ALLOWED, SEND_TIMEOUT_SECONDS: '1', RETRY_SCHEDULE: '100ms' };
    const service = await startService(t, { env });
    const id = await service.send({ recipient: { webhook_url: `${receiver.url}/hook` }, message: 'Hello' });
    const shown = await service.waitFor(id, 'sent');
    assert.deepEqual(
      shown.attempts.map(({ outcome, code }) => [outcome, code]),
      [
        ['unknown', 'timeout'],
        ['accepted', null],
      ],
    );
    assert.equal(receiver.requests[0]?.headers['webhook-id'], receiver.requests[1]?.headers['webhook-id']);
  });
});
