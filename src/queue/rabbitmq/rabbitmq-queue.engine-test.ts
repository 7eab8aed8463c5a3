import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { brokerContract } from '../../../test/contract/broker-contract.ts';
import { queueContract } from '../../../test/contract/queue-contract.ts';
import { builders } from '../../../test/kit/builders.ts';
import { rabbitServer } from '../../../test/kit/rabbitmq.ts';
import { seen, until } from '../../../test/kit/until.ts';
import type { Clock } from '../../domain/clock.ts';
import { realClock } from '../../domain/clock.ts';
import { deliveryId } from '../../domain/ids.ts';
import type { DeadLetter, DeliverTask, QueueNotice } from '../queue.ts';
import { rabbitmqQueue } from './rabbitmq-queue.ts';

const server = await rabbitServer();
after(() => server.close());

const FOREVER = new AbortController().signal;
const make = builders(() => Date.UTC(2026, 0, 15));
const task = (): DeliverTask => ({ v: 1, id: deliveryId(make.notification().id, 1), priority: 'normal' });

interface Over {
  port?: number;
  name?: string;
  visibilityMs?: number;
  prefetch?: number;
  clock?: Clock;
}

function openQueue(over: Over = {}) {
  const { port = server.port, name = randomUUID(), prefetch = 100, clock = realClock, ...rest } = over;
  const notices: QueueNotice[] = [];
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  const onNotice = (notice: QueueNotice) => notices.push(notice);
  return { queue: rabbitmqQueue({ url, name, prefetch, clock, onNotice, ...rest }), name, notices };
}

/** How many messages wait in a queue. */
async function waiting(queue: string): Promise<number> {
  const { messageCount } = await server.client.queueDeclare({ queue, passive: true });
  return messageCount;
}

queueContract('RabbitMQ', 'carries', async (t) => {
  const { queue } = openQueue();
  t.after(() => queue.close());
  return {
    queue,
    // The operator's tool takes long enough to start for every acknowledgement to be there.
    async loseTakers() {
      await server.control('close_all_connections', 'by the test');
      await seen(
        () =>
          queue.probe().then(
            () => true,
            () => undefined,
          ),
        () => 'it does not connect again',
      );
    },
  };
});

brokerContract('RabbitMQ', {
  port: server.port,
  stop: () => server.stop(),
  start: () => server.start(),
  open: ({ port, name, onNotice, visibilityMs }) => {
    const url = `amqp://guest:guest@127.0.0.1:${port}`;
    return rabbitmqQueue({ url, name, prefetch: 100, clock: realClock, onNotice, visibilityMs });
  },
  async wipe(name) {
    for (const queue of [name, `${name}.high`, `${name}.low`]) await server.client.queueDelete({ queue });
  },
  async addForeign(name) {
    const publisher = server.client.createPublisher({ confirm: true });
    const { id } = task();
    const foreign = [
      'hello',
      '{"v":1',
      Buffer.from([0xff, 0x00]),
      null,
      [1],
      { v: 2, id, priority: 'normal' },
      { v: 1, id: 'not-an-id', priority: 'normal' },
      { v: 1, id, priority: 'urgent' },
    ];
    for (const body of foreign) await publisher.send(name, body);
    await publisher.send({ routingKey: name, contentType: 'application/json' }, Buffer.from('{"v":'));
    await publisher.close();
    return foreign.length + 1;
  },
  rejected: (name) => waiting(`${name}_rejected`),
  async deadLetters(name) {
    const found: string[] = [];
    for (;;) {
      const message = await server.client.basicGet({ queue: `${name}_dlq`, noAck: true });
      if (message === undefined) return found;
      // As it was published.
      const { id } = message.body as DeadLetter;
      found.push(id);
    }
  },
});

test('a task that comes back again and again is put out of the way', async (t) => {
  const { queue, name } = openQueue({ visibilityMs: 20 });
  t.after(() => queue.close());
  await queue.publish([task()]);
  const abort = new AbortController();
  let times = 0;
  const taking = (async () => {
    while (!abort.signal.aborted) times += (await queue.take(1, abort.signal)).length;
  })();
  await seen(
    async () => ((await waiting(`${name}_rejected`)) === 1 ? true : undefined),
    () => `it came ${times} times`,
  );
  abort.abort();
  await taking;
  assert.equal(times, 21);
  assert.equal(await waiting(name), 0);
});

test('a publish that reaches no queue, and cannot make one, fails', async (t) => {
  const { queue, name } = openQueue();
  t.after(() => queue.close());
  await queue.publish([task()]);
  await server.client.queueDelete({ queue: name });
  await server.control('set_permissions', 'guest', '^$', '.*', '.*');
  try {
    await assert.rejects(queue.publish([task()]));
  } finally {
    await server.control('set_permissions', 'guest', '.*', '.*', '.*');
  }
  const next = task();
  await queue.publish([next]);
  assert.deepEqual(await queue.take(1, FOREVER), [next]);
});

test('gets what comes after its queue was deleted and made again at once, which the broker tells nobody', async (t) => {
  // What waits for a quarter of a minute or longer waits for a fiftieth of it.
  const clock: Clock = { ...realClock, after: (ms, call) => realClock.after(ms < 15_000 ? ms : ms / 50, call) };
  const { queue, name, notices } = openQueue({ clock });
  t.after(() => queue.close());
  await queue.publish([task()]);
  await queue.ack(await queue.take(1, FOREVER));
  const taking = queue.take(1, FOREVER);
  const channel = await server.client.acquire();
  // Together, so that nothing comes in between: the broker then moves the consumer over and never serves it.
  const again = { queue: name, durable: true, arguments: { 'x-queue-type': 'quorum' } } as const;
  await Promise.all([channel.queueDelete({ queue: name }), channel.queueDeclare(again)]);
  await channel.close();
  const other = openQueue({ name });
  t.after(() => other.queue.close());
  const next = task();
  await other.queue.publish([next]);
  assert.deepEqual(await until(taking, () => 'its consumer was never replaced'), [next]);
  await queue.ack([next]);
  assert.deepEqual(notices, [], 'nothing was away');
});

test('uses queues that were made otherwise as they are', async (t) => {
  const { queue, name } = openQueue();
  t.after(() => queue.close());
  await server.client.queueDeclare({ queue: name, durable: true });
  const one = task();
  await queue.publish([one]);
  assert.deepEqual(await queue.take(1, FOREVER), [one]);
});

test('holds no more than its prefetch without an acknowledgement', async (t) => {
  const { queue, name } = openQueue({ prefetch: 3 });
  t.after(() => queue.close());
  await queue.publish([task(), task(), task(), task(), task()]);
  const taken: DeliverTask[] = [];
  while (taken.length < 3) taken.push(...(await queue.take(10, FOREVER)));
  assert.equal(await waiting(name), 2);
  await queue.ack(taken);
  while (taken.length < 5) taken.push(...(await queue.take(10, FOREVER)));
});

test('publishes fail while the broker lacks memory, and what it has can be taken and acknowledged', async (t) => {
  const { queue, name } = openQueue();
  t.after(() => queue.close());
  const published = [task(), task()];
  await queue.publish(published);
  await server.control('set_vm_memory_high_watermark', '0.00001');
  try {
    await assert.rejects(queue.publish([task()]));
    const taken: DeliverTask[] = [];
    while (taken.length < 2) taken.push(...(await queue.take(2, FOREVER)));
    await queue.ack(taken);
  } finally {
    await server.control('set_vm_memory_high_watermark', '0.4');
  }
  const next = task();
  await seen(
    () =>
      queue.publish([next]).then(
        () => true,
        () => undefined,
      ),
    () => 'it does not publish again',
  );
  let id: string | undefined;
  while (id !== next.id) {
    const taken = await queue.take(1, FOREVER);
    await queue.ack(taken);
    id = taken[0]?.id;
  }
  assert.ok(name);
});
