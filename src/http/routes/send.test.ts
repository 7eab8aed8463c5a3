import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOW } from '../../../test/kit/test-server.ts';
import { type Json, OK, send, withServer } from '../../../test/kit/with-server.ts';
import { deliveryId, parseNotificationId } from '../../domain/ids.ts';

test('accepts a notification and shows it as API.md says', () =>
  withServer(async ({ app, lines }) => {
    const sent = await send(app, OK, { 'x-request-id': 'order-1' });
    assert.equal(sent.statusCode, 202);
    const accepted = sent.json<{ id: string; status: string; created_at: string }>();
    assert.deepEqual(Object.keys(accepted), ['id', 'status', 'created_at']);
    assert.equal(sent.payload, JSON.stringify(accepted));
    assert.equal(accepted.created_at, '2026-01-31T09:30:00.000Z');
    assert.equal(sent.headers.location, `/api/v1/notifications/${accepted.id}`);
    assert.equal(sent.headers['x-request-id'], 'order-1');
    const shown = await app.inject({ url: sent.headers.location });
    const id = parseNotificationId(accepted.id);
    assert.ok(id !== null);
    assert.deepEqual(shown.json(), {
      id,
      status: 'pending',
      channel_used: null,
      recipient: { email: 'user@example.com' },
      title: null,
      message: 'Hello',
      category: null,
      priority: 'normal',
      created_at: accepted.created_at,
      send_at: null,
      expires_at: null,
      sent_at: null,
      delivered_at: null,
      read_at: null,
      request_id: 'order-1',
      metadata: {},
      tags: [],
      deliveries: [
        {
          id: deliveryId(id, 1),
          channels: ['email'],
          status: 'pending',
          channel_used: null,
          next_attempt_at: null,
          reason: null,
        },
      ],
      attempts: [],
    });
    assert.deepEqual(
      lines.map(({ method, route, status, requestId }) => [method, route, status, requestId]),
      [
        ['POST', '/api/v1/notifications', 202, 'order-1'],
        ['GET', '/api/v1/notifications/:id', 200, 'made-1'],
      ],
    );
  }));

test('translates every field of a request', () =>
  withServer(async ({ app, store }) => {
    const payload = {
      recipient: {
        user_id: 'u',
        email: 'user@EXAMPLE.com',
        telegram: 42,
        push_token: 'tok',
        locale: 'de-de',
        timezone: 'Europe/Berlin',
      },
      title: 'Title',
      message: 'a\r\nb',
      action_url: '/orders/1',
      data: { a: [1] },
      overrides: {
        email: {
          cc: ['x@EXAMPLE.com'],
          headers: { 'X-A': 'b' },
          attachments: [{ filename: 'a.txt', content: 'aGk=' }],
        },
      },
      channels: ['in_app', ['email', 'telegram']],
      strategy: 'all',
      delay: 'PT1H',
      ttl: '1h',
      priority: 'high',
      retry: { max_attempts: 3 },
      on_unknown: 'fail',
      metadata: { k: 'v' },
      tags: ['t'],
    };
    const sent = await send(app, payload);
    assert.equal(sent.json<Json>().status, 'scheduled');
    const [record] = (await store.list({}, { limit: 1, after: null, scan: 9 })).items;
    assert.ok(record !== undefined);
    const { id: _id, requestId: _requestId, ...notification } = record.notification;
    assert.deepEqual(notification, {
      broadcastId: null,
      createdAt: NOW,
      recipient: {
        userId: 'u',
        email: 'user@example.com',
        telegram: '42',
        pushTokens: ['tok'],
        locale: 'de-DE',
        timezone: 'Europe/Berlin',
      },
      title: 'Title',
      message: 'a\nb',
      actionUrl: '/orders/1',
      data: { a: [1] },
      overrides: { email: { ...payload.overrides.email, cc: ['x@example.com'] } },
      priority: 'high',
      sendAt: NOW + 3_600_000,
      expiresAt: NOW + 7_200_000,
      retry: { rounds: 3, delays: [30_000, 120_000] },
      onUnknown: 'fail',
      metadata: { k: 'v' },
      tags: ['t'],
    });
    assert.deepEqual(
      record.deliveries.map(({ chain }) => chain),
      [['in_app'], ['email', 'telegram']],
    );
  }));

test('names faults of form first, and then those of meaning in one order, whatever the order of the fields', () =>
  withServer(async ({ app }) => {
    const fields = {
      recipient: 'user@',
      retry: {},
      ttl: '0s',
      overrides: { email: { html: '<p>', bogus: 1 } },
      message: '  ',
      tags: ['a', 'a'],
      channels: ['email', 'email'],
      title: 'a\nb',
    };
    const backwards = Object.fromEntries(Object.entries(fields).toReversed());
    for (const payload of [fields, backwards]) {
      const { errors } = (await send(app, payload)).json<{ errors: { pointer: string }[] }>();
      assert.deepEqual(
        errors.map(({ pointer }) => pointer),
        [...['/overrides/email/bogus', '/title', '/channels/1', '/tags/1', '/message', '/ttl', '/retry', '/recipient']],
      );
    }
  }));

test('refuses a webhook that nobody would ever call', () =>
  withServer(
    async ({ app }) => {
      const body = { message: 'Hello', recipient: { webhook_url: 'http://127.0.0.1:8080/x' } };
      const places = async (url: string, payload: object) => {
        const { errors } = (await app.inject({ method: 'POST', url, payload })).json<{ errors: Json[] }>();
        return errors.map(({ pointer, code }) => `${String(pointer)} ${String(code)}`);
      };
      const at = '/api/v1/notifications';
      assert.deepEqual(await places(at, body), ['/recipient/webhook_url url_not_allowed']);
      const many = { message: 'Hello', recipients: [{ webhook_url: 'http://b.example/' }, body.recipient] };
      assert.deepEqual(await places(at, many), ['/recipients/1/webhook_url url_not_allowed']);
    },
    { allowsWebhook: (url) => !url.includes('127.0.0.1') },
  ));

test('sends at once what should have been sent in the past', () =>
  withServer(async ({ app }) => {
    const sent = await send(app, { ...OK, send_at: '2020-01-01T00:00:00+02:00' });
    assert.equal(sent.json<Json>().status, 'pending');
  }));

test('answers a repeat with the stored answer, byte for byte', () =>
  withServer(async ({ app, store }) => {
    const first = await send(app, { ...OK, metadata: { a: '1', b: '2' } }, { 'idempotency-key': 'k' });
    const again = await send(
      app,
      { metadata: { b: '2', a: '1' }, message: 'Hello', recipient: 'user@example.com' },
      { 'idempotency-key': 'k' },
    );
    assert.equal(again.statusCode, 202);
    assert.equal(again.body, first.body);
    assert.equal(again.headers.location, first.headers.location);
    assert.equal(first.headers['idempotency-replayed'], undefined);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    const other = await send(app, { ...OK, message: 'Other' }, { 'idempotency-key': 'k' });
    assert.equal(other.json<Json>().code, 'idempotency_mismatch');
    assert.equal((await store.list({}, { limit: 9, after: null, scan: 9 })).items.length, 1);
  }));

test('answers a repeat also when the times it names have passed meanwhile', async () => {
  let now = NOW;
  const request = { ...OK, expires_at: new Date(NOW + 60_000).toISOString() };
  await withServer(
    async ({ app }) => {
      const first = await send(app, request, { 'idempotency-key': 'k' });
      now += 120_000;
      const again = await send(app, request, { 'idempotency-key': 'k' });
      assert.deepEqual([again.statusCode, again.body], [202, first.body]);
      assert.equal(again.headers.location, first.headers.location);
      assert.equal((await send(app, request, { 'idempotency-key': 'other' })).statusCode, 422);
      assert.equal((await send(app, { ...request, message: 'x' }, { 'idempotency-key': 'k' })).statusCode, 422);
    },
    { clock: { now: () => now, after: () => () => undefined } },
  );
});

test('takes a sender with a name', () =>
  withServer(async ({ app }) => {
    const overrides = { email: { from: 'Support <support@example.com>', reply_to: 'help@example.com' } };
    assert.equal((await send(app, { ...OK, overrides })).statusCode, 202);
  }));

test('looks again at what was refused before under the same key', () =>
  withServer(async ({ app }) => {
    assert.equal((await send(app, { message: '' }, { 'idempotency-key': 'k' })).statusCode, 422);
    assert.equal((await send(app, OK, { 'idempotency-key': 'k' })).statusCode, 202);
  }));

test('tells many, each with data of its own, all or nobody', () =>
  withServer(async ({ app, store }) => {
    const recipients = ['a@example.com', '+4915112345678', { user_id: 'u', data: { b: 3 } }];
    const sent = await send(app, { message: 'Hi', data: { a: 1, b: 2 }, recipients });
    const answer = sent.json<{ id: string; accepted: number; notifications: string[] }>();
    assert.deepEqual([sent.statusCode, answer.accepted, answer.notifications.length], [202, 3, 3]);
    const { items } = await store.list({ userId: 'u' }, { limit: 9, after: null, scan: 9 });
    assert.deepEqual(items[0]?.notification.data, { a: 1, b: 3 });
    assert.equal(items[0]?.notification.broadcastId, answer.id);
    const refused = await send(app, { message: 'Hi', recipients: ['a@example.com', 'u'], channels: ['email'] });
    assert.deepEqual(
      refused.json<{ errors: { pointer: string }[] }>().errors.map(({ pointer }) => pointer),
      ['/recipients/1'],
    );
    assert.equal((await store.list({}, { limit: 9, after: null, scan: 9 })).items.length, 3);
  }));

interface BatchAnswer {
  accepted: number;
  rejected: number;
  results: { index: number; id?: string; error?: { code: string; errors: { pointer: string; code: string }[] } }[];
}
const mixed = [OK, { ...OK, bogus: 1 }, 5, { ...OK, channels: ['sms'] }, { ...OK, message: 'Second' }];

for (const [name, headers] of [
  ['item by item', {}],
  ['as one under a key', { 'idempotency-key': 'b' }],
] as const) {
  test(`accepts the valid items of a batch and names the bad ones, ${name}`, () =>
    withServer(async ({ app, store }) => {
      const request = {
        method: 'POST',
        url: '/api/v1/notifications/batch',
        payload: { notifications: mixed },
        headers,
      } as const;
      const answer = await app.inject(request);
      assert.equal(answer.statusCode, 202);
      const { accepted, rejected, results } = answer.json<BatchAnswer>();
      assert.deepEqual([accepted, rejected], [2, 3]);
      assert.deepEqual(
        results.map(({ index, id, error }) => [
          index,
          id === undefined ? error?.code : 'id',
          error?.errors[0]?.pointer,
        ]),
        [
          [0, 'id', undefined],
          [1, 'invalid_request', '/notifications/1/bogus'],
          [2, 'invalid_request', '/notifications/2'],
          [3, 'unroutable', '/notifications/3/recipient'],
          [4, 'id', undefined],
        ],
      );
      const again = await app.inject(request);
      const isKeyed = name !== 'item by item';
      assert.equal(again.body === answer.body, isKeyed);
      assert.equal(again.headers['idempotency-replayed'], isKeyed ? 'true' : undefined);
      assert.equal((await store.list({}, { limit: 9, after: null, scan: 9 })).items.length, isKeyed ? 2 : 4);
    }));
}

test('knows an item of a batch again by its own key, also when it comes alone', () =>
  withServer(async ({ app, store }) => {
    const batch = (items: object[], headers = {}) =>
      app.inject({ method: 'POST', url: '/api/v1/notifications/batch', payload: { notifications: items }, headers });
    const item = { ...OK, idempotency_key: 'i' };
    const first = (await batch([item])).json<BatchAnswer>().results[0]?.id;
    assert.equal((await batch([OK, item])).json<BatchAnswer>().results[1]?.id, first);
    assert.equal((await send(app, OK, { 'idempotency-key': 'i' })).json<Json>().id, first);
    assert.equal(
      (await batch([{ ...item, message: 'x' }])).json<BatchAnswer>().results[0]?.error?.code,
      'idempotency_mismatch',
    );
    assert.equal((await batch([item], { 'idempotency-key': 'b' })).statusCode, 422);
    assert.equal((await store.list({}, { limit: 9, after: null, scan: 9 })).items.length, 2);
  }));
