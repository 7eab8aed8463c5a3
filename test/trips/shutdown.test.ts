import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { countBy, notificationIn, postMany } from '../kit/load.ts';
import { startService } from '../kit/service.ts';
import { seen, until } from '../kit/until.ts';
import { WEBHOOK_SECRET } from '../kit/vendors.ts';

const WEBHOOKS = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true', LOG_LEVEL: 'warn' };

describe('SIGTERM', () => {
  test('in the middle of taking requests and sending loses nothing and repeats nothing', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    let count = 0;
    receiver.otherwise((response) => setTimeout(() => response.end(), 20 + (count++ % 31)));
    const recipient = { webhook_url: `${receiver.url}/hook` };
    const first = await startService(t, { env: WEBHOOKS });

    let stopped = false;
    // The clients go on until it is gone, as those of a service that is being replaced do.
    const stopInTheMiddle = async () => {
      await until(receiver.received(300), () => `${receiver.requests.length} arrived`);
      await first.stop();
      stopped = true;
    };
    const stopping = stopInTheMiddle();
    const posted = await postMany({
      url: first.url,
      count: 100_000,
      atOnce: 50,
      key: (index) => `key-${index}`,
      body: (key) => ({ recipient, message: `Number ${key}` }),
      goOn: () => !stopped,
    });
    await stopping;
    const ids = posted.flatMap(({ id }) => id ?? []);
    const before = countBy(receiver.requests.map(notificationIn), (id) => id);
    t.diagnostic(`${ids.length} accepted and ${before.size} arrived before it had stopped`);

    const second = await startService(t, { env: WEBHOOKS, place: first.place });
    for (const id of ids) {
      const shown = await second.waitFor(id, 'sent');
      assert.equal(shown.attempts.length, 1, JSON.stringify(shown.attempts));
    }
    const hits = countBy(receiver.requests.map(notificationIn), (id) => id);
    assert.deepEqual([...hits.keys()].sort(), [...ids].sort());
    assert.deepEqual(
      [...hits].filter(([, times]) => times !== 1),
      [],
    );
    const stats = await second.get<{ total: number }>('/stats');
    assert.equal(stats.body.total, ids.length, 'something was accepted and not answered');
  });

  test('waits for what is being sent, and gives back what is not', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    let answer = () => {};
    receiver.answer('/hook', (response) => {
      answer = () => response.end();
    });
    const env = { ...WEBHOOKS, WORKER_CONCURRENCY: '1' };
    const first = await startService(t, { env });
    const recipient = { webhook_url: `${receiver.url}/hook` };
    const sending = await first.send({ recipient, message: 'It is on its way.' });
    const waiting = await first.send({ recipient, message: 'It waits for its turn.' });
    await until(receiver.received(1), () => 'nothing arrived');
    const stopping = first.stop();
    await seen(
      async () => (await first.get('//health/live').catch(() => null)) === null || undefined,
      () => 'it still takes requests',
    );
    answer();
    await stopping;
    assert.equal(receiver.requests.length, 1);

    const second = await startService(t, { env, place: first.place });
    assert.equal((await second.waitFor(sending, 'sent')).attempts.length, 1);
    assert.equal((await second.waitFor(waiting, 'sent')).attempts.length, 1);
    assert.deepEqual(receiver.requests.map(notificationIn), [sending, waiting]);
  });

  test('twice means now', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    receiver.always('/hook', () => {});
    const service = await startService(t, { env: WEBHOOKS });
    await service.send({ recipient: { webhook_url: `${receiver.url}/hook` }, message: 'Nobody answers.' });
    await until(receiver.received(1), () => 'nothing arrived');
    process.kill(service.pid, 'SIGTERM');
    await seen(
      async () => (await service.get('//health/live').catch(() => null)) === null || undefined,
      () => 'it still takes requests',
    );
    // Signals that come at the same time are one, so it is asked until it obeys.
    const asking = setInterval(() => void service.kill('SIGTERM').catch(() => {}), 100);
    const exit = await until(service.kill('SIGTERM'), () => 'it is still there', 5_000).finally(() =>
      clearInterval(asking),
    );
    assert.equal(exit.code, 1);
  });
});
