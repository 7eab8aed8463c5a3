import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putIntoInbox } from '../../../test/kit/put-into-inbox.ts';
import { NOW } from '../../../test/kit/test-server.ts';
import { type Json, send, withServer } from '../../../test/kit/with-server.ts';
import { deliveryId, parseNotificationId } from '../../domain/ids.ts';

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
