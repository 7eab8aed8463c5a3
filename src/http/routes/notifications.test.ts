import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Json, OK, send, withServer } from '../../../test/kit/with-server.ts';

test('pages through a list, and refuses the cursors of others', () =>
  withServer(async ({ app }) => {
    for (let count = 0; count < 3; count++) await send(app, { ...OK, tags: ['t'] });
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
    const { id } = (await send(app, { ...OK, delay: '1h' })).json<{ id: string }>();
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
