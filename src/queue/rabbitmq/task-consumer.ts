import type { AsyncMessage, Channel } from 'rabbitmq-client';
import type { Clock } from '../../domain/clock.ts';
import { PRIORITIES } from '../../domain/notification.ts';
import { pause } from '../../domain/pause.ts';
import type { BrokerLink } from './broker-link.ts';
import { DELETION, declareTopology, openChannel, type Topology } from './topology.ts';

/** Between two attempts to consume, in ms: the first, and the longest. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 1_000;
/**
 * A consumer that gets nothing for so long, in ms, is replaced. A server that finds its queue deleted and made again
 * at once moves it over by itself, and then never gives it anything (seen with 3.10); nobody is told of that.
 */
const REPLACE_AFTER = 15_000;

export interface ConsumerEvents {
  onMessage(channel: Channel, message: AsyncMessage): void;
  /** The channel is gone, and what came over it goes to others. */
  onLost(channel: Channel): void;
  /** Nothing that came over the channel is left to acknowledge, so that it can be closed and nothing comes again. */
  isIdle(): boolean;
  onAway(error: unknown): void;
  onBack(): void;
}

/** Keeps one consumer on each task queue, whatever becomes of the broker, the connection and the queues. */
export class TaskConsumer {
  readonly #link: BrokerLink;
  readonly #clock: Clock;
  readonly #names: Topology;
  readonly #prefetch: number;
  readonly #events: ConsumerEvents;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;

  constructor(link: BrokerLink, clock: Clock, names: Topology, prefetch: number, events: ConsumerEvents) {
    this.#link = link;
    this.#clock = clock;
    this.#names = names;
    this.#prefetch = prefetch;
    this.#events = events;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** What was not acknowledged goes to others. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const stopping = this.#stopping.signal;
    let wait = FIRST_WAIT;
    while (!stopping.aborted) {
      try {
        const { channel, ended } = await this.#consume();
        this.#events.onBack();
        wait = FIRST_WAIT;
        const deleted = await ended;
        await channel.close();
        if (deleted) await pause(this.#clock, DELETION, stopping);
      } catch (error) {
        if (!stopping.aborted) this.#events.onAway(error);
        await pause(this.#clock, wait, stopping);
        wait = Math.min(wait * 2, LONGEST_WAIT);
      }
    }
  }

  /** `ended` tells whether a queue was deleted; or else the channel is closed or to be replaced, or this stops. */
  async #consume(): Promise<{ readonly channel: Channel; readonly ended: Promise<boolean> }> {
    const connection = this.#link.checked;
    await declareTopology(connection, this.#names);
    const channel = await openChannel(connection);
    channel.once('close', () => this.#events.onLost(channel));
    let received = 0;
    const ended = this.#untilEnd(channel, () => received);
    try {
      await channel.basicQos({ prefetchCount: this.#prefetch });
      for (const priority of PRIORITIES) {
        await channel.basicConsume({ queue: this.#names.tasks[priority] }, (message) => {
          received += 1;
          this.#events.onMessage(channel, message);
        });
      }
    } catch (error) {
      await channel.close();
      throw error;
    }
    return { channel, ended };
  }

  #untilEnd(channel: Channel, received: () => number): Promise<boolean> {
    const stopping = this.#stopping.signal;
    return new Promise((resolve) => {
      let last = -1;
      const look = () => {
        if (received() === last && this.#events.isIdle()) return end(false);
        last = received();
        cancel = this.#clock.after(REPLACE_AFTER, look);
      };
      let cancel = this.#clock.after(REPLACE_AFTER, look);
      const end = (deleted: boolean) => {
        cancel();
        stopping.removeEventListener('abort', stop);
        resolve(deleted);
      };
      const stop = () => end(false);
      channel.once('close', stop);
      channel.once('basic.cancel', () => end(true));
      stopping.addEventListener('abort', stop);
      if (stopping.aborted) stop();
    });
  }
}
