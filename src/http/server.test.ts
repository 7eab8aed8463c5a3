import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { builders } from '../../test/kit/builders.ts';
import { putIntoInbox } from '../../test/kit/put-into-inbox.ts';
import { NOW, testServer } from '../../test/kit/test-server.ts';
import { deliveryId, parseNotificationId } from '../domain/ids.ts';
import { memoryStore } from '../store/memory/memory-store.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { HttpDeps } from './deps.ts';

const clock = { now: () => NOW, after: () => () => undefined };
const ok = { recipient: 'user@example.com', message: 'Hello' };
type Json = Record<string, unknown>;

async function withServer(
  use: (server: ReturnType<typeof testServer> & { store: ReturnType<typeof memoryStore> }) => Promise<void>,
  changes: Partial<HttpDeps> = {},
): Promise<void> {
  const store = memoryStore({ clock });
  const server = testServer(store, changes);
  try {
    await use({ ...server, store });
  } finally {
    await server.app.close();
  }
}

function send(app: ReturnType<typeof testServer>['app'], payload: object, headers: Record<string, string> = {}) {
  return app.inject({ method: 'POST', url: '/api/v1/notifications', payload, headers });
}

test('accepts a notification and shows it as API.md says', () =>
  withServer(async ({ app, lines }) => {
    const sent = await send(app, ok, { 'x-request-id': 'order-1' });
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

test('sends at once what should have been sent in the past', () =>
  withServer(async ({ app }) => {
    const sent = await send(app, { ...ok, send_at: '2020-01-01T00:00:00+02:00' });
    assert.equal(sent.json<Json>().status, 'pending');
  }));

test('answers a repeat with the stored answer, byte for byte', () =>
  withServer(async ({ app, store }) => {
    const first = await send(app, { ...ok, metadata: { a: '1', b: '2' } }, { 'idempotency-key': 'k' });
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
    const other = await send(app, { ...ok, message: 'Other' }, { 'idempotency-key': 'k' });
    assert.equal(other.json<Json>().code, 'idempotency_mismatch');
    assert.equal((await store.list({}, { limit: 9, after: null, scan: 9 })).items.length, 1);
  }));

test('answers a repeat also when the times it names have passed meanwhile', async () => {
  let now = NOW;
  const request = { ...ok, expires_at: new Date(NOW + 60_000).toISOString() };
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
    assert.equal((await send(app, { ...ok, overrides })).statusCode, 202);
  }));

test('looks again at what was refused before under the same key', () =>
  withServer(async ({ app }) => {
    assert.equal((await send(app, { message: '' }, { 'idempotency-key': 'k' })).statusCode, 422);
    assert.equal((await send(app, ok, { 'idempotency-key': 'k' })).statusCode, 202);
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
const mixed = [ok, { ...ok, bogus: 1 }, 5, { ...ok, channels: ['sms'] }, { ...ok, message: 'Second' }];

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
    const item = { ...ok, idempotency_key: 'i' };
    const first = (await batch([item])).json<BatchAnswer>().results[0]?.id;
    assert.equal((await batch([ok, item])).json<BatchAnswer>().results[1]?.id, first);
    assert.equal((await send(app, ok, { 'idempotency-key': 'i' })).json<Json>().id, first);
    assert.equal(
      (await batch([{ ...item, message: 'x' }])).json<BatchAnswer>().results[0]?.error?.code,
      'idempotency_mismatch',
    );
    assert.equal((await batch([item], { 'idempotency-key': 'b' })).statusCode, 422);
    assert.equal((await store.list({}, { limit: 9, after: null, scan: 9 })).items.length, 2);
  }));

test('pages through a list, and refuses the cursors of others', () =>
  withServer(async ({ app }) => {
    for (let count = 0; count < 3; count++) await send(app, { ...ok, tags: ['t'] });
    const page = async (query: string) =>
      (await app.inject({ url: `/api/v1/notifications?${query}` })).json<{
        data: Json[];
        next_cursor: string | null;
        code?: string;
      }>();
    const first = await page('limit=2&tag=t');
    assert.equal(first.data.length, 2);
    assert.equal(first.data[0]?.attempts, undefined);
    const second = await page(`limit=2&tag=t&cursor=${first.next_cursor}`);
    assert.deepEqual([second.data.length, second.next_cursor], [1, null]);
    for (const query of [
      `cursor=${first.next_cursor}`,
      `tag=x&cursor=${first.next_cursor}`,
      `tag=t&cursor=${first.next_cursor?.slice(0, -3)}`,
      'cursor=%27',
    ]) {
      assert.equal((await page(query)).code, 'invalid_cursor');
    }
  }));

test('cancels, retries and reschedules', () =>
  withServer(async ({ app }) => {
    const { id } = (await send(app, { ...ok, delay: '1h' })).json<{ id: string }>();
    const at = `/api/v1/notifications/${id}`;
    const moved = await app.inject({ method: 'PATCH', url: at, payload: { send_at: '2026-02-01T00:00:00Z' } });
    assert.equal(moved.json<Json>().send_at, '2026-02-01T00:00:00.000Z');
    const far = await app.inject({ method: 'PATCH', url: at, payload: { send_at: '2028-02-01T00:00:00Z' } });
    assert.equal(far.json<{ errors: Json[] }>().errors[0]?.code, 'too_far_ahead');
    assert.equal((await app.inject({ method: 'POST', url: `${at}/retry` })).json<Json>().code, 'not_retryable');
    assert.deepEqual((await app.inject({ method: 'POST', url: `${at}/cancel` })).json(), { result: 'cancelled' });
    const again = await app.inject({ method: 'POST', url: `${at}/retry`, payload: {} });
    assert.deepEqual([again.statusCode, again.json()], [202, { result: 'retried' }]);
  }));

test('shows an inbox with its counts, and marks entries', () =>
  withServer(async ({ app, store }) => {
    const { id } = (await send(app, { recipient: 'u', message: 'x' })).json<{ id: string }>();
    const notificationId = parseNotificationId(id);
    assert.ok(notificationId !== null);
    const entry = {
      id: deliveryId(notificationId, 1),
      notificationId,
      userId: 'u',
      title: null,
      body: 'x',
      actionUrl: null,
      data: null,
      createdAt: NOW,
    };
    await putIntoInbox(store, [entry]);
    const inbox = await app.inject({ url: '/api/v1/users/u/inbox?status=unread' });
    const item = {
      id: entry.id,
      notification_id: id,
      title: null,
      body: 'x',
      action_url: null,
      data: null,
      created_at: '2026-01-31T09:30:00.000Z',
      seen_at: null,
      read_at: null,
      archived_at: null,
    };
    assert.deepEqual(inbox.json(), { data: [item], next_cursor: null, counts: { total: 1, unread: 1, unseen: 1 } });
    const read = await app.inject({ method: 'POST', url: `/api/v1/users/u/inbox/${entry.id}/read` });
    assert.equal(read.json<Json>().read_at, '2026-01-31T09:30:00.000Z');
    assert.equal((await app.inject({ method: 'POST', url: `/api/v1/users/v/inbox/${entry.id}/read` })).statusCode, 404);
    const marked = await app.inject({ method: 'POST', url: '/api/v1/users/u/inbox/mark', payload: { as: 'archive' } });
    assert.deepEqual(marked.json(), { changed: 1, counts: { total: 0, unread: 0, unseen: 0 } });
  }));

test('gives figures, and lists dead letters and caught messages', () =>
  withServer(async ({ app }) => {
    await send(app, ok);
    const stats = (await app.inject({ url: '/api/v1/stats?window=1h' })).json<{
      total: number;
      by_status: Json;
      series: Json[];
    }>();
    assert.equal(stats.total, 1);
    assert.equal(stats.by_status.pending, 1);
    assert.deepEqual(stats.series, [{ at: '2026-01-31T09:30:00.000Z', accepted: 1, sent: 0, failed: 0 }]);
    for (const list of ['dead-letters', 'sandbox/messages']) {
      assert.deepEqual((await app.inject({ url: `/api/v1/${list}` })).json(), { data: [], next_cursor: null });
    }
    const retry = await app.inject({
      method: 'POST',
      url: '/api/v1/dead-letters/retry',
      payload: { filter: {}, dry_run: true },
    });
    assert.deepEqual(retry.json(), { matched: 0, retried: 0, next_cursor: null });
  }));

test('finds what the sandbox caught by a part of it, and forgets it all', () =>
  withServer(async ({ app, store }) => {
    const make = builders(() => NOW);
    const other = make.sandboxMessage({ to: 'other@example.com', message: { subject: 'Invoice' } });
    await store.addToSandbox([make.sandboxMessage({ message: { subject: 'Your order' } }), other]);
    const url = '/api/v1/sandbox/messages';
    const found = (await app.inject({ url: `${url}?q=INVOICE&limit=1` })).json<{ data: Json[]; next_cursor: null }>();
    assert.deepEqual([found.data.map(({ to }) => to), found.next_cursor], [['other@example.com'], null]);
    const empty = (await app.inject({ url: `${url}?q=` })).json<{ errors: Json[] }>();
    assert.deepEqual(empty.errors[0]?.pointer, '/query/q');
    assert.equal((await app.inject({ method: 'DELETE', url, payload: { a: 1 } })).statusCode, 422);
    assert.equal((await app.inject({ method: 'DELETE', url })).statusCode, 204);
    assert.deepEqual((await app.inject({ url })).json<{ data: Json[] }>().data, []);
  }));

test('shows a dead letter with its attempts, and sets it aside', () =>
  withServer(async ({ app }) => {
    const sent = await send(app, { ...ok, channels: ['email', 'sms'], strategy: 'all' });
    const { data } = (await app.inject({ url: '/api/v1/dead-letters?code=no_address' })).json<{
      data: (Json & { id: string })[];
    }>();
    const [letter] = data;
    assert.ok(letter !== undefined);
    assert.deepEqual(
      [letter.notification_id, letter.channels, letter.reason, letter.round, (letter.attempts as Json[]).length],
      [sent.json<Json>().id, ['sms'], 'no_address', 1, 1],
    );
    assert.equal((letter.notification as Json).message, 'Hello');
    const url = `/api/v1/dead-letters/${letter.id}`;
    assert.equal((await app.inject({ method: 'DELETE', url })).statusCode, 204);
    assert.equal((await app.inject({ method: 'DELETE', url })).statusCode, 404);
  }));

const OPEN = /^\/(?:$|health|openapi\.json|receipts\/)/;

test('asks for a key on every route of the API and at every door, and on no other', () =>
  withServer(
    async ({ app }) => {
      const { paths } = (await app.inject({ url: '/openapi.json' })).json<{ paths: Record<string, Json> }>();
      for (const [path, methods] of Object.entries(paths)) {
        for (const method of Object.keys(methods)) {
          const url = path.replace(/\{[a-z_]+\}/g, 'x');
          const answer = await app.inject({ method: method.toUpperCase() as 'GET', url });
          const isOpen = OPEN.test(path) || `${method} ${path}` === 'get /send-notification';
          assert.equal(answer.statusCode === 401, !isOpen, `${method} ${path}: ${answer.statusCode}`);
        }
      }
      const url = '/api/v1/notifications';
      const status = async (headers: Record<string, string>, at = url) =>
        (await app.inject({ url: at, headers })).statusCode;
      assert.equal(await status({ authorization: 'Bearer key-1' }), 200);
      assert.equal(await status({ authorization: 'bearer key-2' }), 200);
      assert.equal(await status({ 'x-api-key': 'key-2' }), 200);
      const refused: Record<string, string>[] = [
        {},
        { authorization: 'Bearer' },
        { authorization: 'Bearer key-3' },
        { authorization: 'Basic key-1' },
        { authorization: 'key-1' },
        { 'x-api-key': '' },
        { 'x-api-key': 'k'.repeat(9999) },
      ];
      for (const headers of refused) {
        const answer = await app.inject({ url, headers });
        assert.equal(answer.statusCode, 401);
        assert.equal(answer.headers['www-authenticate'], 'Bearer');
        assert.equal(answer.headers['content-type'], 'application/problem+json');
        assert.equal(answer.json<Json>().code, 'unauthorized');
      }
      for (const at of [`${url}?api_key=key-1`, '/api/nothing', '/api/v1/x']) assert.equal(await status({}, at), 401);
    },
    { apiKeys: ['key-1', 'key-2'] },
  ));

test('serves its figures as Prometheus reads them, and asks for no more than a GET', () =>
  withServer(
    async ({ app }) => {
      const answer = await app.inject({ url: '/metrics' });
      assert.deepEqual(
        [answer.statusCode, answer.headers['content-type'], answer.body],
        [200, 'text/plain; version=0.0.4; charset=utf-8', 'a_total 1\n'],
      );
      assert.equal((await app.inject({ method: 'POST', url: '/metrics' })).statusCode, 405);
    },
    { metrics: () => Promise.resolve('a_total 1\n') },
  ));

test('takes a well-formed request id or trace id, and makes one otherwise', () =>
  withServer(async ({ app }) => {
    const idOf = async (headers: Record<string, string>) =>
      (await app.inject({ url: '/health/live', headers })).headers['x-request-id'];
    const trace = '0af7651916cd43dd8448eb211c80319c';
    assert.equal(await idOf({ 'x-request-id': 'a.b:c-d_e' }), 'a.b:c-d_e');
    assert.equal(await idOf({ traceparent: `00-${trace}-b7ad6b7169203331-01` }), trace);
    for (const id of ['a b', 'x'.repeat(129), '\u00e9', 'a"b'])
      assert.match((await idOf({ 'x-request-id': id }))?.toString() ?? '', /^made-/);
    assert.match((await idOf({ traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }))?.toString() ?? '', /^made-/);
  }));

test('asks to come back when the store cannot be used, and logs why', () =>
  withServer(
    async ({ app, lines }) => {
      const away = await send(app, ok);
      assert.deepEqual(
        [away.statusCode, away.json<Json>().code, away.headers['retry-after']],
        [503, 'overloaded', '3'],
      );
      assert.ok(lines[0]?.error instanceof StoreUnavailable);
    },
    { accept: () => Promise.reject(new StoreUnavailable('full', { overloaded: true })) },
  ));

test('says nothing about a bug to the client and everything to the log', () =>
  withServer(
    async ({ app, lines }) => {
      const answer = await send(app, ok);
      assert.deepEqual([answer.statusCode, answer.json<Json>().code], [500, 'internal']);
      assert.doesNotMatch(answer.body, /secret/);
      assert.deepEqual(lines[0]?.error, new Error('secret'));
    },
    { accept: () => Promise.reject(new Error('secret')) },
  ));

test('tells which part is not ready, and stays up without one it does not need', () =>
  withServer(
    async ({ app }) => {
      const ready = await app.inject({ url: '/health/ready' });
      assert.deepEqual(
        [ready.statusCode, ready.json<Json>().code, ready.json<Json>().detail],
        [503, 'not_ready', 'Not ready: store.'],
      );
      assert.equal((await app.inject({ url: '/health' })).json<Json>().status, 'failing');
      assert.deepEqual((await app.inject({ url: '/health/live' })).json(), { status: 'ok' });
    },
    {
      health: () =>
        Promise.resolve({
          store: { ok: false, needed: true, detail: 'full' },
          queue: { ok: false, needed: false, detail: null },
        }),
    },
  ));

test('describes every route, and only those, in a valid OpenAPI 3.1 document', () =>
  withServer(async ({ app }) => {
    const served = new Set<string>();
    app.addHook('onRoute', ({ url, method }) => {
      for (const one of [method].flat()) if (one !== 'HEAD') served.add(`${one} ${url.replace(/:([a-z_]+)/g, '{$1}')}`);
    });
    const document = (await app.inject({ url: '/openapi.json' })).json<{
      openapi: string;
      paths: Record<string, Json>;
    }>();
    assert.match(document.openapi, /^3\.1/);
    const result = await new Validator().validate(structuredClone(document));
    assert.deepEqual(result, { valid: true });
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const hidden = [...served].filter((route) => !described.includes(route));
    assert.ok(served.size > 25);
    assert.deepEqual(
      hidden.filter((route) => !/^GET \/(?:docs|ui).*$/.test(route)),
      [],
    );
    assert.deepEqual(
      described.filter((route) => !served.has(route)),
      [],
    );
  }));

test('shows an example that works when it is tried', () =>
  withServer(async ({ app }) => {
    type Media = { example?: object };
    type Operation = { requestBody?: { content: Record<string, Media> } };
    const { paths } = (await app.inject({ url: '/openapi.json' })).json<{
      paths: Record<string, Record<string, Operation>>;
    }>();
    for (const path of ['/api/v1/notifications', '/api/v1/notifications/batch', '/notifications', '/notify']) {
      const example = paths[path]?.post?.requestBody?.content['application/json']?.example;
      assert.ok(example !== undefined, path);
      const answer = await app.inject({ method: 'POST', url: path, payload: example });
      assert.equal(answer.statusCode, path === '/notifications' ? 201 : 202);
      assert.equal(answer.json<Json>().rejected ?? 0, 0);
    }
  }));

test('serves the documentation from itself, under a policy without inline scripts', () =>
  withServer(async ({ app }) => {
    const page = await app.inject({ url: '/docs/' });
    assert.equal(page.statusCode, 200);
    assert.match(
      page.headers['content-security-policy']?.toString() ?? '',
      /script-src 'self';style-src 'self' 'sha256-[^']+';/,
    );
    assert.doesNotMatch(page.body, /<script>|<style|on[a-z]+=|https?:/);
    for (const [, asset] of page.body.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)) {
      assert.equal((await app.inject({ url: `/docs${asset}` })).statusCode, 200, asset);
    }
    assert.equal((await app.inject({ url: '/docs/static/nothing.js' })).json<Json>().code, 'not_found');
    assert.match((await app.inject({ url: '/docs/errors' })).body, /id="idempotency_mismatch"/);
  }));
