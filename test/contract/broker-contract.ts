import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deliveryId } from '../../src/domain/ids.ts';
import type { Priority } from '../../src/domain/notification.ts';
import type { BrokerQueue, DeadLetter, DeliverTask, QueueNotice } from '../../src/queue/queue.ts';
import { atEnd } from '../kit/at-end.ts';
import { builders } from '../kit/builders.ts';
import { closedPort } from '../kit/mail-server.ts';
import { type TcpProxy, tcpProxy } from '../kit/tcp-proxy.ts';
import { seen, until } from '../kit/until.ts';

/** A kind of broker, and one server of it that these tests have for themselves. */
export interface BrokerUnderTest {
  readonly port: number;
  stop(): Promise<void>;
  start(): Promise<void>;
  open(options: OpenOptions): BrokerQueue;
  /** Deletes all that the queues of this name are kept in, as somebody else would, while they are used. */
  wipe(name: string): Promise<void>;
  /** Puts messages among the tasks that are none: not of this service, and of a version to come. Answers how many. */
  addForeign(name: string): Promise<number>;
  /** How many messages are kept that were put out of the way. */
  rejected(name: string): Promise<number>;
  /** The ids of the dead letters that were told of. */
  deadLetters(name: string): Promise<readonly string[]>;
}

export interface OpenOptions {
  readonly port: number;
  readonly name: string;
  readonly onNotice: (notice: QueueNotice) => void;
  readonly visibilityMs: number;
}

/** What a queue on a broker must stand, beside what every queue must do. */
export function brokerContract(kind: string, broker: BrokerUnderTest): void {
  describe(`the ${kind} queue and its broker`, () => {
    closeTests(broker);
    lossTests(broker);
    absenceTests(broker);
    foreignTests(broker);
  });
}

const FOREVER = new AbortController().signal;
const LONG = 60_000;
/** What `publish` may take to give up, and what a busy machine adds, in ms. */
const FAST = 2_500;

/** First of all, so that nothing else comes and goes meanwhile. */
function closeTests(broker: BrokerUnderTest): void {
  for (const [state, port] of [
    ['in use', () => broker.port],
    ['without a server', closedPort],
  ] as const) {
    test(`leaves no socket and no timer behind after close, ${state}`, async (t) => {
      const address = await port();
      const before = resources();
      const { queue } = open(t, broker, { port: address });
      const take = queue.take(10, FOREVER);
      await queue.publish(tasks(2)).catch(() => {});
      if (address === broker.port) await take;
      await queue.close();
      await seen(
        () => leftOver(before, resources()).length === 0 || undefined,
        () => `left over: ${leftOver(before, resources()).join()}`,
      );
    });
  }
}

function lossTests(broker: BrokerUnderTest): void {
  test('goes on where it was when the server is restarted', async (t) => {
    const { queue, notices } = open(t, broker);
    const published = tasks(300);
    await queue.publish(published);
    const done = await takeAndAck(queue, 100);
    done.push(...(await takeAndAck(queue, 200)));
    assert.deepEqual(new Set(done), new Set(ids(published)));
    const later = queue.take(10, FOREVER);
    await broker.stop();
    await assert.rejects(queue.publish(tasks(1)));
    await assert.rejects(queue.probe());
    await seen(
      () => notices.find((notice) => notice.type === 'queue_away'),
      () => 'nobody noticed',
    );
    await broker.start();
    const [next] = tasks(1);
    assert.ok(next);
    await eventually(() => queue.publish([next]));
    const after = ids(await until(later, () => 'the taker that waited got nothing'));
    // An acknowledgement on its way to a server that stops may be lost: a repeat is allowed, a loss is not.
    while (!after.includes(next.id)) after.push(...(await takeAndAck(queue, 1)));
    assert.deepEqual(new Set([...done, ...after]), new Set([...done, next.id]));
    await seen(
      () => notices.find((notice) => notice.type === 'queue_back'),
      () => 'nobody noticed that it is back',
    );
  });

  test('keeps what waits over a restart', async (t) => {
    const { queue } = open(t, broker);
    const published = [...tasks(50), ...tasks(50, 'high'), ...tasks(50, 'low')];
    await queue.publish(published);
    await broker.stop();
    await broker.start();
    assert.deepEqual(new Set(await takeAndAck(queue, 150)), new Set(ids(published)));
  });

  test('works on when all it has is deleted while somebody waits', async (t) => {
    const { queue, notices, name } = open(t, broker);
    for (let round = 0; round < 3; round++) {
      await queue.publish(tasks(3));
      await takeAndAck(queue, 3);
      const waiting = queue.take(10, FOREVER);
      await broker.wipe(name);
      const [next] = tasks(1);
      assert.ok(next);
      await queue.publish([next]);
      assert.deepEqual(await until(waiting, () => `nothing came after deletion ${round}`), [next]);
      await queue.ack([next]);
    }
    assert.ok(notices.some((notice) => notice.type === 'queue_rebuilt'));
  });

  test('gives what a lost process had taken to another', async (t) => {
    const name = randomUUID();
    const proxy = await proxyTo(t, broker.port);
    const lost = open(t, broker, { name, port: proxy.port, visibilityMs: 500 });
    const other = open(t, broker, { name, visibilityMs: 500 });
    const published = tasks(20);
    await lost.queue.publish(published);
    const taken: DeliverTask[] = [];
    while (taken.length < 20) taken.push(...(await lost.queue.take(20, FOREVER)));
    await proxy.close();
    assert.deepEqual(new Set(await takeAndAck(other.queue, 20)), new Set(ids(published)));
  });

  test('gives what it had to another at once when it is closed', async (t) => {
    const name = randomUUID();
    const first = open(t, broker, { name });
    const other = open(t, broker, { name });
    const published = tasks(20);
    await first.queue.publish(published);
    await first.queue.take(5, FOREVER);
    await first.queue.close();
    assert.deepEqual(new Set(await takeAndAck(other.queue, 20)), new Set(ids(published)));
  });

  test('brings back what its own taker forgot, when its time is over', async (t) => {
    const { queue, notices } = open(t, broker, { visibilityMs: 300 });
    const published = tasks(1);
    await queue.publish(published);
    await queue.take(1, FOREVER);
    assert.deepEqual(await until(queue.take(1, FOREVER), () => 'it did not come back'), published);
    await queue.ack(published);
    assert.deepEqual(notices, [{ type: 'taken_over', count: 1 }]);
  });
}

function absenceTests(broker: BrokerUnderTest): void {
  test('fails fast and keeps nothing while there is no server', async (t) => {
    const { queue } = open(t, broker, { port: await closedPort() });
    const batch = tasks(1_000);
    const failing = () => assert.rejects(withinTime(queue.publish(batch), FAST));
    await failing();
    await assert.rejects(withinTime(queue.probe(), FAST));
    const taking = new AbortController();
    const take = queue.take(1, taking.signal);
    const before = heapAfterCollection();
    for (let times = 0; times < 200; times++) await failing();
    const grown = heapAfterCollection() - before;
    assert.ok(grown < 8_000_000, `the heap has grown by ${grown} bytes`);
    taking.abort();
    assert.deepEqual(await take, []);
  });

  test('fails fast when the server does not answer, and works when it does', async (t) => {
    const proxy = await proxyTo(t, broker.port);
    const { queue } = open(t, broker, { port: proxy.port });
    const [task, next] = tasks(2);
    assert.ok(task && next);
    await queue.publish([task]);
    await takeAndAck(queue, 1);
    proxy.hold();
    await assert.rejects(withinTime(queue.publish([task]), FAST));
    await assert.rejects(withinTime(queue.probe(), FAST));
    await assert.rejects(withinTime(queue.publish([task]), FAST));
    proxy.release();
    await eventually(() => queue.publish([next]));
    const taken = new Set<string>();
    // What was on its way may arrive after all: a repeat is allowed, a loss is not.
    while (!taken.has(next.id)) for (const id of await takeAndAck(queue, 1)) taken.add(id);
    for (const id of taken) assert.ok(ids([task, next]).includes(id));
  });

  test('closes although the server does not answer', async (t) => {
    const proxy = await proxyTo(t, broker.port);
    const { queue } = open(t, broker, { port: proxy.port });
    await queue.publish(tasks(2));
    await queue.take(1, FOREVER);
    proxy.hold();
    await withinTime(queue.close(), 6_000);
  });
}

function foreignTests(broker: BrokerUnderTest): void {
  test('puts foreign messages out of the way, counts them, and meets each only once', async (t) => {
    const { queue, notices, name } = open(t, broker);
    await queue.publish(tasks(1));
    await takeAndAck(queue, 1);
    const foreign = await broker.addForeign(name);
    const [task] = tasks(1);
    assert.ok(task);
    await queue.publish([task]);
    assert.deepEqual(await queue.take(10, FOREVER), [task]);
    const told = () => notices.filter((notice) => notice.type === 'set_aside');
    await seen(
      () => (told().at(-1)?.total === foreign ? true : undefined),
      () => JSON.stringify(notices),
    );
    assert.equal(
      told().reduce((sum, { count }) => sum + count, 0),
      foreign,
    );
    await seen(
      async () => ((await broker.rejected(name)) === foreign ? true : undefined),
      () => 'what was put out of the way cannot be looked at',
    );
  });

  test('tells of dead letters where others can watch', async (t) => {
    const { queue, name } = open(t, broker);
    const letters: DeadLetter[] = [1, 2].map((leg) => {
      const notificationId = make.notification().id;
      return { id: deliveryId(notificationId, leg), notificationId, reason: 'recipient_unknown' };
    });
    await queue.deadLetter([]);
    await queue.deadLetter(letters);
    assert.deepEqual(
      await broker.deadLetters(name),
      letters.map((letter) => letter.id),
    );
  });

  test('lets the lower priorities move while higher ones wait', async (t) => {
    const { queue } = open(t, broker);
    await queue.publish([...tasks(20, 'low'), ...tasks(40, 'high')]);
    const order: Priority[] = [];
    while (order.length < 40) {
      const taken = await queue.take(1, FOREVER);
      await queue.ack(taken);
      // Meanwhile whatever is on its way to this process arrives.
      await queue.probe();
      order.push(...taken.map(({ priority }) => priority));
    }
    const low = order.filter((priority) => priority === 'low').length;
    assert.ok(low >= 2 && low <= 20, `${low} of the first 40 were low: ${order.join()}`);
    assert.ok(order.slice(-20).filter((priority) => priority === 'low').length <= 4, order.join());
  });
}

const make = builders(() => Date.UTC(2026, 0, 15));

function tasks(count: number, priority: Priority = 'normal'): DeliverTask[] {
  return Array.from({ length: count }, () => ({ v: 1, id: deliveryId(make.notification().id, 1), priority }));
}

function ids(from: readonly DeliverTask[]): string[] {
  return from.map((task) => task.id);
}

function open(t: TestContext, broker: BrokerUnderTest, over: Partial<OpenOptions> = {}) {
  const notices: QueueNotice[] = [];
  const options = { port: broker.port, name: randomUUID(), visibilityMs: LONG, ...over };
  const queue = broker.open({ ...options, onNotice: (notice) => notices.push(notice) });
  atEnd(t, () => queue.close());
  return { queue, notices, name: options.name };
}

async function proxyTo(t: TestContext, port: number): Promise<TcpProxy> {
  const proxy = await tcpProxy(port);
  atEnd(t, () => proxy.close());
  return proxy;
}

/** Takes until it has just so many different ones, acknowledging all: a test can go on with the rest. */
async function takeAndAck(queue: BrokerQueue, count: number): Promise<string[]> {
  const taken = new Set<string>();
  while (taken.size < count) {
    const answer = await until(
      queue.take(Math.min(20, count - taken.size), FOREVER),
      () => `only ${taken.size} of ${count} came`,
    );
    for (const { id } of answer) taken.add(id);
    await queue.ack(answer);
  }
  return [...taken];
}

async function eventually(act: () => Promise<void>): Promise<void> {
  await seen(
    () =>
      act().then(
        () => true,
        () => undefined,
      ),
    () => 'it did not work again',
  );
}

async function withinTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  const started = performance.now();
  try {
    return await promise;
  } finally {
    const took = performance.now() - started;
    // Not a measurement: without a limit of its own it would take minutes, or forever.
    if (took > ms) assert.fail(`it took ${took} ms`);
  }
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  // The function that the flag makes.
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

/** What keeps this process alive. */
function resources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|Timeout|Immediate)/.test(name));
}

function leftOver(before: readonly string[], after: readonly string[]): string[] {
  const known = [...before];
  return after.filter((name) => {
    const at = known.indexOf(name);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}
