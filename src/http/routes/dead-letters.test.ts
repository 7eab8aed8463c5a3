import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Json, OK, send, withServer } from '../../../test/kit/with-server.ts';

test('shows a dead letter with its attempts, and sets it aside', () =>
  withServer(async ({ app }) => {
    const sent = await send(app, { ...OK, channels: ['email', 'sms'], strategy: 'all' });
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
