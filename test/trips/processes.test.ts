import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { countBy } from '../kit/load.ts';
import { startService } from '../kit/service.ts';
import { telegramStandIn } from '../kit/vendors.ts';

describe('processes on one file', { concurrency: 2 }, () => {
  test('the API takes, two workers share the work, and each message goes out once', async (t) => {
    const telegram = await telegramStandIn(t);
    const { env } = telegram;
    const api = await startService(t, { command: 'api', env });
    const workers = [
      await startService(t, { command: 'worker', env, place: api.place }),
      await startService(t, { command: 'worker', env: { ...env, WORKER_CONCURRENCY: '4' }, place: api.place }),
    ];
    assert.deepEqual(
      workers.map(({ url }) => url),
      ['', ''],
    );
    const notifications = Array.from({ length: 300 }, (_, index) => ({
      recipient: { telegram: '7' },
      message: `Number ${index}`,
    }));
    const answer = await api.post<{ results: { id: string }[] }>('/notifications/batch', { notifications });
    for (const { id } of answer.body.results) {
      assert.equal((await api.waitFor(id, 'sent')).attempts.length, 1);
    }
    const texts = countBy(telegram.messages, ({ text }) => text);
    assert.equal(texts.size, 300);
    assert.deepEqual(
      [...texts].filter(([, times]) => times !== 1),
      [],
    );
    const shares = workers.map((worker) => worker.log().filter(({ event }) => event === 'attempted').length);
    t.diagnostic(`shares: ${shares.join(' and ')}`);
    assert.equal(
      shares.reduce((sum, share) => sum + share, 0),
      300,
    );
  });

  test('a worker hears at once what another process accepted', async (t) => {
    const telegram = await telegramStandIn(t);
    const api = await startService(t, { command: 'api', env: telegram.env });
    await startService(t, { command: 'worker', env: telegram.env, place: api.place });
    const delays: number[] = [];
    for (let number = 1; number <= 5; number++) {
      const before = Date.now();
      await api.send({ recipient: { telegram: '7' }, message: `Number ${number}` });
      await telegram.taken(number);
      delays.push(Date.now() - before);
    }
    t.diagnostic(`ms: ${delays.join(', ')}`);
    // The longest sleep of a worker that hears nothing is 5 s.
    assert.ok(
      delays.every((delay) => delay < 2_500),
      delays.join(),
    );
  });

  test('without a worker what was accepted waits, and a process that comes later sends it', async (t) => {
    const telegram = await telegramStandIn(t);
    const api = await startService(t, { command: 'api', env: telegram.env });
    const id = await api.send({ recipient: { telegram: '7' }, message: 'Patience' });
    await api.stop();
    const all = await startService(t, { env: telegram.env, place: api.place });
    await all.waitFor(id, 'sent');
    assert.equal(telegram.messages.length, 1);
  });

  test('what a killed worker had in hand is taken over by another, whoever sweeps', async (t) => {
    const telegram = await telegramStandIn(t);
    const env = { ...telegram.env, LEASE_SECONDS: '2', SEND_TIMEOUT_SECONDS: '1' };
    const api = await startService(t, { command: 'api', env });
    const doomed = await startService(t, { command: 'worker', env, place: api.place });
    const scheduler = await startService(t, { command: 'scheduler', env, place: api.place });
    // A vendor that never answers keeps the worker busy.
    telegram.hang();
    const id = await api.send({ recipient: { telegram: '7' }, message: 'Twice perhaps' });
    await telegram.called(1);
    await doomed.kill('SIGKILL');
    await startService(t, { command: 'worker', env, place: api.place });
    const shown = await api.waitFor(id, 'sent');
    assert.deepEqual(
      shown.attempts.map(({ outcome, code }) => [outcome, code]),
      [
        ['unknown', 'worker_lost'],
        ['accepted', null],
      ],
    );
    assert.equal(scheduler.url, '');
  });
});
