import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builders } from '../../../test/kit/builders.ts';
import { NOW } from '../../../test/kit/test-server.ts';
import { type Json, OK, send, withServer } from '../../../test/kit/with-server.ts';

test('gives figures, and lists dead letters and caught messages', () =>
  withServer(async ({ app }) => {
    await send(app, OK);
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
