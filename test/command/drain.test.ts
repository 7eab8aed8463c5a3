import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Service, startService } from '../kit/service.ts';
import { temporaryFolder } from '../kit/tidings-process.ts';
import { seen, until } from '../kit/until.ts';

async function draining(t: TestContext, seconds: number): Promise<Service> {
  const folder = await temporaryFolder(t);
  const place = { DATABASE_URL: `sqlite:${join(folder, 'tidings.db')}`, QUEUE_URL: 'database' };
  return startService(t, { place, env: { DRAIN_SECONDS: String(seconds) } });
}

interface Ready {
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly detail: string | null }>>;
}

function notReady(service: Service): Promise<Ready> {
  return seen(
    async () => {
      const { status, body } = await service.get<Ready>('//health/ready');
      return status === 503 ? body : undefined;
    },
    () => 'it still says that it is ready',
  );
}

describe('a process that is told to stop by SIGTERM', () => {
  test('says at once that it is not ready, and serves on for as long as is set', async (t) => {
    const service = await draining(t, 3);
    assert.equal((await service.get('//health/ready')).status, 200);
    const stream = await fetch(`${service.url}/api/v1/events`, { signal: AbortSignal.timeout(15_000) });
    assert.equal(stream.status, 200);
    const began = Date.now();
    const stopping = service.stop();
    const { parts } = await notReady(service);
    assert.deepEqual(parts.process, { ok: false, needed: true, detail: 'it was told to stop' });
    assert.equal(parts.store?.ok, true);
    const accepted = await service.post<{ id: string }>('/notifications', {
      recipient: 'user@example.com',
      message: 'Hi',
    });
    assert.deepEqual([accepted.status, accepted.headers.get('connection')], [202, 'close']);
    await service.waitFor(accepted.body.id, 'sent');
    assert.equal((await service.get('//health/live')).status, 200);
    // It is not cut off before the time, and ends by itself then.
    assert.match(await stream.text(), new RegExp(accepted.body.id));
    assert.ok(Date.now() - began >= 3_000, `${Date.now() - began} ms`);
    await stopping;
  });

  test('goes at once when it is told so a second time', async (t) => {
    const service = await draining(t, 300);
    process.kill(service.pid, 'SIGTERM');
    await notReady(service);
    // Signals that come at the same time are one, so it is asked until it obeys.
    const asking = setInterval(() => void service.kill('SIGTERM').catch(() => {}), 100);
    const exit = await until(service.kill('SIGTERM'), () => 'it is still there', 10_000).finally(() =>
      clearInterval(asking),
    );
    assert.deepEqual(exit, { code: 1, signal: null });
  });

  test('waits for nobody when it was Ctrl-C', async (t) => {
    const service = await draining(t, 300);
    assert.deepEqual(await service.kill('SIGINT'), { code: 0, signal: null });
  });
});
