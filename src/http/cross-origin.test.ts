import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { readEvents } from '../../test/kit/event-reader.ts';
import { testServer } from '../../test/kit/test-server.ts';
import { localLimiter } from '../limiter/local/local-limiter.ts';
import { memoryStore } from '../store/memory/memory-store.ts';

const clock = { now: () => Date.UTC(2026, 0, 31), after: () => () => undefined };
const SITE = 'https://app.example.com';
const INBOX = '/api/v1/users/u/inbox';
const limit = { count: 100, period: 60_000 };
const { app } = testServer(memoryStore({ clock }), {
  apiKeys: ['key-1'],
  inboxOrigins: [SITE, 'http://127.0.0.1:5173'],
  rateLimits: { limit, limiter: localLimiter(limit, clock), onRefused: () => undefined },
});
after(() => app.close());

let addresses = 0;
function ask(url: string, origin: string | undefined, method: 'GET' | 'POST' | 'OPTIONS' = 'GET', headers = {}) {
  const own = { ...(origin === undefined ? {} : { origin }), ...headers };
  return app.inject({ url, method, headers: own, remoteAddress: `192.0.2.${(addresses++ % 250) + 1}` });
}
function preflight(url: string, origin: string | undefined, method = 'GET') {
  return ask(url, origin, 'OPTIONS', {
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization',
  });
}
const told = (headers: object) => Object.keys(headers).filter((name) => name.startsWith('access-control'));

describe('a page from elsewhere', () => {
  test('is told what it may ask of an inbox, without a key and without being counted', async () => {
    for (const path of ['', '/stream', '/mark', '/018f0000-0000-7000-8000-000000000000.1/read']) {
      const answer = await preflight(`${INBOX}${path}`, SITE, 'POST');
      assert.deepEqual([answer.statusCode, answer.body], [204, ''], path);
      const { headers } = answer;
      assert.equal(headers['access-control-allow-origin'], SITE);
      assert.equal(
        headers['access-control-allow-methods'],
        path === '' ? 'GET, HEAD' : path === '/stream' ? 'GET' : 'POST',
      );
      assert.equal(headers['access-control-allow-headers'], 'Authorization, Content-Type, Last-Event-ID, X-Request-Id');
      assert.equal(headers['access-control-allow-credentials'], undefined);
      assert.equal(headers['ratelimit-limit'], undefined);
      assert.equal(headers.vary, 'Origin');
    }
  });

  test('reads a stream', async (t) => {
    const { app: own } = testServer(memoryStore({ clock }), { inboxOrigins: [SITE] });
    await own.listen({ host: '127.0.0.1', port: 0 });
    t.after(() => own.close());
    const { port } = own.server.address() as AddressInfo;
    const stream = await readEvents(`http://127.0.0.1:${port}${INBOX}/stream`, { origin: SITE });
    t.after(() => stream.cut());
    assert.deepEqual([stream.headers['access-control-allow-origin'], stream.headers.vary], [SITE, 'Origin']);
  });

  test('reads answers and refusals alike', async () => {
    const good = await ask(INBOX, SITE, 'GET', { 'x-api-key': 'key-1' });
    assert.deepEqual([good.statusCode, good.headers['access-control-allow-origin']], [200, SITE]);
    assert.match(String(good.headers['access-control-expose-headers']), /Retry-After/);
    const from = { url: INBOX, headers: { origin: SITE }, remoteAddress: '198.51.100.1' };
    const refusals = await Promise.all(Array.from({ length: 101 }, () => app.inject(from)));
    assert.deepEqual(new Set(refusals.map(({ statusCode }) => statusCode)), new Set([401, 429]));
    for (const { headers } of refusals) assert.equal(headers['access-control-allow-origin'], SITE);
  });

  const strangers = [
    ...['null', '*', '', 'https://app.example.com.evil.example', 'https://evil-app.example.com', 'https://example.com'],
    ...[
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://app.example.com/',
      'HTTPS://APP.EXAMPLE.COM',
    ],
    ...['https://app.example.com, https://evil.example', 'https://app.example.com https://evil.example'],
    ...['https://app.example.com@evil.example', 'https://APP.example.com', 'http://127.0.0.1', 'http://localhost:5173'],
  ];
  for (const origin of [...strangers, undefined]) {
    test(`is told nothing where its origin is ${origin ?? 'not said'}`, async () => {
      for (const answer of [
        await preflight(INBOX, origin),
        await ask(INBOX, origin, 'GET', { 'x-api-key': 'key-1' }),
        await ask(INBOX, origin),
      ]) {
        assert.deepEqual(told(answer.headers), []);
        assert.equal(answer.headers.vary, 'Origin');
      }
    });
  }

  test('is told nothing anywhere else', async () => {
    for (const path of ['/api/v1/notifications', '/api/v1/users/u/token', '/api/v1/users/u/notifications']) {
      assert.deepEqual(told((await preflight(path, SITE)).headers), [], path);
      assert.deepEqual(told((await ask(path, SITE, 'GET', { 'x-api-key': 'key-1' })).headers), [], path);
    }
    for (const path of ['/', '/health', '/docs/', '/openapi.json', `${INBOX}/x/y/z`]) {
      assert.deepEqual(told((await ask(path, SITE)).headers), [], path);
    }
    const answer = await app.inject({
      url: '/api/v1/users/u/token',
      method: 'OPTIONS',
      headers: { origin: SITE, 'x-api-key': 'key-1' },
    });
    assert.deepEqual([answer.statusCode, answer.headers.allow], [405, 'POST']);
  });

  test('is not even thought of where no origins are set', async () => {
    const { app: plain } = testServer(memoryStore({ clock }));
    try {
      const answer = await plain.inject({ url: INBOX, headers: { origin: SITE } });
      assert.deepEqual([told(answer.headers), answer.headers.vary], [[], undefined]);
      const asked = await plain.inject({ url: INBOX, method: 'OPTIONS', headers: { origin: SITE } });
      assert.deepEqual([asked.statusCode, asked.headers.allow], [405, 'GET, HEAD']);
    } finally {
      await plain.close();
    }
  });
});
