import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startService } from '../kit/service.ts';

interface Caught {
  readonly data: readonly {
    readonly notification_id: string;
    readonly channel: string;
    readonly to: string;
    readonly message: Readonly<Record<string, unknown>>;
  }[];
}

describe('without providers', { concurrency: 4 }, () => {
  test('the sandbox catches what would have been sent, on every channel, and the start says so', async (t) => {
    const service = await startService(t);
    assert.match(service.stdout, /Sandboxed +email, sms, push,/);
    const channels = ['email', 'sms', 'push', 'telegram', 'whatsapp', 'slack', 'discord', 'teams', 'webhook'];
    const id = await service.send({
      recipient: { user_id: '42', email: 'user@example.com' },
      title: 'Hello',
      message: 'Caught.',
      strategy: 'all',
      channels,
    });
    await service.waitFor(id, 'sent');
    const { data } = (await service.get<Caught>(`/sandbox/messages?notification_id=${id}`)).body;
    assert.deepEqual(data.map(({ channel }) => channel).sort(), [...channels].sort());
    const mail = data.find(({ channel }) => channel === 'email');
    assert.equal(mail?.to, 'user@example.com');
    assert.equal(mail?.message.subject, 'Hello');
    assert.equal(mail?.message.text, 'Caught.');
    assert.equal(data.find(({ channel }) => channel === 'sms')?.to, '42');
  });

  test('some recipients have a fate of their own', async (t) => {
    const service = await startService(t, { env: { RETRY_SCHEDULE: '100ms,100ms,100ms' } });
    const fates: readonly [recipient: string, status: string, codes: readonly (string | null)[]][] = [
      ['bounce@sandbox.test', 'failed', ['recipient_unreachable']],
      ['blocked@sandbox.test', 'failed', ['recipient_blocked']],
      ['+15005550001', 'failed', ['invalid_recipient']],
      ['flaky@sandbox.test', 'sent', ['provider_error', 'provider_error', null]],
      ['throttled@sandbox.test', 'sent', ['rate_limited', null]],
      ['down@sandbox.test', 'failed', Array.from({ length: 4 }, () => 'provider_error')],
      ['timeout@sandbox.test', 'failed', Array.from({ length: 4 }, () => 'timeout')],
    ];
    const ids: string[] = [];
    for (const [recipient] of fates) ids.push(await service.send({ recipient, message: 'Hello' }));
    for (const [index, [recipient, status, codes]] of fates.entries()) {
      const shown = await service.waitFor(ids[index] ?? '', status);
      const got = shown.attempts.map(({ code }) => code);
      assert.deepEqual(got, codes, recipient);
    }
    const caught = (await service.get<Caught>('/sandbox/messages')).body.data.map(({ to }) => to).sort();
    assert.deepEqual(caught, ['flaky@sandbox.test', 'throttled@sandbox.test']);
  });

  test('SANDBOX_FAILURE_RATE=1 lets everything fail, visibly', async (t) => {
    const service = await startService(t, { env: { SANDBOX_FAILURE_RATE: '1', RETRY_SCHEDULE: '100ms' } });
    const id = await service.send({ recipient: 'user@example.com', message: 'Hello' });
    const shown = await service.waitFor(id, 'failed');
    assert.equal(shown.deliveries[0]?.reason, 'provider_error');
    assert.deepEqual(
      shown.attempts.map(({ provider, outcome, code, detail }) => [provider, outcome, code, detail]),
      Array.from({ length: 2 }, () => ['sandbox', 'deferred', 'provider_error', 'SANDBOX_FAILURE_RATE at work.']),
    );
    assert.equal((await service.get<Caught>('/sandbox/messages')).body.data.length, 0);
    const stats = await service.get<{ by_status: { failed: number; sent: number } }>('/stats');
    assert.deepEqual([stats.body.by_status.failed, stats.body.by_status.sent], [1, 0]);
  });
});
