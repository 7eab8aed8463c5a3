import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startService } from '../kit/service.ts';
import { telegramStandIn } from '../kit/vendors.ts';

const RECIPIENT = { telegram: '7' };
/** Shorter than the longest sleep of a worker, in ms: one that sleeps over a due time is later than this. */
const SLEEP = 3_000;

describe('send_at', { concurrency: 4 }, () => {
  test('is kept: not earlier, and not much later', async (t) => {
    const telegram = await telegramStandIn(t);
    const service = await startService(t, { env: telegram.env });
    const sendAt = Date.now() + 1_200;
    const answer = await service.post<{ id: string; status: string }>('/notifications', {
      recipient: RECIPIENT,
      message: 'On time',
      send_at: new Date(sendAt).toISOString(),
    });
    assert.equal(answer.body.status, 'scheduled');
    await service.waitFor(answer.body.id, 'sent');
    const [at = 0] = telegram.calledAt;
    assert.ok(at >= sendAt, `${sendAt - at} ms early`);
    assert.ok(at - sendAt < SLEEP, `${at - sendAt} ms late`);
  });

  test('can be moved to an earlier time, which is then kept', async (t) => {
    const telegram = await telegramStandIn(t);
    const service = await startService(t, { env: telegram.env });
    const id = await service.send({ recipient: RECIPIENT, message: 'Earlier', delay: '1h' });
    const sendAt = Date.now() + 700;
    const send_at = new Date(sendAt).toISOString();
    const answer = await service.patch<{ status: string; send_at: string }>(`/notifications/${id}`, { send_at });
    assert.equal(answer.status, 200);
    assert.deepEqual([answer.body.status, answer.body.send_at], ['scheduled', send_at]);
    await service.waitFor(id, 'sent');
    const [at = 0] = telegram.calledAt;
    assert.ok(at >= sendAt, `${sendAt - at} ms early`);
    assert.ok(at - sendAt < SLEEP, `${at - sendAt} ms late`);
    assert.equal((await service.patch(`/notifications/${id}`, { send_at })).status, 409);
  });

  test('can be moved to a later time: the earlier one passes', async (t) => {
    const telegram = await telegramStandIn(t);
    const service = await startService(t, { env: telegram.env });
    const moved = await service.send({ recipient: RECIPIENT, message: 'Moved', delay: '500ms' });
    const control = await service.send({ recipient: RECIPIENT, message: 'Control', delay: '900ms' });
    const send_at = new Date(Date.now() + 3_600_000).toISOString();
    assert.equal((await service.patch(`/notifications/${moved}`, { send_at })).status, 200);
    await service.waitFor(control, 'sent');
    assert.equal((await service.notification(moved)).status, 'scheduled');
    assert.deepEqual(
      telegram.messages.map(({ text }) => text),
      ['Control'],
    );
  });

  test('is kept over a restart, also where it passed while the service was down', async (t) => {
    const telegram = await telegramStandIn(t);
    const first = await startService(t, { env: telegram.env });
    const passedAt = Date.now() + 3_000;
    const passed = await first.send({
      recipient: RECIPIENT,
      message: 'Passed',
      send_at: new Date(passedAt).toISOString(),
    });
    const sendAt = Date.now() + 6_000;
    const coming = await first.send({
      recipient: RECIPIENT,
      message: 'Coming',
      send_at: new Date(sendAt).toISOString(),
    });
    await first.kill('SIGKILL');
    assert.ok(Date.now() < passedAt, 'it had time to send it: then it would be a lost worker');
    await new Promise((resolve) => setTimeout(resolve, passedAt + 1 - Date.now()));
    const second = await startService(t, { env: telegram.env, place: first.place });
    await second.waitFor(passed, 'sent');
    await second.waitFor(coming, 'sent');
    assert.ok((telegram.calledAt.at(-1) ?? 0) >= sendAt);
  });
});

describe('priority', () => {
  test('high goes before low, and low is not forgotten', async (t) => {
    const telegram = await telegramStandIn(t);
    // All are in the store before the first is taken, and they are taken one by one.
    const api = await startService(t, { command: 'api', env: telegram.env });
    const notifications = Array.from({ length: 20 }, (_, index) => {
      const priority = index % 2 === 0 ? 'low' : 'high';
      return { recipient: RECIPIENT, message: priority, priority };
    });
    await api.post('/notifications/batch', { notifications });
    const env = { ...telegram.env, WORKER_CONCURRENCY: '1' };
    await startService(t, { command: 'worker', env, place: api.place });
    const texts = (await telegram.taken(20)).map(({ text }) => text);
    const highs = texts.slice(0, 10).filter((text) => text === 'high').length;
    assert.ok(highs >= 7, texts.join());
    assert.equal(texts.filter((text) => text === 'low').length, 10);
  });
});
