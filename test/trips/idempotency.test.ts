import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plainMailServer } from '../kit/mail-server.ts';
import { startService } from '../kit/service.ts';

interface Accepted {
  readonly id: string;
}
interface Problem {
  readonly code: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
}

describe('an idempotency key', { concurrency: 4 }, () => {
  test('sent 100 times at once makes one notification and one mail; another body is refused', async (t) => {
    const mailbox = await plainMailServer(t);
    const service = await startService(t, { env: mailbox.env });
    const body = { recipient: 'user@example.com', title: 'Hello', message: 'Only once.' };
    const headers = { 'idempotency-key': 'order-42' };
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => service.post<Accepted>('/notifications', body, headers)),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202]);
    assert.equal(new Set(answers.map((answer) => JSON.stringify(answer.body))).size, 1);
    const replayed = answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true');
    assert.equal(replayed.length, 99);

    const id = answers[0]?.body.id ?? '';
    await service.waitFor(id, 'sent');
    // The same with its fields in another order, much later: still the first answer.
    const again = await service.post<Accepted>(
      '/notifications',
      { message: body.message, title: body.title, recipient: body.recipient },
      headers,
    );
    assert.equal(again.body.id, id);
    assert.equal(again.headers.get('location'), `/api/v1/notifications/${id}`);

    const other = await service.post<Problem>('/notifications', { ...body, message: 'Something else.' }, headers);
    assert.equal(other.status, 422);
    assert.equal(other.body.code, 'idempotency_mismatch');
    const control = await service.send({ recipient: 'other@example.com', message: 'After all that' });
    await service.waitFor(control, 'sent');
    assert.deepEqual(
      mailbox.mails.map(({ to }) => to),
      [['user@example.com'], ['other@example.com']],
    );
    assert.equal((await service.get<{ total: number }>('/stats')).body.total, 2);
  });

  test('holds over a restart', async (t) => {
    const first = await startService(t);
    const headers = { 'idempotency-key': 'order-43' };
    const body = { recipient: 'user@example.com', message: 'Only once.' };
    const id = await first.send(body, headers);
    await first.stop();
    const second = await startService(t, { place: first.place });
    const again = await second.post<Accepted>('/notifications', body, headers);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.equal(again.body.id, id);
  });
});

describe('many at once', { concurrency: 4 }, () => {
  test('a broadcast is one notification for each recipient, with data of its own', async (t) => {
    const service = await startService(t);
    const answer = await service.post<{ id: string; accepted: number; notifications: string[] }>('/notifications', {
      recipients: ['a@example.com', { user_id: '42', data: { seat: '7A' } }, '+14155550123'],
      message: 'Boarding',
      data: { gate: 'B2' },
    });
    assert.equal(answer.status, 202);
    assert.equal(answer.body.accepted, 3);
    const channels: (string | null)[] = [];
    for (const id of answer.body.notifications) channels.push((await service.waitFor(id, 'sent')).channel_used);
    assert.deepEqual(channels, ['email', 'in_app', 'sms']);

    const inbox = await service.post<{ notifications: string[] }>('/notifications', {
      recipients: [{ user_id: '42', data: { seat: '7A' } }, { user_id: '43' }],
      message: 'Boarding',
      channels: ['in_app'],
      data: { gate: 'B2' },
    });
    for (const id of inbox.body.notifications) await service.waitFor(id, 'sent');
    const dataOf = async (user: string) =>
      (await service.get<{ data: { data: object }[] }>(`/users/${user}/inbox`)).body.data[0]?.data;
    assert.deepEqual(await dataOf('42'), { gate: 'B2', seat: '7A' });
    assert.deepEqual(await dataOf('43'), { gate: 'B2' });
  });

  test('a broadcast with a bad recipient is refused as a whole, and every fault is named', async (t) => {
    const service = await startService(t);
    const answer = await service.post<Problem>('/notifications', {
      recipients: ['a@example.com', 'b@', { email: 'c@example' }],
      message: 'Hello',
      priority: 'urgent',
    });
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.body.errors?.map(({ pointer }) => pointer).sort(), [
      '/priority',
      '/recipients/1',
      '/recipients/2/email',
    ]);
    assert.equal((await service.get<{ total: number }>('/stats')).body.total, 0);
  });

  test('a batch takes its good items and names the bad ones', async (t) => {
    const service = await startService(t);
    const answer = await service.post<{
      accepted: number;
      rejected: number;
      results: { index: number; id?: string; error?: Problem }[];
    }>('/notifications/batch', {
      notifications: [
        { recipient: 'a@example.com', message: 'First', idempotency_key: 'k1' },
        { recipient: 'nobody@', message: 'Second' },
        { recipient: 'c@example.com' },
        'not an object',
        { recipient: '+14155550123', message: 'No way', channels: ['telegram'] },
        { recipient: 'e@example.com', message: 'Last' },
        { recipient: 'a@example.com', message: 'First', idempotency_key: 'k1' },
      ],
    });
    assert.equal(answer.status, 202);
    const { accepted, rejected, results } = answer.body;
    assert.deepEqual([accepted, rejected], [3, 4]);
    assert.deepEqual(
      results.map(({ index, id, error }) => [index, id === undefined, error?.code ?? null]),
      [
        [0, false, null],
        [1, true, 'invalid_request'],
        [2, true, 'invalid_request'],
        [3, true, 'invalid_request'],
        [4, true, 'unroutable'],
        [5, false, null],
        [6, false, null],
      ],
    );
    assert.equal(results[1]?.error?.errors?.[0]?.pointer, '/notifications/1/recipient');
    assert.equal(results[6]?.id, results[0]?.id);
    for (const { id } of results) if (id !== undefined) await service.waitFor(id, 'sent');
    assert.equal((await service.get<{ total: number }>('/stats')).body.total, 2);
  });
});
