import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { bytesOf } from '../../../test/bad-input/request.ts';
import { Wire } from '../../../test/bad-input/wire.ts';
import { builders } from '../../../test/kit/builders.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { putIntoInbox } from '../../../test/kit/put-into-inbox.ts';
import { NOW, testServer } from '../../../test/kit/test-server.ts';
import { type DeliveryEvent, transition } from '../../domain/transition.ts';
import { memoryStore } from '../../store/memory/memory-store.ts';
import type { HttpDeps } from '../deps.ts';

type Json = Record<string, unknown>;
const NOBODY = '019a0000-0000-7000-8000-000000000000';
const POLICY = { retry: { rounds: 3, delays: [30_000, 120_000] }, onUnknown: 'retry' } as const;
const CLAIMED: DeliveryEvent = { type: 'claimed', leaseUntil: NOW + 1000 };
const outcomes = {
  sent: { kind: 'accepted', providerMessageId: 'm-1' },
  failed: { kind: 'rejected', code: 'invalid_recipient', detail: 'no such mailbox' },
  retrying: { kind: 'deferred', code: 'provider_error', detail: 'later', scope: 'attempt' },
} as const;

function opened(changes: Partial<HttpDeps> = {}) {
  const clock = { now: () => NOW, after: () => () => undefined };
  const store = memoryStore({ clock });
  const { app, lines } = testServer(store, changes);
  const build = builders(() => NOW);
  return {
    app,
    lines,
    store,
    build,
    post: (url: string, payload?: unknown, headers: Record<string, string> = {}) =>
      app.inject({ method: 'POST', url, headers, ...(payload === undefined ? {} : { payload: payload as object }) }),
    get: (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers }),
    /** A notification to user 42 in some state; answers its id. */
    planted: async (state: 'pending' | 'sending' | keyof typeof outcomes): Promise<string> => {
      const parcel = build.parcel({ recipient: { userId: '42', email: 'user@example.com' }, message: state });
      await store.accept([build.submission([parcel])]);
      const tried = state === 'pending' || state === 'sending' ? null : outcomes[state];
      const events: DeliveryEvent[] = [
        ...(state === 'pending' ? [] : [CLAIMED]),
        ...(tried === null ? [] : [{ type: 'tried', attempts: 1, random: 0.5, outcome: tried } as const]),
      ];
      let [delivery] = parcel.deliveries;
      for (const event of events) {
        const after: typeof delivery = delivery && (transition(delivery, event, NOW, POLICY) ?? undefined);
        assert.ok(after);
        await store.write([[{ after, attempts: [] }]]);
        delivery = after;
      }
      return parcel.notification.id;
    },
  };
}

describe('POST /notifications', () => {
  test('makes the notification that the API itself would make, and answers in the words it was asked in', async () => {
    const { app, get, post } = opened();
    const said = { user_id: 1, type: 'inapp', message: 'Your OTP is 123456' };
    const answer = await post('/notifications', said, { 'x-request-id': 'order-1' });
    assert.equal(answer.statusCode, 201);
    const { id, ...rest } = answer.json<{ id: string }>();
    assert.deepEqual(rest, { ...said, status: 'pending', delivered: false, created_at: '2026-01-31T09:30:00.000Z' });
    assert.equal(answer.headers.location, `/api/v1/notifications/${id}`);
    const shown = (await get(`/api/v1/notifications/${id}`)).json<Json>();

    const own = {
      recipient: { user_id: '1' },
      channels: ['in_app'],
      message: said.message,
      metadata: { type: 'inapp' },
    };
    const other = (await post('/api/v1/notifications', own, { 'x-request-id': 'order-1' })).json<{ id: string }>();
    const expected = (await get(`/api/v1/notifications/${other.id}`)).json<Json>();
    const plain = (value: Json) => JSON.stringify(value).replaceAll(/[0-9a-f-]{36}/g, '<id>');
    assert.equal(plain(shown), plain(expected));
    await app.close();
  });

  test('takes a user id as a number or a text, either name of the type, and null for nothing', async () => {
    const { post } = opened();
    for (const [said, userId, type] of [
      [{ user_id: '7', notification_type: 'in_app', email: null, phone: null }, '7', 'in_app'],
      [{ user_id: 'ann/é', type: 'email', email: 'user@example.com' }, 'ann/é', 'email'],
      [{ user_id: -3, type: 'sms', phone: '+14155550123', email: null }, -3, 'sms'],
    ] as const) {
      const answer = await post('/notifications', { ...said, message: 'Hello' });
      const body = answer.json<Json>();
      assert.deepEqual([answer.statusCode, body.user_id, body.type], [201, userId, type]);
    }
  });

  const faulty: readonly (readonly [string, unknown, readonly string[]])[] = [
    ['nothing', {}, ['/user_id missing_field', '/message missing_field', '/type missing_field']],
    ['a list', [], [' invalid_type']],
    [
      'everything wrong',
      { user_id: 1.5, type: 'fax', message: '', phone: '12', extra: 1 },
      [
        '/user_id invalid_type',
        '/type invalid_value',
        '/message too_short',
        '/extra unknown_field',
        '/phone invalid_phone',
      ],
    ],
    [
      'both names of the type',
      { user_id: 1, type: 'sms', notification_type: 'sms', message: 'x' },
      ['/notification_type conflicting_fields'],
    ],
    ['a user id of blanks', { user_id: ' ', type: 'inapp', message: 'x' }, ['/user_id invalid_user_id']],
    ['an unsafe number', { user_id: 1e300, type: 'inapp', message: 'x' }, ['/user_id out_of_range']],
    ['a message of nothing to see', { user_id: 1, type: 'inapp', message: ' \n' }, ['/message too_short']],
  ];
  for (const [name, said, expected] of faulty) {
    test(`names every fault of ${name} by the door's own names`, async () => {
      const { post, store } = opened();
      const answer = await post('/notifications', said);
      const {
        errors = [],
        error,
        code,
      } = answer.json<{ errors?: { pointer: string; code: string }[]; error: string; code: string }>();
      assert.deepEqual([answer.statusCode, code], [422, 'invalid_request']);
      assert.deepEqual(errors.map((one) => `${one.pointer} ${one.code}`).toSorted(), expected.toSorted());
      for (const { pointer } of errors) assert.ok(error.includes(pointer.slice(1)), error);
      assert.equal((await store.list({}, { limit: 1, after: null, scan: 9 })).items.length, 0);
    });
  }

  test('names the field whose address is missing', async () => {
    const { post } = opened();
    const answer = await post('/notifications', { user_id: 1, type: 'sms', message: 'x' });
    const body = answer.json<{ code: string; error: string; errors: { pointer: string }[] }>();
    assert.deepEqual([answer.statusCode, body.code, body.errors[0]?.pointer], [422, 'unroutable', '/phone']);
    assert.equal(body.error, 'phone: A notification of type sms needs phone.');
  });

  test('with an Idempotency-Key is one notification however often it comes', async () => {
    const { post, get } = opened();
    const said = { user_id: 1, type: 'inapp', message: 'x' };
    const key = { 'idempotency-key': 'k1' };
    const [first, again, other] = [
      await post('/notifications', said, key),
      await post('/notifications', said, key),
      await post('/notifications', { ...said, message: 'y' }, key),
    ];
    assert.equal(again.body, first.body);
    assert.deepEqual([again.statusCode, again.headers['idempotency-replayed']], [201, 'true']);
    assert.equal(other.json<Json>().code, 'idempotency_mismatch');
    assert.equal((await get('/users/1/notifications')).json<Json[]>().length, 1);
    assert.equal(
      (await post('/notifications', said, { 'idempotency-key': '' })).json<Json>().code,
      'invalid_idempotency_key',
    );
  });
});

describe('GET /users/{user_id}/notifications', () => {
  test('shows the oldest first, and the moment of sending as pending', async () => {
    const { get, planted } = opened();
    const ids = [
      await planted('sent'),
      await planted('failed'),
      await planted('retrying'),
      await planted('sending'),
      await planted('pending'),
    ];
    const list = (await get('/users/42/notifications')).json<Json[]>();
    assert.deepEqual(
      list.map((one) => [one.id, one.status, one.delivered]),
      [
        [ids[0], 'sent', true],
        [ids[1], 'failed', false],
        [ids[2], 'retrying', false],
        [ids[3], 'pending', false],
        [ids[4], 'pending', false],
      ],
    );
    assert.deepEqual(list[0], {
      ...{ id: ids[0], user_id: 42, type: 'email', message: 'sent', status: 'sent', delivered: true },
      created_at: '2026-01-31T09:30:00.000Z',
    });
  });

  test('gives the user id as a number only where it is written as that number is', async () => {
    const { get, post } = opened();
    const userIds = ['0', '-5', '007', '1.0', '1.5', '-0', '9007199254740992', 'NaN', 'x'];
    for (const userId of userIds) {
      await post('/notifications', { user_id: userId, type: 'in_app', message: 'x' });
    }
    const shown = async (userId: string) => (await get(`/users/${userId}/notifications`)).json<Json[]>()[0]?.user_id;
    assert.deepEqual(await Promise.all(userIds.map(shown)), [0, -5, ...userIds.slice(2)]);
  });

  test('gives a type back under the name it came by, and finds it under both', async () => {
    const { get, post } = opened();
    for (const type of ['inapp', 'in_app']) await post('/notifications', { user_id: 1, type, message: type });
    await post('/notifications', { user_id: 1, type: 'email', email: 'user@example.com', message: 'mail' });
    const types = async (query: string) =>
      (await get(`/users/1/notifications${query}`)).json<Json[]>().map(({ type }) => type);
    assert.deepEqual(await types(''), ['inapp', 'in_app', 'email']);
    assert.deepEqual(await types('?type=inapp'), ['inapp', 'in_app']);
    assert.deepEqual(await types('?type=in_app'), ['inapp', 'in_app']);
    assert.deepEqual(await types('?type=sms'), []);
    const refused = await get('/users/1/notifications?type=fax&limit=5');
    assert.deepEqual(
      refused.json<{ errors: { pointer: string }[] }>().errors.map(({ pointer }) => pointer),
      ['/query/type', '/query/limit'],
    );
  });

  test('shows the newest 200 and where the others are', async () => {
    const { get, store, build } = opened();
    const parcels = Array.from({ length: 201 }, (_, n) =>
      build.parcel({ recipient: { userId: 'a b' }, message: `${n}` }),
    );
    await store.accept([build.submission(parcels.slice(0, 200))]);
    assert.equal((await get('/users/a%20b/notifications')).headers.link, undefined);
    await store.accept([build.submission(parcels.slice(200))]);
    const answer = await get('/users/a%20b/notifications');
    const list = answer.json<Json[]>();
    assert.deepEqual([list.length, list[0]?.message, list.at(-1)?.message], [200, '1', '200']);
    assert.equal(answer.headers.link, '</api/v1/users/a%20b/notifications>; rel="alternate"');
    assert.equal((await get('/api/v1/users/a%20b/notifications')).statusCode, 200);
  });

  test('looks for a type among the newest 2,000, and says where the others are', async () => {
    const { build, get, post, store } = opened();
    await post('/notifications', { user_id: 1, type: 'inapp', message: 'the oldest' });
    const parcels = Array.from({ length: 2000 }, () =>
      build.parcel({ recipient: { userId: '1' }, createdAt: NOW + 1 }),
    );
    await store.accept([build.submission(parcels.slice(0, 1999))]);
    assert.equal((await get('/users/1/notifications?type=inapp')).json<Json[]>()[0]?.message, 'the oldest');
    await store.accept([build.submission(parcels.slice(1999))]);
    const answer = await get('/users/1/notifications?type=inapp');
    assert.deepEqual([answer.json(), typeof answer.headers.link], [[], 'string']);
  });
});

test('POST /notifications/{id}/retry starts what failed afresh, and says why it does not', async () => {
  const { get, planted, post } = opened();
  const [failed, sent] = [await planted('failed'), await planted('sent')];
  const answer = await post(`/notifications/${failed}/retry`);
  assert.deepEqual([answer.statusCode, answer.json()], [200, { message: 'Retry queued', id: failed }]);
  assert.equal((await get(`/api/v1/notifications/${failed}`)).json<Json>().status, 'pending');
  for (const id of [NOBODY, 'x', '5']) {
    const refused = await post(`/notifications/${id}/retry`, {});
    assert.deepEqual([refused.statusCode, refused.json<Json>().error], [404, 'Not found']);
  }
  const late = await post(`/notifications/${sent}/retry`);
  assert.deepEqual([late.statusCode, late.json<Json>().code], [409, 'not_retryable']);
  assert.match(String(late.json<Json>().error), /\.$/);
});

describe('POST /notify', () => {
  const missing: readonly (readonly [Json, readonly string[]])[] = [
    [{ type: 'email' }, ['/email missing_field']],
    [{ type: 'email', user_id: 1, phone: '+14155550123', email: null }, ['/email missing_field']],
    [{ type: 'sms' }, ['/phone missing_field', '/user_id missing_field']],
    [{ type: 'sms', phone: '+14155550123' }, ['/user_id missing_field']],
    [{ type: 'sms', user_id: 'user123' }, ['/phone missing_field']],
    [{ type: 'in_app', email: 'user@example.com' }, ['/user_id missing_field']],
    [{ type: 'email', email: 'nonsense' }, ['/email invalid_email']],
    [{ type: 'pigeon' }, ['/type invalid_value', '/user_id no_recipient']],
    [{}, ['/type missing_field', '/user_id no_recipient']],
  ];
  for (const [said, expected] of missing) {
    test(`refuses ${JSON.stringify(said)}`, async () => {
      const { post } = opened();
      const answer = await post('/notify', { ...said, message: 'Hello' });
      const { errors, error } = answer.json<{ errors: { pointer: string; code: string }[]; error: string }>();
      assert.equal(answer.statusCode, 422);
      assert.deepEqual(
        errors.map(({ pointer, code }) => `${pointer} ${code}`),
        expected,
      );
      assert.ok(error.length > 10);
    });
  }

  test('queues what has all it needs, for whom it names', async () => {
    const { get, post } = opened();
    for (const [said, recipient] of [
      [{ type: 'email', email: 'user@example.com' }, { email: 'user@example.com' }],
      [
        { type: 'sms', phone: '+14155550123', user_id: 5 },
        { user_id: '5', phone: '+14155550123' },
      ],
      [{ type: 'in_app', user_id: 'user123' }, { user_id: 'user123' }],
    ] as const) {
      const answer = await post('/notify', { ...said, message: 'Hello' });
      const { id, ...rest } = answer.json<{ id: string }>();
      assert.deepEqual([answer.statusCode, rest], [202, { status: 'Notification queued.' }]);
      const shown = (await get(`/api/v1/notifications/${id}`)).json<{
        recipient: Json;
        deliveries: { channels: string[] }[];
      }>();
      assert.deepEqual([shown.recipient, shown.deliveries.map(({ channels }) => channels)], [recipient, [[said.type]]]);
    }
  });
});

test('GET /notifications/{user_id} shows what is in the inbox, the oldest first, 200 at most', async () => {
  const { build, get, store } = opened();
  assert.deepEqual((await get('/notifications/user123')).json(), { user_id: 'user123', messages: [] });
  const entries = Array.from({ length: 201 }, (_, n) => build.inboxEntry({ userId: 'user123', body: `${n}` }));
  await putIntoInbox(store, entries);
  const answer = await get('/notifications/user123');
  const { messages } = answer.json<{ messages: { id: string; message: string; created_at: string }[] }>();
  assert.deepEqual([messages.length, messages[0]?.message], [200, '1']);
  assert.deepEqual(messages.at(-1), {
    id: entries.at(-1)?.notificationId,
    message: '200',
    created_at: '2026-01-31T09:30:00.000Z',
  });
  assert.equal(answer.headers.link, '</api/v1/users/user123/inbox>; rel="alternate"');
  assert.equal((await get('/notifications/%20')).statusCode, 422);
});

test('GET /stats puts everything into one bucket', async () => {
  const { get, planted } = opened();
  for (const state of ['sent', 'sent', 'failed', 'retrying', 'sending', 'pending'] as const) await planted(state);
  assert.deepEqual((await get('/stats?window=1h')).json(), {
    total: 6,
    pending: 2,
    retrying: 1,
    sent: 2,
    failed: 1,
    failed_permanently: 1,
    cancelled: 0,
    expired: 0,
    suppressed: 0,
    window: '1h',
  });
  assert.equal((await get('/stats')).json<Json>().window, '24h');
  for (const window of ['31d', '1s', 'soon']) assert.equal((await get(`/stats?window=${window}`)).statusCode, 422);
});

test('GET / welcomes programs with JSON and people with a page', async () => {
  const { get } = opened();
  const { message, docs } = (await get('/')).json<{ message: string; docs: string }>();
  assert.match(message, /Tidings/);
  assert.equal((await get(docs)).statusCode, 200);
  assert.match((await get('/', { accept: '*/*' })).headers['content-type']?.toString() ?? '', /json/);
  const page = await get('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
  assert.match(page.headers['content-type']?.toString() ?? '', /^text\/html/);
  for (const [, href = ''] of page.body.matchAll(/href="([^"]+)"/g))
    assert.equal((await get(href)).statusCode, 200, href);
});

test('every refusal at a door says why in `error`, whoever refuses', async () => {
  const { app, post } = opened({ limits: { bodyBytes: 1000 } });
  const refused = [
    await post('/notify', { message: 'x'.repeat(2000) }),
    await app.inject({ method: 'POST', url: '/notify', payload: '{', headers: { 'content-type': 'application/json' } }),
    await app.inject({
      method: 'POST',
      url: '/notifications',
      payload: 'a=1',
      headers: { 'content-type': 'text/plain' },
    }),
    await post(`/notifications/${NOBODY}/retry`, { a: 1 }),
    await opened({ accept: () => Promise.reject(new Error('a bug')) }).post('/notify', {
      type: 'in_app',
      user_id: 1,
      message: 'x',
    }),
    await opened({ apiKeys: ['key-1'] }).post('/notify', {}),
  ];
  assert.deepEqual(
    refused.map(({ statusCode }) => statusCode),
    [413, 400, 415, 422, 500, 401],
  );
  for (const answer of refused) {
    const { error, status } = answer.json<{ error: string; status: number }>();
    assert.match(error, /\.$/);
    assert.equal(status, answer.statusCode);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
  }
  const elsewhere = await post('/api/v1/notifications', {});
  assert.equal('error' in elsewhere.json<Json>(), false);
});

test('what brings notifications is turned away with them when there is too much to do; the rest goes on', async (t) => {
  const clock = new ManualClock();
  const overload = { pending: 0, pendingBytes: 0, storeMs: 1000, lateMs: 100 };
  const { app } = opened({ clock, limits: { overload } });
  t.after(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const wire = new Wire((app.server.address() as AddressInfo).port);
  t.after(() => wire.close());
  const ask = async (method: string, target: string, body?: string) => {
    const asked = once(app.server, 'request');
    const answering = wire.exchange(bytesOf({ method, target, ...(body === undefined ? {} : { body }) }, 'r-1'));
    await asked;
    // As long as somebody for whom there is no room waits for some.
    clock.advance(200);
    const answer = await answering;
    return { status: answer.status, body: JSON.parse(answer.body) as Json };
  };
  for (const path of ['/notifications', '/notify', '/send-notification']) {
    const { status, body } = await ask('POST', path, '{');
    assert.deepEqual([status, body.code], [503, 'overloaded'], path);
    assert.equal(body.error, 'Too much is going on; try again shortly.');
  }
  assert.equal((await ask('POST', `/notifications/${NOBODY}/retry`)).status, 404);
  assert.equal((await ask('GET', '/stats')).status, 200);
});
