import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { readEvents } from '../../test/kit/event-reader.ts';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { testServer } from '../../test/kit/test-server.ts';
import { until } from '../../test/kit/until.ts';
import { memoryStore } from '../store/memory/memory-store.ts';
import { tokenSecrets } from './token-secrets.ts';
import { userTokens } from './user-tokens.ts';

const MINUTE = 60_000;
const KEY = 'a-key-of-more-than-thirty-two-characters';
const secret = Buffer.from('s'.repeat(32));

let now = Date.UTC(2026, 0, 31, 9, 30);
const clock = { now: () => now, after: () => () => undefined };
const tokens = userTokens({ secrets: [secret], ttl: 15 * MINUTE, clock });

/** A JWT as a stranger would make it: whatever header and claims, and a signature of any kind. */
function forged(
  changes: Readonly<Record<string, unknown>> = {},
  { header = {}, key = secret, hash = 'sha256' }: { header?: object; key?: Buffer | string; hash?: string | null } = {},
): string {
  const iat = Math.floor(now / 1_000);
  const claims = { iss: 'tidings', aud: 'tidings:inbox', sub: 'u', iat, exp: iat + 900, ...changes };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(claims)}`;
  return `${signed}.${hash === null ? '' : createHmac(hash, key).update(signed).digest('base64url')}`;
}

const store = memoryStore({ clock });
const { app } = testServer(store, { clock, tokens, apiKeys: [KEY] });
after(() => app.close());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const withKey = { 'x-api-key': KEY };
async function codeOf(url: string, headers: Record<string, string>, method: 'GET' | 'POST' = 'GET') {
  const answer = await app.inject({ method, url, headers });
  return answer.statusCode < 400 ? answer.statusCode : answer.json<{ code: string }>().code;
}

describe("a user's token", () => {
  test('is made for an API key, and says until when it is good', async () => {
    const answer = await app.inject({ method: 'POST', url: '/api/v1/users/u%2F1/token', headers: withKey });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['cache-control'], 'no-store');
    const { token, expires_at } = answer.json<{ token: string; expires_at: string }>();
    assert.equal(expires_at, new Date(now + 15 * MINUTE).toISOString());
    assert.deepEqual(await tokens.read(token), { ok: true, userId: 'u/1', expiresAt: now + 15 * MINUTE + 10_000 });
    assert.equal(await codeOf('/api/v1/users/u%2F1/inbox', as(token)), 200);
    assert.equal(await codeOf('/api/v1/users/%20u/token', withKey, 'POST'), 'invalid_request');
  });

  test("opens the user's own inbox, lists and marks, and nobody else's", async () => {
    const { token } = await tokens.mint('u');
    assert.equal(await codeOf('/api/v1/users/u/inbox?status=unread', as(token)), 200);
    const mark = { method: 'POST', headers: as(token), payload: { as: 'read' } } as const;
    assert.equal((await app.inject({ ...mark, url: '/api/v1/users/u/inbox/mark' })).statusCode, 200);
    for (const other of ['v', 'U', 'u%20', '%75%00', 'u%2F..%2Fv', '..%2Fu']) {
      assert.equal(await codeOf(`/api/v1/users/${other}/inbox`, as(token)), 'forbidden', other);
      const marked = await app.inject({ ...mark, url: `/api/v1/users/${other}/inbox/mark` });
      assert.equal(marked.statusCode, 403, other);
    }
    assert.equal(await codeOf('/api/v1/users/%75/inbox', as(token)), 200);
  });

  test('opens nothing else, whatever there is', async () => {
    const { token } = await tokens.mint('u');
    const others = ['notifications', 'users/u/notifications', 'dead-letters', 'stats', 'status', 'sandbox/messages'];
    for (const path of others) assert.equal(await codeOf(`/api/v1/${path}`, as(token)), 'unauthorized', path);
    for (const path of ['/api/v1/users/u/token', '/api/v1/notifications', '/api/v1/dead-letters/retry', '/notify']) {
      assert.equal(await codeOf(path, as(token), 'POST'), 'unauthorized', path);
    }
    for (const path of ['/metrics', '/stats', '/notifications/u', '/users/u/notifications', '/api/v1/nothing']) {
      assert.equal(await codeOf(path, as(token)), 'unauthorized', path);
    }
    const [header, queried] = [{ 'x-api-key': token }, `/api/v1/users/u/inbox?token=${token}&access_token=${token}`];
    assert.equal(await codeOf('/api/v1/users/u/inbox', header), 'unauthorized');
    assert.equal(await codeOf(queried, {}), 'unauthorized');
  });

  const at = Math.floor(now / 1_000);
  const refused: readonly [string, string][] = [
    ['signed with another secret', forged({}, { key: 't'.repeat(32) })],
    ['with the algorithm none', forged({}, { header: { alg: 'none' }, hash: null })],
    ['with the algorithm None and a signature', forged({}, { header: { alg: 'None' } })],
    ['with another hash', forged({}, { header: { alg: 'HS512' }, hash: 'sha512' })],
    ['with an algorithm of other keys', forged({}, { header: { alg: 'RS256' } })],
    ['without an algorithm', forged({}, { header: { alg: undefined } })],
    ['with an extension that must be understood', forged({}, { header: { crit: ['x'], x: 1 } })],
    ['without a signature', forged({}, { hash: null })],
    ['with half a signature', forged().slice(0, -20)],
    ['for another audience', forged({ aud: 'tidings' })],
    ['for no audience', forged({ aud: undefined })],
    ['of another issuer', forged({ iss: 'elsewhere' })],
    ['without an end', forged({ exp: undefined })],
    ['with an end that is no number', forged({ exp: '2099' })],
    ['without a beginning', forged({ iat: undefined })],
    ['from the future', forged({ iat: at + 3_600, exp: at + 4_000 })],
    ['not yet good', forged({ nbf: at + 3_600 })],
    ['without a user', forged({ sub: undefined })],
    ['of a user that is none', forged({ sub: ' u' })],
    ['whose user is a list', forged({ sub: ['u'] })],
    ['whose key is named by a path', forged({}, { header: { kid: '../../dev/null' }, key: '' })],
  ];
  for (const [what, token] of refused) {
    test(`counts for nothing ${what}`, async () => {
      assert.equal(await codeOf('/api/v1/users/u/inbox', as(token)), 'invalid_token');
    });
  }

  test('of no form that it could have is a key that nobody knows', async () => {
    for (const text of ['x', 'a.b', 'a.b.c.d.e', `${forged()}.x`, `a.b.${'c'.repeat(8_192)}`, 'a.b.c,d.e.f', 'a..c']) {
      assert.equal(await codeOf('/api/v1/users/u/inbox', as(text)), 'unauthorized', text.slice(0, 40));
    }
    const answer = await app.inject({ url: '/api/v1/users/u/inbox', headers: as(forged({ aud: 'x' })) });
    assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"');
    assert.doesNotMatch(answer.body, /eyJ/);
  });

  test('expires, also where whoever signed it has given it a century', async () => {
    const before = now;
    const { token } = await tokens.mint('u');
    const long = forged({ exp: at + 3e9 });
    try {
      now += 15 * MINUTE - 1_000;
      for (const one of [token, long]) assert.equal(await codeOf('/api/v1/users/u/inbox', as(one)), 200);
      now += 12_000;
      for (const one of [token, long]) assert.equal(await codeOf('/api/v1/users/u/inbox', as(one)), 'token_expired');
      assert.equal(await codeOf('/api/v1/users/v/inbox', as(token)), 'token_expired');
      assert.equal(await codeOf('/api/v1/users/u/inbox', as(`${token.slice(0, -6)}AAAAAA`)), 'invalid_token');
    } finally {
      now = before;
    }
  });

  test('opens a stream for as long as it is good, and not for another user', async (t) => {
    const time = new ManualClock();
    const timed = userTokens({ secrets: [secret], ttl: 15 * MINUTE, clock: time });
    const served = testServer(memoryStore({ clock: time }), { clock: time, tokens: timed, apiKeys: [KEY] });
    await served.app.listen({ host: '127.0.0.1', port: 0 });
    t.after(() => served.app.close());
    const stream = async (headers: Record<string, string>, userId = 'u') => {
      const { port } = served.app.server.address() as AddressInfo;
      const reader = await readEvents(`http://127.0.0.1:${port}/api/v1/users/${userId}/inbox/stream`, headers);
      t.after(() => reader.cut());
      return reader;
    };
    const { token } = await timed.mint('u');
    assert.equal((await stream(as(token), 'v')).status, 403);
    assert.equal((await stream({})).status, 401);
    const [own, keyed] = [await stream(as(token)), await stream(withKey)];
    await Promise.all([own.count(1), keyed.count(1)]);
    let isOver = false;
    void own.ended.finally(() => {
      isOver = true;
    });
    time.advance(15 * MINUTE + 9_999);
    await (await stream(withKey)).count(1);
    assert.equal(isOver, false);
    time.advance(1);
    await until(own.ended, () => 'the stream goes on');
    const more = await stream(withKey);
    await more.count(1);
    assert.deepEqual([more.status, keyed.status], [200, 200]);
    assert.equal((await stream(as(token))).status, 401);
  });

  test('is no token where it is a key, whatever its form', async (t) => {
    const key = 'a-key.that-has.the-form-of-a-token';
    const keyed = testServer(store, { clock, tokens, apiKeys: [key] });
    t.after(() => keyed.app.close());
    for (const url of ['/api/v1/users/u/inbox', '/api/v1/notifications']) {
      assert.equal((await keyed.app.inject({ url, headers: as(key) })).statusCode, 200);
    }
  });

  test('is looked at also where no key is asked for, while everything else is open there', async () => {
    const open = testServer(store, { clock, tokens });
    const status = async (url: string, headers = {}) => (await open.app.inject({ url, headers })).statusCode;
    const { token } = await tokens.mint('u');
    try {
      assert.equal(await status('/api/v1/users/u/inbox'), 200);
      assert.equal(await status('/api/v1/users/u/inbox', as(token)), 200);
      assert.equal(await status('/api/v1/users/v/inbox', as(token)), 403);
      assert.equal(await status('/api/v1/users/u/inbox', as(forged({ aud: 'x' }))), 401);
      assert.equal(await status('/api/v1/users/u/inbox', as('a-text-that-is-no-token')), 200);
      assert.equal(await status('/api/v1/notifications', as(token)), 200);
    } finally {
      await open.app.close();
    }
  });
});

describe('the secrets of tokens', () => {
  const random = (count: number) => new Uint8Array(count).fill(7);
  const made = (...texts: readonly string[]) => tokenSecrets({ given: [], apiKeys: texts }, random);

  test('are those given, and each of them is believed while the first one signs', async () => {
    const [old, young] = ['o'.repeat(32), 'y'.repeat(32)];
    const from = (...given: readonly string[]) =>
      userTokens({ secrets: tokenSecrets({ given, apiKeys: [KEY] }, random), ttl: MINUTE, clock });
    const { token } = await from(old).mint('u');
    assert.equal((await from(young, old).read(token)).ok, true);
    assert.equal((await from(young).read(token)).ok, false);
    assert.equal((await from(old).read((await from(young, old).mint('u')).token)).ok, false);
  });

  test('are derived from keys that nobody can guess, the same everywhere, and never the keys themselves', () => {
    const [one] = made(KEY);
    assert.equal(one?.length, 32);
    assert.deepEqual(made('short', KEY), [one]);
    assert.notDeepEqual(made(`${KEY}x`), [one]);
    assert.deepEqual(made('short'), [random(32)]);
    assert.deepEqual(made(), [random(32)]);
  });
});
