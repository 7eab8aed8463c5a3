import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NOW, testServer } from '../../../test/kit/test-server.ts';
import { memoryStore } from '../../store/memory/memory-store.ts';
import { readDashboard } from '../dashboard-files.ts';
import type { HttpDeps } from '../deps.ts';

/** What a browser asks for; at `/` a program is told where to go instead. */
const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const PAGE = '<!doctype html><title>Tidings</title>';

async function serving(t: TestContext, changes: Partial<HttpDeps> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-dashboard-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'assets'));
  const files = {
    'index.html': PAGE,
    'theme.js': 'a()',
    'assets/a-1.js': 'b()',
    'assets/a-1.js.br': 'br',
    secret: 's',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const store = memoryStore({ clock: { now: () => NOW, after: () => () => undefined } });
  return testServer(store, { dashboard: readDashboard(folder), ...changes }).app;
}

test('every page is the dashboard, under a policy that lets nothing inline or foreign in', async (t) => {
  const app = await serving(t);
  const paths = ['/', '/ui', '/ui/notifications', '/ui/notifications/some-id', '/ui/send', '/ui/dead-letters'];
  for (const url of [...paths, '/ui/sandbox?to=a', '/ui/status']) {
    const answer = await app.inject({ url, headers });
    assert.equal(answer.statusCode, 200, url);
    assert.equal(answer.body, PAGE, url);
    assert.equal(answer.headers.vary, 'Accept, Accept-Encoding');
    assert.equal(answer.headers['cache-control'], 'no-cache');
    const policy = String(answer.headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.match(policy, /frame-ancestors 'none'/);
  }
});

test('files named by their digest are kept for ever, in the encoding that is asked for; others are asked after', async (t) => {
  const app = await serving(t);
  const ask = (url: string, more = {}) => app.inject({ url, headers: more });
  const plain = await ask('/ui/assets/a-1.js', { 'accept-encoding': 'br;q=0, gzip' });
  assert.equal(plain.body, 'b()');
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(plain.headers.vary, 'Accept-Encoding');
  const packed = await ask('/ui/assets/a-1.js', { 'accept-encoding': 'gzip, deflate, br' });
  assert.equal(packed.body, 'br');
  assert.equal(packed.headers['content-encoding'], 'br');
  assert.match(String(packed.headers['content-type']), /^text\/javascript/);
  assert.notEqual(packed.headers.etag, plain.headers.etag);
  assert.equal((await ask('/ui/assets/a-1.js', { 'if-none-match': plain.headers.etag })).statusCode, 304);
  assert.equal((await ask('/ui/theme.js')).headers['cache-control'], 'no-cache');
});

test('what is no page and no file is a problem document, above and below /ui/', async (t) => {
  const app = await serving(t);
  const paths = ['/ui/nothing', '/ui/secret', '/ui/assets/a-1.js.br', '/ui/assets/../../package.json', '/ui/%2e%2e/a'];
  for (const url of [...paths, '/ui/index.html', '/nothing', '/api/v1/nothing', '/ui/notifications/a/b']) {
    const answer = await app.inject({ url });
    assert.equal(answer.statusCode, 404, url);
    assert.equal(answer.json<{ code: string }>().code, 'not_found', url);
  }
  assert.equal((await app.inject({ method: 'POST', url: '/ui/send' })).statusCode, 405);
});

test('a caught mail gets a frame in which nothing runs and nothing is loaded', async (t) => {
  const app = await serving(t);
  const policy = String((await app.inject({ url: '/ui/frame' })).headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; style-src 'unsafe-inline'; img-src data:;/);
  assert.match(policy, /; sandbox allow-same-origin$/);
  assert.doesNotMatch(policy, /script/);
});

test('the pages are open where the API asks for a key: they hold nothing, and ask with it', async (t) => {
  const app = await serving(t, { apiKeys: ['key-1'] });
  assert.equal((await app.inject({ url: '/', headers })).body, PAGE);
  assert.equal((await app.inject({ url: '/api/v1/status' })).statusCode, 401);
});

test('without a build the page says how to make one, and the API works', async (t) => {
  const app = await serving(t, { dashboard: null });
  const page = await app.inject({ url: '/', headers });
  assert.equal(page.statusCode, 200);
  assert.match(page.body, /npm run build:web/);
  assert.equal((await app.inject({ url: '/ui/assets/a-1.js' })).statusCode, 404);
  assert.equal((await app.inject({ url: '/api/v1/stats' })).statusCode, 200);
  assert.equal(readDashboard(join(tmpdir(), 'tidings-there-is-nothing')), null);
});

test('the status tells engines, providers with their breakers, and settings', async (t) => {
  const app = await serving(t, {
    apiKeys: ['key-1'],
    status: {
      node: 'v24.21.0',
      startedAt: NOW,
      roles: ['api', 'worker'],
      store: 'sqlite',
      queue: 'redis',
      channels: [
        { channel: 'email', providers: ['smtp', 'sendgrid'], sandboxed: false },
        { channel: 'sms', providers: ['sandbox'], sandboxed: true },
      ],
      pauses: (now) => [{ provider: 'sendgrid', until: now + 60_000, cause: 'provider_misconfigured' }],
      settings: [{ name: 'SMTP_PASSWORD', value: '********', isDefault: false }],
    },
  });
  const answer = await app.inject({ url: '/api/v1/status', headers: { 'x-api-key': 'key-1' } });
  const well = { paused_until: null, cause: null };
  assert.deepEqual(answer.json(), {
    version: '0.0.0-test',
    node: 'v24.21.0',
    started_at: '2026-01-31T09:30:00.000Z',
    roles: ['api', 'worker'],
    store: 'sqlite',
    queue: 'redis',
    access: 'keys',
    channels: [
      {
        channel: 'email',
        providers: [
          { id: 'smtp', state: 'live', ...well },
          {
            id: 'sendgrid',
            state: 'paused',
            paused_until: '2026-01-31T09:31:00.000Z',
            cause: 'provider_misconfigured',
          },
        ],
      },
      { channel: 'sms', providers: [{ id: 'sandbox', state: 'sandbox', ...well }] },
    ],
    settings: [{ name: 'SMTP_PASSWORD', value: '********', is_default: false }],
  });
});
