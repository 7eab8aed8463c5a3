import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { brokerContract } from '../../../test/contract/broker-contract.ts';
import { queueContract } from '../../../test/contract/queue-contract.ts';
import { builders } from '../../../test/kit/builders.ts';
import { redisServer } from '../../../test/kit/redis.ts';
import { seen } from '../../../test/kit/until.ts';
import { realClock } from '../../domain/clock.ts';
import { deliveryId } from '../../domain/ids.ts';
import { PRIORITIES } from '../../domain/notification.ts';
import type { BrokerQueue, DeliverTask, QueueNotice } from '../queue.ts';
import { redisQueue } from './redis-queue.ts';

const server = await redisServer();
after(() => server.close());

const VISIBLE_AFTER = 60_000;
const FOREVER = new AbortController().signal;
const make = builders(() => Date.UTC(2026, 0, 15));
const task = (): DeliverTask => ({ v: 1, id: deliveryId(make.notification().id, 1), priority: 'normal' });

let consumers = 0;
function openQueue(over: { port?: number; name?: string; visibilityMs?: number; maxLength?: number } = {}) {
  const { port = server.port, name = randomUUID(), ...rest } = over;
  const notices: QueueNotice[] = [];
  const onNotice = (notice: QueueNotice) => notices.push(notice);
  const consumer = `worker-${consumers++}`;
  const queue = redisQueue({ url: `redis://127.0.0.1:${port}`, consumer, name, clock: realClock, onNotice, ...rest });
  return { queue, name, consumer, notices };
}

/** Each stream's key. */
const streams = (name: string) => PRIORITIES.map((priority) => `{${name}}:${priority}`);

/** Takes until it has as many; more than one answer may be needed. */
async function takeMany(queue: BrokerQueue, count: number): Promise<DeliverTask[]> {
  const taken: DeliverTask[] = [];
  while (taken.length < count) taken.push(...(await queue.take(count - taken.length, FOREVER)));
  return taken;
}

/** Of an answer of Redis, which is a list of lists: the first of each. */
function firsts(answer: unknown): string[] {
  return (answer as [string][]).map(([first]) => first);
}

queueContract('Redis', 'carries', async (t) => {
  const { queue, name, consumer } = openQueue();
  t.after(() => queue.close());
  return {
    queue,
    // As if the time had passed: how long an entry has lain with its consumer can be set.
    async loseTakers() {
      for (const key of streams(name)) {
        const pending = firsts(await server.command('XPENDING', key, name, '-', '+', 100));
        const age = ['IDLE', VISIBLE_AFTER + 1, 'JUSTID'];
        for (const id of pending) await server.command('XCLAIM', key, name, consumer, 0, id, ...age);
      }
    },
  };
});

brokerContract('Redis', {
  port: server.port,
  stop: () => server.stop(),
  start: () => server.start(),
  open: ({ port, name, onNotice, visibilityMs }) => {
    const consumer = `worker-${consumers++}`;
    return redisQueue({ url: `redis://127.0.0.1:${port}`, consumer, name, clock: realClock, onNotice, visibilityMs });
  },
  async wipe() {
    await server.command('FLUSHALL');
  },
  async addForeign(name) {
    const { id } = task();
    const foreign = [
      ['hello', 'world'],
      ['v', '2', 'id', id, 'priority', 'normal'],
      ['v', '1', 'id', 'not-an-id', 'priority', 'normal'],
      ['v', '1', 'id', id, 'priority', 'urgent'],
      ['id', 'v', 'v', 'id'],
    ];
    for (const fields of foreign) await server.command('XADD', `{${name}}:normal`, '*', ...fields);
    return foreign.length;
  },
  rejected: async (name) => Number(await server.command('XLEN', `${name}_rejected`)),
  async deadLetters(name) {
    const entries = (await server.command('XRANGE', `${name}_dlq`, '-', '+')) as [string, string[]][];
    return entries.map(([, fields]) => fields[fields.indexOf('id') + 1] ?? '');
  },
});

test('holds what is open and nothing else, so that its bound drops nothing of that however much goes through', async (t) => {
  const { queue, name } = openQueue({ maxLength: 100 });
  t.after(() => queue.close());
  const key = `{${name}}:normal`;
  const length = async () => Number(await server.command('XLEN', key));
  await queue.publish(Array.from({ length: 50 }, task));
  await server.command('XADD', key, '*', 'hello', 'world');
  await queue.publish(Array.from({ length: 50 }, task));
  const open = await takeMany(queue, 100);
  assert.equal(await length(), 100, 'the foreign one is out of the way');
  await queue.ack(open.splice(0, 60));
  assert.equal(await length(), 40);
  assert.equal(firsts(await server.command('XPENDING', key, name, '-', '+', 100)).length, 40);
  // Many times the bound goes through while these forty stay in hand.
  for (let round = 0; round < 20; round++) {
    await queue.publish(Array.from({ length: 40 }, task));
    assert.equal(await length(), 80);
    await queue.ack(await takeMany(queue, 40));
  }
  const entries = (await server.command('XRANGE', key, '-', '+')) as [string, string[]][];
  const kept = entries.map(([, fields]) => fields[fields.indexOf('id') + 1]);
  assert.deepEqual(new Set(kept), new Set<string | undefined>(open.map(({ id }) => id)));
  await queue.ack(open);
  assert.equal(await length(), 0);
  assert.deepEqual(firsts(await server.command('XPENDING', key, name, '-', '+', 10)), []);
});

test('drops the oldest past its length, and lives on with what it had given out of it', async (t) => {
  const { queue, name } = openQueue({ maxLength: 100, visibilityMs: 300 });
  t.after(() => queue.close());
  await queue.publish(Array.from({ length: 100 }, task));
  await queue.take(10, FOREVER);
  await queue.publish(Array.from({ length: 2_000 }, task));
  const length = Number(await server.command('XLEN', `{${name}}:normal`));
  assert.ok(length <= 300, `${length} entries`);
  for (let left = length; left > 0; ) {
    const taken = await queue.take(100, FOREVER);
    await queue.ack(taken);
    left -= taken.length;
  }
  // What was taken and dropped has nothing to come again with.
  await seen(
    async () => {
      const abort = new AbortController();
      const taking = queue.take(1, abort.signal);
      await queue.probe();
      abort.abort();
      await taking;
      return firsts(await server.command('XPENDING', `{${name}}:normal`, name, '-', '+', 10)).length === 0 || undefined;
    },
    () => 'entries that are gone are still pending',
  );
});

test('forgets consumers that are gone, and its own name when it closes', async (t) => {
  const lost = openQueue();
  await lost.queue.publish([task()]);
  await lost.queue.take(1, FOREVER);
  await lost.queue.close();
  const { queue, name, consumer } = openQueue({ name: lost.name });
  t.after(() => queue.close());
  await queue.ack(await queue.take(1, FOREVER));
  const known = (await server.command('XINFO', 'CONSUMERS', `{${name}}:normal`, name)) as string[][];
  assert.deepEqual(new Set(known.map((info) => info[1])), new Set([consumer, 'left-behind']));
});

test('tells of a fault once, tries again, and says when it is over', async (t) => {
  const { queue, name, notices } = openQueue();
  t.after(() => queue.close());
  // Somebody else's key has the name of the stream.
  await server.command('SET', `{${name}}:normal`, 'not a stream');
  const abort = new AbortController();
  const taking = queue.take(1, abort.signal);
  await seen(
    () => notices[0],
    () => 'nobody noticed',
  );
  await assert.rejects(queue.publish([task()]));
  await server.command('DEL', `{${name}}:normal`);
  await seen(
    () => notices.find(({ type }) => type === 'queue_back'),
    () => 'it did not try again',
  );
  assert.deepEqual(
    notices.map(({ type }) => type),
    ['queue_away', 'queue_back'],
  );
  abort.abort();
  assert.deepEqual(await taking, []);
});
