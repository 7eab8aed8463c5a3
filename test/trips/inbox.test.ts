import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Service, startService } from '../kit/service.ts';

interface Item {
  readonly id: string;
  readonly notification_id: string;
  readonly title: string | null;
  readonly body: string;
  readonly action_url: string | null;
  readonly data: object | null;
  readonly seen_at: string | null;
  readonly read_at: string | null;
  readonly archived_at: string | null;
}
interface Inbox {
  readonly data: readonly Item[];
  readonly next_cursor: string | null;
  readonly counts: { readonly total: number; readonly unread: number; readonly unseen: number };
}

async function tell(service: Service, user: string, message: string, more: object = {}): Promise<string> {
  const id = await service.send({ recipient: { user_id: user }, message, channels: ['in_app'], ...more });
  await service.waitFor(id, 'sent');
  return id;
}

test('an inbox shows what came, newest first, counts it, and keeps the marks that are set', async (t) => {
  const service = await startService(t);
  const inbox = async (query = '') => (await service.get<Inbox>(`/users/user%2F42/inbox${query}`)).body;
  const user = 'user/42';
  const first = await tell(service, user, 'First', {
    title: 'Grüße',
    action_url: '/orders/1',
    data: { order: 1 },
  });
  await tell(service, user, 'Second', { overrides: { in_app: { title: 'Own title', body: 'Own body' } } });
  await tell(service, user, 'Third');
  await tell(service, 'somebody else', 'Not for 42');

  const all = await inbox();
  assert.deepEqual(
    all.data.map(({ title, body, action_url, data }) => [title, body, action_url, data]),
    [
      [null, 'Third', null, null],
      ['Own title', 'Own body', null, null],
      ['Grüße', 'First', '/orders/1', { order: 1 }],
    ],
  );
  assert.equal(all.data[2]?.notification_id, first);
  assert.deepEqual(all.counts, { total: 3, unread: 3, unseen: 3 });

  const [third, second, oldest] = all.data.map(({ id }) => id);
  const mark = async (id: string | undefined, as: string) => {
    const answer = await service.post<Item>(`/users/user%2F42/inbox/${id}/${as}`);
    assert.equal(answer.status, 200);
    return answer.body;
  };
  assert.notEqual((await mark(third, 'seen')).seen_at, null);
  assert.notEqual((await mark(second, 'read')).read_at, null);
  assert.notEqual((await mark(oldest, 'archive')).archived_at, null);
  assert.equal((await service.post(`/users/other/inbox/${third}/read`)).status, 404, "another user's entry");

  const bodies = async (query: string) => (await inbox(query)).data.map(({ body }) => body);
  assert.deepEqual(await bodies(''), ['Third', 'Own body']);
  assert.deepEqual(await bodies('?status=unread'), ['Third']);
  assert.deepEqual(await bodies('?status=read'), ['Own body']);
  assert.deepEqual(await bodies('?status=archived'), ['First']);
  assert.deepEqual((await inbox()).counts, { total: 2, unread: 1, unseen: 0 });

  const marked = await service.post<{ changed: number; counts: object }>('/users/user%2F42/inbox/mark', { as: 'read' });
  assert.equal(marked.body.changed, 2, 'the archived one too');
  assert.deepEqual(marked.body.counts, { total: 2, unread: 0, unseen: 0 });
  await mark(oldest, 'unarchive');
  assert.equal((await inbox()).counts.total, 3);
});

test('an inbox is read page by page without a gap or a repeat while more comes in', async (t) => {
  const service = await startService(t);
  const recipients = Array.from({ length: 7 }, () => ({ user_id: '42' }));
  const answer = await service.post<{ notifications: string[] }>('/notifications', {
    recipients,
    message: 'Hello',
    channels: ['in_app'],
  });
  for (const id of answer.body.notifications) await service.waitFor(id, 'sent');
  const got: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Inbox = (await service.get<Inbox>(`/users/42/inbox?limit=3${query}`)).body;
    got.push(...page.data.map(({ notification_id }) => notification_id));
    cursor = page.next_cursor;
    if (got.length === 3) await tell(service, '42', 'In between');
  } while (cursor !== null);
  assert.deepEqual(got.sort(), [...answer.body.notifications].sort());
});
