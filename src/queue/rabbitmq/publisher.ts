import type { Channel, ReturnedMessage } from 'rabbitmq-client';
import type { Clock } from '../../domain/clock.ts';
import { within } from '../../domain/within.ts';
import { type BrokerLink, PATIENCE } from './broker-link.ts';
import { DELETION, declareTopology, openChannel, type Topology } from './topology.ts';

export interface Message {
  readonly queue: string;
  readonly id: string;
  readonly body: object;
}

/**
 * Publishes so that the broker answers for it: a message counts when a majority of its queue has it on disk. One that
 * reaches no queue is confirmed all the same, but comes back first: then the topology is made anew and it goes again.
 */
export class Publisher {
  readonly #link: BrokerLink;
  readonly #clock: Clock;
  readonly #names: Topology;
  readonly #onRebuilt: () => void;
  /** The channel that publishes; null until it is ready. It may have been closed. */
  #open: Channel | null = null;
  #opening: Promise<Channel> | null = null;
  #batch = 0;
  /** The messages of each batch on its way that came back. */
  readonly #returned = new Map<string, Set<string>>();

  constructor(link: BrokerLink, clock: Clock, names: Topology, onRebuilt: () => void) {
    this.#link = link;
    this.#clock = clock;
    this.#names = names;
    this.#onRebuilt = onRebuilt;
  }

  /** Resolves when the broker has all of them. Throws within seconds if it does not say so. */
  async publish(messages: readonly Message[]): Promise<void> {
    const work = async () => {
      const returned = await this.#send(messages);
      if (returned.length === 0) return;
      // A new channel, which declares everything first: the old one may count on from what the deleted queue had, and
      // the new queue would wait in silence for what is missing in between.
      await this.close();
      await new Promise<void>((resolve) => void this.#clock.after(DELETION, resolve));
      this.#onRebuilt();
      const again = await this.#send(returned);
      if (again.length > 0) throw new Error(`${again.length} messages reach no queue of RabbitMQ`);
    };
    await within(this.#clock, PATIENCE, work(), () => {
      // What is on its way may still arrive, which is harmless; but the line behind it must not grow.
      if (this.#open !== null) this.#link.renew();
      return unanswered();
    });
  }

  /** Resolves if the broker answers. */
  async probe(): Promise<void> {
    const ask = async () => (await openChannel(this.#link.checked)).close();
    await within(this.#clock, PATIENCE, ask(), unanswered);
  }

  async close(): Promise<void> {
    await this.#open?.close();
  }

  /** Answers those that reached no queue. */
  async #send(messages: readonly Message[]): Promise<readonly Message[]> {
    const channel = await this.#channel();
    const batch = String(this.#batch++);
    const returned = new Set<string>();
    this.#returned.set(batch, returned);
    try {
      const sent = messages.map(({ queue, id, body }) => {
        const envelope = { routingKey: queue, messageId: id, correlationId: batch, durable: true, mandatory: true };
        return channel.basicPublish(envelope, body);
      });
      const [failed] = (await Promise.allSettled(sent)).filter((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      // The client tells of a returned message one turn after it was read, though the broker sends it before the confirm.
      await new Promise<void>((resolve) => void this.#clock.after(0, resolve));
    } finally {
      this.#returned.delete(batch);
    }
    return messages.filter(({ id }) => returned.has(id));
  }

  async #channel(): Promise<Channel> {
    if (this.#open?.active === true) return this.#open;
    this.#opening ??= this.#openChannel().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #openChannel(): Promise<Channel> {
    this.#open = null;
    const connection = this.#link.checked;
    await declareTopology(connection, this.#names);
    const channel = await openChannel(connection);
    channel.on('basic.return', (message: ReturnedMessage) => {
      this.#returned.get(message.correlationId ?? '')?.add(message.messageId ?? '');
    });
    await channel.confirmSelect();
    this.#open = channel;
    return channel;
  }
}

function unanswered(): Error {
  return new Error('RabbitMQ does not answer in time');
}
