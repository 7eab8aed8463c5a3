import type { AsyncMessage, Channel } from 'rabbitmq-client';
import { claimOrder } from '../../domain/claim-order.ts';
import type { Clock } from '../../domain/clock.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { PRIORITIES, type Priority } from '../../domain/notification.ts';
import type { BrokerQueue, DeadLetter, DeliverTask, QueueNotice } from '../queue.ts';
import { TakerLine } from '../taker-line.ts';
import { BrokerLink } from './broker-link.ts';
import { type Message, Publisher } from './publisher.ts';
import { TaskConsumer } from './task-consumer.ts';
import { parseTask } from './task-message.ts';
import { type Topology, topology } from './topology.ts';

export interface RabbitQueueOptions {
  /** amqp:// or amqps:// */
  readonly url: string;
  /**
   * Most tasks of one priority that this process has and has not acknowledged: as many as it can work on at once. Where
   * several priorities are full at the same time it has as many of each, and those that it cannot work on yet wait
   * here: quorum queues refuse a limit over several consumers.
   */
  readonly prefetch: number;
  readonly clock: Clock;
  readonly onNotice: (notice: QueueNotice) => void;
  /** What the names of the queues begin with: several installations can share one virtual host. */
  readonly name?: string;
  /** After how long without an acknowledgement a task goes back to its queue, in ms. */
  readonly visibilityMs?: number;
}

/** One message that this process has and has not acknowledged. */
interface Received {
  readonly channel: Channel;
  readonly deliveryTag: number;
  readonly task: DeliverTask;
  handedAt: number;
}

/**
 * How long the lower priorities wait for what the broker sends in place of an acknowledged task, in ms. Without it each
 * priority would get a third of the slots: a slot comes free with the acknowledgement, its next task a moment later.
 */
const REFILL = 20;
/** Messages that travel and are confirmed together. */
const BATCH = 1_000;

/**
 * RabbitMQ with quorum queues, one a priority, for servers from 3.10 on. What is published is confirmed and reaches a
 * queue, or the publish fails. What is taken and never acknowledged comes again when the connection ends, or after
 * `visibilityMs`.
 */
export function rabbitmqQueue(options: RabbitQueueOptions): BrokerQueue {
  return new RabbitQueues(options);
}

class RabbitQueues implements BrokerQueue {
  readonly carries = true;
  readonly #clock: Clock;
  readonly #notify: (notice: QueueNotice) => void;
  readonly #names: Topology;
  readonly #visibilityMs: number;
  readonly #url: string;
  readonly #prefetch: number;
  /** Two connections: a broker that is short of memory stops the one that publishes, and must still get the acks. */
  #publishing: { readonly link: BrokerLink; readonly publisher: Publisher } | null = null;
  #consuming: { readonly link: BrokerLink; readonly consumer: TaskConsumer } | null = null;
  readonly #line = new TakerLine();
  readonly #buffer: Record<Priority, Received[]> = { high: [], normal: [], low: [] };
  /** Handed out and not acknowledged, the oldest first; a repeat makes a second message of the same delivery. */
  readonly #held = new Map<DeliveryId, Received[]>();
  /** Until when the broker may still be sending more of a priority, as its window was full when one was acknowledged. */
  readonly #refillUntil: Record<Priority, number> = { high: 0, normal: 0, low: 0 };
  #cancelExpiry: (() => void) | null = null;
  #cancelServe: (() => void) | null = null;
  #turn = 0;
  #setAside = 0;
  #away = false;
  #closed: Promise<void> | null = null;

  constructor({ url, prefetch, clock, onNotice, name = 'notifications', visibilityMs = 60_000 }: RabbitQueueOptions) {
    this.#url = url;
    this.#prefetch = prefetch;
    this.#clock = clock;
    this.#notify = onNotice;
    this.#names = topology(name);
    this.#visibilityMs = visibilityMs;
  }

  async publish(tasks: readonly DeliverTask[]): Promise<void> {
    await this.#send(tasks.map((task) => ({ queue: this.#names.tasks[task.priority], id: task.id, body: task })));
  }

  async deadLetter(letters: readonly DeadLetter[]): Promise<void> {
    const queue = this.#names.deadLetters;
    const messages = letters.map(({ id, notificationId, reason }) => {
      return { queue, id, body: { v: 1, id, notification_id: notificationId, reason } };
    });
    await this.#send(messages);
  }

  take(limit: number, signal: AbortSignal): Promise<readonly DeliverTask[]> {
    if (this.#closed !== null || signal.aborted) return Promise.resolve([]);
    this.#consume();
    const taking = this.#line.join(limit, signal);
    this.#serve();
    return taking;
  }

  async ack(tasks: readonly DeliverTask[]): Promise<void> {
    const full = new Set(PRIORITIES.filter((priority) => this.#inHand(priority) >= this.#prefetch));
    for (const { id } of tasks) {
      for (const { channel, deliveryTag, task } of this.#held.get(id) ?? []) {
        if (full.has(task.priority)) this.#refillUntil[task.priority] = this.#clock.now() + REFILL;
        if (channel.active) channel.basicAck({ deliveryTag });
      }
      this.#held.delete(id);
    }
  }

  async probe(): Promise<void> {
    this.#checkOpen();
    await this.#publisher().probe();
  }

  close(): Promise<void> {
    this.#closed ??= this.#letGo();
    return this.#closed;
  }

  async #letGo(): Promise<void> {
    this.#line.end();
    this.#cancelExpiry?.();
    this.#cancelServe?.();
    // Together: a connection that does not answer any more is only ended by its own close.
    await Promise.all([
      this.#consuming?.consumer.stop(),
      this.#consuming?.link.close(),
      this.#publishing?.publisher.close(),
      this.#publishing?.link.close(),
    ]);
  }

  async #send(messages: readonly Message[]): Promise<void> {
    this.#checkOpen();
    for (let from = 0; from < messages.length; from += BATCH) {
      await this.#publisher().publish(messages.slice(from, from + BATCH));
    }
  }

  #publisher(): Publisher {
    if (this.#publishing === null) {
      const link = new BrokerLink(this.#url, this.#clock);
      const rebuilt = () => this.#notify({ type: 'queue_rebuilt' });
      this.#publishing = { link, publisher: new Publisher(link, this.#clock, this.#names, rebuilt) };
    }
    return this.#publishing.publisher;
  }

  #consume(): void {
    if (this.#consuming !== null) return;
    const link = new BrokerLink(this.#url, this.#clock);
    const consumer = new TaskConsumer(link, this.#clock, this.#names, this.#prefetch, {
      onMessage: (channel, message) => this.#receive(channel, message),
      onLost: (channel) => this.#forget(channel),
      isIdle: () => this.#held.size === 0 && PRIORITIES.every((priority) => this.#buffer[priority].length === 0),
      onAway: (error) => {
        if (!this.#away) this.#notify({ type: 'queue_away', error });
        this.#away = true;
      },
      onBack: () => {
        if (this.#away) this.#notify({ type: 'queue_back' });
        this.#away = false;
      },
    });
    this.#consuming = { link, consumer };
    consumer.start();
  }

  #receive(channel: Channel, { deliveryTag, body }: AsyncMessage): void {
    if (!channel.active) return;
    const task = parseTask(body);
    if (task === null) {
      // Not given back, so it goes to the dead-letter exchange, and from there where somebody can look at it.
      channel.basicNack({ deliveryTag, requeue: false });
      this.#setAside += 1;
      this.#notify({ type: 'set_aside', count: 1, total: this.#setAside });
      return;
    }
    this.#buffer[task.priority].push({ channel, deliveryTag, task, handedAt: 0 });
    // What arrives together is handed out together.
    this.#cancelServe ??= this.#clock.after(0, () => this.#serve());
  }

  #serve(): void {
    this.#cancelServe?.();
    this.#cancelServe = null;
    this.#line.serve((limit) => this.#next(limit));
  }

  #next(limit: number): readonly DeliverTask[] {
    const handed: Received[] = [];
    const now = this.#clock.now();
    for (const priority of claimOrder(this.#turn)) {
      handed.push(...this.#buffer[priority].splice(0, limit - handed.length));
      const wait = this.#refillUntil[priority] - now;
      if (handed.length >= limit || wait <= 0) continue;
      this.#cancelServe ??= this.#clock.after(wait, () => this.#serve());
      break;
    }
    if (handed.length === 0) return [];
    this.#turn += 1;
    for (const received of handed) {
      received.handedAt = now;
      this.#held.set(received.task.id, [...(this.#held.get(received.task.id) ?? []), received]);
    }
    this.#cancelExpiry ??= this.#clock.after(this.#visibilityMs, () => this.#expire());
    return handed.map(({ task }) => task);
  }

  /** What somebody took and forgot goes back: it would narrow the prefetch window for good. */
  #expire(): void {
    this.#cancelExpiry = null;
    const now = this.#clock.now();
    let count = 0;
    let oldest = now;
    for (const [id, all] of this.#held) {
      const kept: Received[] = [];
      for (const received of all) {
        if (now - received.handedAt < this.#visibilityMs) kept.push(received);
        else if (received.channel.active) received.channel.basicNack({ deliveryTag: received.deliveryTag });
      }
      count += all.length - kept.length;
      this.#hold(id, kept);
      for (const { handedAt } of kept) oldest = Math.min(oldest, handedAt);
    }
    if (count > 0) this.#notify({ type: 'taken_over', count });
    if (this.#held.size === 0) return;
    this.#cancelExpiry = this.#clock.after(oldest + this.#visibilityMs - now, () => this.#expire());
  }

  /** What came over a channel that is gone cannot be acknowledged any more, and comes again. */
  #forget(lost: Channel): void {
    for (const priority of PRIORITIES) {
      this.#buffer[priority] = this.#buffer[priority].filter(({ channel }) => channel !== lost);
    }
    for (const [id, all] of this.#held) {
      this.#hold(
        id,
        all.filter(({ channel }) => channel !== lost),
      );
    }
  }

  #inHand(priority: Priority): number {
    let held = 0;
    for (const all of this.#held.values()) for (const { task } of all) if (task.priority === priority) held += 1;
    return held + this.#buffer[priority].length;
  }

  #hold(id: DeliveryId, all: Received[]): void {
    if (all.length === 0) this.#held.delete(id);
    else this.#held.set(id, all);
  }

  #checkOpen(): void {
    if (this.#closed !== null) throw new Error('the queue is closed');
  }
}
