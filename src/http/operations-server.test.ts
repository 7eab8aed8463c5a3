import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestLine } from './deps.ts';
import { createOperationsServer, type OperationsDeps } from './operations-server.ts';

function open(changes: Partial<OperationsDeps> = {}) {
  const lines: RequestLine[] = [];
  const app = createOperationsServer({
    random: () => 0.5,
    newRequestId: () => 'made',
    apiKeys: ['key-1'],
    health: () => Promise.resolve({ worker: { ok: true, needed: true, detail: null } }),
    metrics: () => Promise.resolve('a_total 1\n'),
    log: (line) => lines.push(line),
    version: '1.2.3',
    ...changes,
  });
  return { app, lines };
}

test('a process without the API says how it is to everybody, and its figures to who has a key', async (t) => {
  const { app, lines } = open();
  t.after(() => app.close());
  const health = await app.inject({ url: '/health' });
  assert.deepEqual(health.json(), {
    status: 'ok',
    version: '1.2.3',
    parts: { worker: { ok: true, needed: true, detail: null } },
  });
  assert.equal((await app.inject({ url: '/health/ready' })).statusCode, 200);
  const refused = await app.inject({ url: '/metrics' });
  assert.deepEqual([refused.statusCode, refused.headers['www-authenticate']], [401, 'Bearer']);
  const figures = await app.inject({ url: '/metrics', headers: { authorization: 'Bearer key-1' } });
  assert.deepEqual([figures.statusCode, figures.body], [200, 'a_total 1\n']);
  for (const url of ['/api/v1/notifications', '/api/v1/stats', '/docs', '/nothing']) {
    const { statusCode } = await app.inject({ url, headers: { 'x-api-key': 'key-1' } });
    assert.equal(statusCode, 404, url);
  }
  assert.equal(lines.length, 8);
});

test('it is not ready when its worker is not, and says nothing of a bug but to the log', async (t) => {
  const { app, lines } = open({
    apiKeys: [],
    health: () => Promise.resolve({ worker: { ok: false, needed: true, detail: 'it stands still' } }),
    metrics: () => Promise.reject(new Error('secret')),
  });
  t.after(() => app.close());
  assert.equal((await app.inject({ url: '/health/ready' })).statusCode, 503);
  const answer = await app.inject({ url: '/metrics' });
  assert.equal(answer.statusCode, 500);
  assert.doesNotMatch(answer.body, /secret/);
  assert.deepEqual(lines[1]?.error, new Error('secret'));
});
