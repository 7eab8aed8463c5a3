import { claimOrder } from '../../domain/claim-order.ts';
import type { Clock } from '../../domain/clock.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { PRIORITIES, type Priority } from '../../domain/notification.ts';
import { pause } from '../../domain/pause.ts';
import type { BrokerQueue, DeadLetter, DeliverTask, QueueNotice } from '../queue.ts';
import { TakerLine } from '../taker-line.ts';
import { AckBatch } from './ack-batch.ts';
import { RedisLink, replyCode } from './redis-link.ts';
import { LEAVE, READ, TAKE_OVER } from './scripts.ts';
import { parseAnswer, parseRead, parseTask, type StreamEntry, taskFields } from './stream-entry.ts';

export interface RedisQueueOptions {
  /** redis:// or rediss:// */
  readonly url: string;
  /** This process's name in the consumer group: no other may use it at the same time. */
  readonly consumer: string;
  readonly clock: Clock;
  readonly onNotice: (notice: QueueNotice) => void;
  /** What the keys begin with: several installations can share one Redis. */
  readonly name?: string;
  /** After how long without an acknowledgement a task goes to somebody else, in ms. */
  readonly visibilityMs?: number;
  /** About how many tasks each priority holds. Past it the oldest are dropped: the store hands them on again. */
  readonly maxLength?: number;
}

/** How often this process looks for tasks that others left behind, in ms; the longest wait in one read too. */
const LOOK_EVERY = 1_000;
/**
 * A task is acknowledged when its delivery is settled, and one that takes longer than this goes to somebody else, in ms.
 * If its process is gone, that one claims it. If it is only slow, that one finds it claimed and forgets the task: from
 * then on the lease watches over it, as it does anyway.
 */
const VISIBILITY = 5_000;
/** Tasks that travel in one pipeline. */
const BATCH = 1_000;
/** What is put out of the way, and what nobody reads, is kept so far. */
const REJECTED_LENGTH = 1_000;
const DEAD_LETTERS_LENGTH = 100_000;
/** Between two attempts while Redis is away, in ms: the first, and the longest. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 1_000;
/** In whose name waits what a consumer left when it closed. */
const LEFT = 'left-behind';

/**
 * Redis Streams with a consumer group, one stream a priority. Needs Redis 6.2 or newer. Entries are acknowledged and
 * deleted together, so that the streams hold what is open. Whatever Redis loses, by FLUSHALL, eviction, a crash or
 * trimming, the store hands on again.
 */
export function redisQueue(options: RedisQueueOptions): BrokerQueue {
  return new RedisStreams(options);
}

class RedisStreams implements BrokerQueue {
  readonly carries = true;
  readonly #clock: Clock;
  readonly #notify: (notice: QueueNotice) => void;
  readonly #consumer: string;
  readonly #name: string;
  readonly #visibilityMs: number;
  readonly #maxLength: number;
  /** A read that waits holds up everything behind it on its connection, so it has one of its own. */
  readonly #commands: RedisLink;
  readonly #reads: RedisLink;
  readonly #acks: AckBatch;
  readonly #line = new TakerLine();
  readonly #closing = new AbortController();
  /** Read and not handed out. */
  #buffer: { readonly entry: StreamEntry; readonly task: DeliverTask }[] = [];
  /** Handed out and not acknowledged; a repeat makes a second entry of the same delivery. */
  readonly #held = new Map<DeliveryId, StreamEntry[]>();
  #pumping: Promise<void> | null = null;
  #closed: Promise<void> | null = null;
  #turn = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #setAside = 0;
  #away = false;
  #begun = false;

  constructor(options: RedisQueueOptions) {
    const { url, consumer, clock, onNotice, name = 'notifications' } = options;
    this.#clock = clock;
    this.#notify = onNotice;
    this.#consumer = consumer;
    this.#name = name;
    this.#visibilityMs = options.visibilityMs ?? VISIBILITY;
    this.#maxLength = options.maxLength ?? 1_000_000;
    this.#commands = new RedisLink(url, clock);
    this.#reads = new RedisLink(url, clock);
    this.#acks = new AckBatch(this.#commands, name, clock);
  }

  async publish(tasks: readonly DeliverTask[]): Promise<void> {
    await this.#append(
      tasks.map((task) => ({ stream: this.#stream(task.priority), fields: taskFields(task) })),
      this.#maxLength,
    );
  }

  async deadLetter(letters: readonly DeadLetter[]): Promise<void> {
    const stream = `${this.#name}_dlq`;
    const entries = letters.map(({ id, notificationId, reason }) => {
      return { stream, fields: ['v', '1', 'id', id, 'notification_id', notificationId, 'reason', reason] };
    });
    await this.#append(entries, DEAD_LETTERS_LENGTH);
  }

  take(limit: number, signal: AbortSignal): Promise<readonly DeliverTask[]> {
    if (this.#closing.signal.aborted || signal.aborted) return Promise.resolve([]);
    const taking = this.#line.join(limit, signal);
    this.#serve();
    if (this.#line.wanted > 0) this.#pumping ??= this.#pump();
    return taking;
  }

  async ack(tasks: readonly DeliverTask[]): Promise<void> {
    const entries = tasks.flatMap(({ id }) => this.#held.get(id) ?? []);
    for (const { id } of tasks) this.#held.delete(id);
    if (entries.length === 0 || this.#closing.signal.aborted) return;
    await this.#acks.add(entries);
  }

  async probe(): Promise<void> {
    this.#checkOpen();
    await this.#commands.run((client) => client.ping());
  }

  close(): Promise<void> {
    this.#closed ??= this.#letGo();
    return this.#closed;
  }

  async #letGo(): Promise<void> {
    this.#closing.abort();
    this.#line.end();
    await this.#reads.close();
    await this.#pumping;
    await this.#acks.idle();
    await this.#leave();
    await this.#commands.close();
  }

  /** Fetches as long as anybody waits. A fault only makes it slower: the server's return is noticed here. */
  async #pump(): Promise<void> {
    let wait = FIRST_WAIT;
    while (this.#line.wanted > 0 && !this.#closing.signal.aborted) {
      try {
        await this.#fetch();
        if (this.#away) this.#notify({ type: 'queue_back' });
        this.#away = false;
        wait = FIRST_WAIT;
      } catch (error) {
        if (this.#closing.signal.aborted) break;
        if (!this.#away) this.#notify({ type: 'queue_away', error });
        this.#away = true;
        await pause(this.#clock, wait, this.#closing.signal);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
      this.#serve();
    }
    this.#pumping = null;
  }

  async #fetch(): Promise<void> {
    if (this.#clock.now() - this.#lookedAt >= LOOK_EVERY) await this.#takeOver();
    if (this.#buffer.length === 0) await this.#read();
    if (this.#buffer.length > 0 || this.#line.wanted === 0) return;
    await this.#waitForOne();
    // What woke it is seldom alone.
    if (this.#buffer.length > 0) await this.#read();
  }

  async #takeOver(): Promise<void> {
    const entries = await this.#script(TAKE_OVER, [...PRIORITIES], this.#visibilityMs);
    this.#lookedAt = this.#clock.now();
    if (entries.length > 0) this.#notify({ type: 'taken_over', count: entries.length });
    await this.#keep(entries);
  }

  async #read(): Promise<void> {
    const entries = await this.#script(READ, claimOrder(this.#turn));
    if (entries.length > 0) this.#turn += 1;
    await this.#keep(entries);
  }

  /** Waits inside the server. Up to one of each priority: more than is wanted stays in the buffer. */
  async #waitForOne(): Promise<void> {
    const streams = PRIORITIES.map((priority) => this.#stream(priority));
    try {
      const answer = await this.#reads.run(
        (client) =>
          client.call(
            'XREADGROUP',
            ...['GROUP', this.#name, this.#consumer, 'COUNT', '1', 'BLOCK', String(LOOK_EVERY)],
            ...['STREAMS', ...streams, ...streams.map(() => '>')],
          ),
        LOOK_EVERY,
      );
      await this.#keep(parseRead(answer));
    } catch (error) {
      // The streams were deleted meanwhile: the next read makes them again.
      const code = replyCode(error);
      if (code !== 'NOGROUP' && code !== 'UNBLOCKED') throw error;
    }
  }

  async #script(script: string, order: readonly Priority[], ...more: number[]): Promise<readonly StreamEntry[]> {
    const wanted = this.#line.wanted - this.#buffer.length;
    if (wanted <= 0) return [];
    const streams = order.map((priority) => this.#stream(priority));
    const answer = await this.#commands.run((client) =>
      client.eval(script, streams.length, ...streams, this.#name, this.#consumer, wanted, ...more),
    );
    const { made, entries } = parseAnswer(answer);
    if (made > 0 && this.#begun) this.#notify({ type: 'queue_rebuilt' });
    this.#begun = true;
    return entries;
  }

  async #keep(entries: readonly StreamEntry[]): Promise<void> {
    const foreign: StreamEntry[] = [];
    for (const entry of entries) {
      const task = parseTask(entry.fields);
      if (task === null) foreign.push(entry);
      else this.#buffer.push({ entry, task });
    }
    if (foreign.length > 0) await this.#putAside(foreign);
  }

  /** Kept where somebody can look at it, and never read again. */
  async #putAside(foreign: readonly StreamEntry[]): Promise<void> {
    const stream = `${this.#name}_rejected`;
    const copies = foreign.map(({ fields }) => ({ stream, fields: [...fields] }));
    await this.#append(copies, REJECTED_LENGTH);
    await this.#acks.add(foreign);
    this.#setAside += foreign.length;
    this.#notify({ type: 'set_aside', count: foreign.length, total: this.#setAside });
  }

  #serve(): void {
    this.#line.serve((limit) => {
      const handed = this.#buffer.splice(0, limit);
      for (const { entry, task } of handed) this.#held.set(task.id, [...(this.#held.get(task.id) ?? []), entry]);
      return handed.map(({ task }) => task);
    });
  }

  async #append(entries: readonly { stream: string; fields: string[] }[], maxLength: number): Promise<void> {
    this.#checkOpen();
    for (let from = 0; from < entries.length; from += BATCH) {
      await this.#commands.run(async (client) => {
        const pipeline = client.pipeline();
        for (const { stream, fields } of entries.slice(from, from + BATCH)) {
          pipeline.xadd(stream, 'MAXLEN', '~', maxLength, '*', ...fields);
        }
        for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
      });
    }
  }

  /** What it holds and has not finished is for others at once. They find it by and by, if this does not work. */
  async #leave(): Promise<void> {
    if (!this.#begun) return;
    const streams = PRIORITIES.map((priority) => this.#stream(priority));
    try {
      await this.#commands.run((client) =>
        client.eval(LEAVE, streams.length, ...streams, this.#name, this.#consumer, LEFT, this.#visibilityMs),
      );
    } catch {}
  }

  /** All in one hash slot, as a script over several keys must have them where Redis is a cluster. */
  #stream(priority: Priority): string {
    return `{${this.#name}}:${priority}`;
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new Error('the queue is closed');
  }
}
