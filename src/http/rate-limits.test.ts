import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { testServer } from '../../test/kit/test-server.ts';
import { localLimiter } from '../limiter/local/local-limiter.ts';
import { memoryStore } from '../store/memory/memory-store.ts';
import type { HttpDeps } from './deps.ts';
import { userTokens } from './user-tokens.ts';

const limit = { count: 3, period: 6_000 };
const URL = '/api/v1/notifications';

async function limited(
  use: (server: ReturnType<typeof testServer>['app'], clock: ManualClock, refused: () => number) => Promise<void>,
  changes: Partial<HttpDeps> = {},
): Promise<void> {
  const clock = new ManualClock();
  let refused = 0;
  const rateLimits = {
    limit,
    limiter: localLimiter(limit, clock),
    onRefused: () => {
      refused += 1;
    },
  };
  const { app } = testServer(memoryStore({ clock }), { rateLimits, ...changes });
  try {
    await use(app, clock, () => refused);
  } finally {
    await app.close();
  }
}

describe('a client that asks too often', () => {
  test('is told so, how it stands, and when to come again', () =>
    limited(async (app, clock, refused) => {
      const standing = async () => {
        const { statusCode, headers } = await app.inject({ url: URL });
        const names = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after'] as const;
        return [statusCode, ...names.map((name) => headers[name])];
      };
      assert.deepEqual(await standing(), [200, '3', '2', '2', undefined]);
      assert.deepEqual(await standing(), [200, '3', '1', '4', undefined]);
      assert.deepEqual(await standing(), [200, '3', '0', '6', undefined]);
      assert.deepEqual(await standing(), [429, '3', '0', '6', '2']);
      assert.equal(refused(), 1);
      clock.advance(1_999);
      const refusal = await app.inject({ method: 'POST', url: URL, payload: {} });
      assert.equal(refusal.statusCode, 429);
      assert.equal(refusal.headers['content-type'], 'application/problem+json');
      assert.equal(refusal.headers['retry-after'], '1');
      const { code, detail } = refusal.json<{ code: string; detail: string }>();
      assert.deepEqual([code, detail.includes('RATE_LIMIT')], ['too_many_requests', true]);
      clock.advance(1);
      assert.equal((await standing())[0], 200);
    }));

  test('is another one at each address, and may look at health and documentation all the same', () =>
    limited(async (app) => {
      const status = async (remoteAddress: string, url = URL) =>
        (await app.inject({ url, remoteAddress, headers: { 'x-forwarded-for': String(Math.random()) } })).statusCode;
      for (let one = 0; one < 3; one += 1) assert.equal(await status('2001:db8::1'), 200);
      assert.equal(await status('2001:db8::2'), 429);
      assert.equal(await status('2001:db8:0:1::1'), 200);
      assert.equal(await status('192.0.2.1'), 200);
      for (const url of ['/health', '/health/live', '/health/ready', '/docs/', '/openapi.json']) {
        assert.equal(await status('2001:db8::1', url), 200, url);
      }
    }));

  test('does not spend what a key has by trying keys, on whatever path', () =>
    limited(
      async (app) => {
        const status = async (key: string, url = URL) =>
          (await app.inject({ url, headers: { 'x-api-key': key } })).statusCode;
        const tried = [await status('a'), await status('b', '/api/v1/nothing'), await status('c'), await status('d')];
        assert.deepEqual(tried, [401, 401, 401, 429]);
        for (const path of ['/api/nothing', '/metrics']) assert.equal(await status('e', path), 429);
        for (let one = 0; one < 5; one += 1) assert.equal(await status('key-1', '/metrics'), 200);
        assert.deepEqual([await status('key-1'), await status('key-1'), await status('key-1')], [200, 200, 200]);
        assert.deepEqual([await status('key-1'), await status('key-2')], [429, 200]);
      },
      { apiKeys: ['key-1', 'key-2'] },
    ));

  test('is a user, whatever tokens of theirs are shown and from where, while bad tokens spend what the address has', () => {
    const clock = { now: () => Date.UTC(2026, 0, 31), after: () => () => undefined };
    const tokens = userTokens({ secrets: [new Uint8Array(32)], ttl: 600_000, clock });
    const others = userTokens({ secrets: [new Uint8Array(32).fill(1)], ttl: 600_000, clock });
    return limited(
      async (app) => {
        const status = async (token: string, remoteAddress: string, url = '/api/v1/users/u/inbox') =>
          (await app.inject({ url, remoteAddress, headers: { authorization: `Bearer ${token}` } })).statusCode;
        const mint = async (userId: string, from = tokens) => (await from.mint(userId)).token;
        assert.equal(await status(await mint('u'), '192.0.2.1'), 200);
        assert.equal(await status(await mint('u'), '192.0.2.2'), 200);
        assert.equal(await status(await mint('u'), '192.0.2.3', '/api/v1/users/v/inbox'), 403);
        assert.equal(await status(await mint('u'), '192.0.2.4'), 429);
        assert.equal(await status(await mint('v'), '192.0.2.4', '/api/v1/users/v/inbox'), 200);
        for (const expected of [401, 401, 401, 429]) {
          assert.equal(await status(await mint('w', others), '192.0.2.5', '/api/v1/users/w/inbox'), expected);
        }
        assert.equal(await status(await mint('w', others), '192.0.2.6', '/api/v1/users/w/inbox'), 401);
        assert.equal(await status(await mint('w'), '192.0.2.5', '/api/v1/users/w/inbox'), 200);
      },
      { apiKeys: ['key-1'], tokens },
    );
  });
});
