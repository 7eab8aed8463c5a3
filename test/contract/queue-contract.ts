import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { deliveryId } from '../../src/domain/ids.ts';
import { PRIORITIES, type Priority } from '../../src/domain/notification.ts';
import type { DeliverTask, Queue } from '../../src/queue/queue.ts';
import { builders } from '../kit/builders.ts';

export interface QueueUnderTest {
  readonly queue: Queue;
  /** Lets everything that was taken and never acknowledged come again; null for a queue that only rings. */
  readonly loseTakers: (() => Promise<void>) | null;
}

/** An empty queue; what it needs afterwards it arranges with `t.after`. */
export type OpenQueue = (t: TestContext) => Promise<QueueUnderTest>;

/**
 * What every queue must do. The two sorts differ, and each states which it is: the sort that carries must bring back
 * what is not acknowledged, the one that rings must say that it carries nothing.
 */
export function queueContract(name: string, sort: 'carries' | 'rings', open: OpenQueue): void {
  describe(`the ${name} queue`, () => {
    commonTests(open);
    if (sort === 'carries') carryTests(open);
    else bellTests(open);
  });
}

const FOREVER = new AbortController().signal;

function commonTests(open: OpenQueue): void {
  test('wakes a taker that waits when something is published', async (t) => {
    const { queue } = await open(t);
    const taking = queue.take(10, FOREVER);
    const [task] = tasks(1);
    assert.ok(task);
    await queue.publish([task]);
    assert.deepEqual(await taking, queue.carries ? [task] : []);
  });

  test('tells the next taker of what was published while nobody waited', async (t) => {
    const { queue } = await open(t);
    const [task] = tasks(1);
    assert.ok(task);
    await queue.publish([task]);
    assert.deepEqual(await queue.take(10, FOREVER), queue.carries ? [task] : []);
    await assertWaits(queue);
  });

  test('lets a taker wait while there is nothing, and after nothing was published', async (t) => {
    const { queue } = await open(t);
    await queue.publish([]);
    await assertWaits(queue);
  });

  test('ends a take with an empty answer when its signal aborts, and only that one', async (t) => {
    const { queue } = await open(t);
    const [one, two] = [new AbortController(), new AbortController()];
    const ended = queue.take(1, one.signal);
    const staying = queue.take(1, two.signal);
    one.abort();
    assert.deepEqual(await ended, []);
    const published = tasks(1);
    await queue.publish(published);
    assert.deepEqual(await staying, queue.carries ? published : []);
  });

  test('takes nothing for a signal that has aborted already, and loses nothing by it', async (t) => {
    const { queue } = await open(t);
    const published = tasks(1);
    await queue.publish(published);
    assert.deepEqual(await queue.take(1, AbortSignal.abort()), []);
    assert.deepEqual(await queue.take(1, FOREVER), queue.carries ? published : []);
  });

  test('ignores acknowledgements of what it does not know', async (t) => {
    const { queue } = await open(t);
    const [waiting, ...unknown] = tasks(3);
    assert.ok(waiting);
    await queue.ack([]);
    await queue.ack(unknown);
    await queue.publish([waiting]);
    assert.deepEqual(await queue.take(10, FOREVER), queue.carries ? [waiting] : []);
  });

  test('can be probed', async (t) => {
    const { queue } = await open(t);
    await queue.probe();
  });

  test('close ends every take with an empty answer, is idempotent, and leaves nothing that works', async (t) => {
    const { queue } = await open(t);
    const taking = [queue.take(1, FOREVER), queue.take(2, FOREVER)];
    await Promise.all([queue.close(), queue.close()]);
    await queue.close();
    assert.deepEqual(await Promise.all(taking), [[], []]);
    assert.deepEqual(await queue.take(1, FOREVER), []);
    await assert.rejects(queue.publish(tasks(1)));
    await assert.rejects(queue.probe());
    await queue.ack(tasks(1));
  });
}

function carryTests(open: OpenQueue): void {
  test('says that it carries, and hands every task to exactly one of many takers', async (t) => {
    const { queue } = await open(t);
    assert.equal(queue.carries, true);
    const published = tasks(50);
    const takers = Array.from({ length: 5 }, () => queue.take(3, FOREVER));
    await queue.publish(published);
    const taken = (await Promise.all(takers)).flat();
    while (taken.length < published.length) taken.push(...(await queue.take(7, FOREVER)));
    assert.deepEqual(ids(taken).toSorted(), ids(published).toSorted());
    assert.deepEqual(new Set(taken), new Set(published));
  });

  test('never hands out more than the limit', async (t) => {
    const { queue } = await open(t);
    const early = queue.take(2, FOREVER);
    const published = tasks(5);
    await queue.publish(published);
    const answers = [await early, ...(await takeInAll(queue, 5 - (await early).length, 2))];
    assert.ok(answers.every((answer) => answer.length <= 2));
    assert.deepEqual(ids(answers.flat()).toSorted(), ids(published).toSorted());
  });

  test('hands out high before normal before low', async (t) => {
    const { queue } = await open(t);
    const mixed = (['low', 'normal', 'high', 'low', 'high'] as const).flatMap((priority) => tasks(1, priority));
    await queue.publish(mixed);
    // What comes from afar may not all be here yet when it is asked for: the order is that of each answer.
    for (const answer of await takeInAll(queue, mixed.length, 10)) {
      const order = answer.map((task) => PRIORITIES.indexOf(task.priority));
      assert.deepEqual(
        order,
        order.toSorted((one, other) => one - other),
      );
    }
  });

  test('brings back what was taken and never acknowledged, and nothing else', async (t) => {
    const { queue, loseTakers } = await open(t);
    assert.ok(loseTakers, 'a queue that carries must say how its takers can be lost');
    const [done, lost] = tasks(2);
    assert.ok(done && lost);
    await queue.publish([done, lost]);
    await takeInAll(queue, 2, 2);
    await queue.ack([done]);
    await loseTakers();
    assert.deepEqual(await queue.take(2, FOREVER), [lost]);
    await queue.ack([lost]);
    await loseTakers();
    await assertWaits(queue);
  });

  test('takes a task again that was published anew after its end', async (t) => {
    const { queue } = await open(t);
    const [task] = tasks(1);
    assert.ok(task);
    for (let round = 0; round < 3; round++) {
      await queue.publish([task]);
      assert.deepEqual(await queue.take(1, FOREVER), [task]);
      await queue.ack([task]);
    }
  });

  test('keeps the repeat of a task that is being worked on', async (t) => {
    const { queue } = await open(t);
    const [task] = tasks(1);
    assert.ok(task);
    await queue.publish([task]);
    await queue.take(1, FOREVER);
    await queue.publish([task]);
    await queue.ack([task]);
    assert.deepEqual(await queue.take(1, FOREVER), [task]);
  });
}

function bellTests(open: OpenQueue): void {
  test('says that it carries nothing: no redelivery, as the store itself knows what was not finished', async (t) => {
    const { queue, loseTakers } = await open(t);
    assert.equal(queue.carries, false);
    assert.equal(loseTakers, null);
  });

  test('an acknowledgement rings nothing', async (t) => {
    const { queue } = await open(t);
    const published = tasks(1);
    await queue.publish(published);
    await queue.take(1, FOREVER);
    await queue.ack(published);
    await assertWaits(queue);
  });

  test('one ring wakes everybody who waits', async (t) => {
    const { queue } = await open(t);
    const takers = Array.from({ length: 4 }, () => queue.take(1, FOREVER));
    await queue.publish(tasks(1));
    assert.deepEqual(await Promise.all(takers), [[], [], [], []]);
    await assertWaits(queue);
  });

  test('many rings while nobody waits are remembered as one', async (t) => {
    const { queue } = await open(t);
    for (const task of tasks(5)) await queue.publish([task]);
    assert.deepEqual(await queue.take(1, FOREVER), []);
    await assertWaits(queue);
  });
}

/** A take does not resolve by itself: there is nothing to take, and only its signal ends it. */
async function assertWaits(queue: Queue): Promise<void> {
  if (queue.carries) {
    // Whatever else there was would come before or beside it, however far away the queue is.
    const marker = tasks(1, 'low');
    await queue.publish(marker);
    assert.deepEqual(await queue.take(10, FOREVER), marker);
    await queue.ack(marker);
  }
  const end = new AbortController();
  let answered = false;
  const taking = queue.take(1, end.signal).then((answer) => {
    answered = true;
    return answer;
  });
  // A whole turn of the event loop: whatever was ready has been handed out by then.
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answered, false);
  end.abort();
  assert.deepEqual(await taking, []);
}

function tasks(count: number, priority: Priority = 'normal'): DeliverTask[] {
  return Array.from({ length: count }, () => ({ v: 1, id: deliveryId(make.notification().id, 1), priority }));
}

const make = builders(() => Date.UTC(2026, 0, 15));

/** Takes `count` tasks in as many answers as it needs, `limit` at most in each. */
async function takeInAll(queue: Queue, count: number, limit: number): Promise<(readonly DeliverTask[])[]> {
  const answers = [];
  for (let taken = 0; taken < count; ) {
    const answer = await queue.take(limit, FOREVER);
    answers.push(answer);
    taken += answer.length;
  }
  return answers;
}

function ids(from: readonly DeliverTask[]): string[] {
  return from.map((task) => task.id);
}
