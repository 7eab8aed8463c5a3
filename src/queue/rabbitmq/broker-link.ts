import { Connection } from 'rabbitmq-client';
import type { Clock } from '../../domain/clock.ts';
import { within } from '../../domain/within.ts';

/** The longest wait for a connection or a channel, in ms. */
export const PATIENCE = 2_000;
/** After this long without a sign of life the connection is given up, in seconds: the broker and this side agree on it. */
const HEARTBEAT = 5;
/** Between two attempts to connect, in ms: the first, and the longest. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 1_000;

/**
 * One connection to a broker, made at once and made again when it is lost. While it is known to be away, or to take
 * nothing, `checked` throws at once.
 */
export class BrokerLink {
  readonly #url: string;
  readonly #clock: Clock;
  #connection: Connection;
  /** Why there is no connection, since there was none; null before the first attempt is over. */
  #away: unknown = null;
  /** Why the broker takes nothing: it lacks memory, or disk. */
  #blocked: string | null = null;

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
    this.#connection = this.#connect();
  }

  /** The connection, if it is worth asking. One that is being made for the first time is. */
  get checked(): Connection {
    if (this.#connection.ready) return this.#connection;
    if (this.#blocked !== null) throw new Error(`RabbitMQ takes no messages now: ${this.#blocked}`);
    if (this.#away !== null) throw new Error('RabbitMQ cannot be reached', { cause: this.#away });
    return this.#connection;
  }

  /** Gives the connection up, with all that is on its way, and makes another. */
  renew(): void {
    this.#connection.unsafeDestroy();
    this.#away = null;
    this.#connection = this.#connect();
  }

  /** Ends it when its channels are closed, or else by force. */
  async close(): Promise<void> {
    const connection = this.#connection;
    // Whoever is ended by force is not told so by the client.
    await within(this.#clock, PATIENCE, connection.close(), () => new Error('it does not answer')).catch(() => {
      connection.unsafeDestroy();
    });
  }

  #connect(): Connection {
    const connection = new Connection({
      url: this.#url,
      acquireTimeout: PATIENCE,
      connectionTimeout: PATIENCE,
      heartbeat: HEARTBEAT,
      retryLow: FIRST_WAIT,
      retryHigh: LONGEST_WAIT,
      noDelay: true,
    });
    connection.on('error', (error: unknown) => {
      this.#away = error;
    });
    connection.on('connection', () => {
      this.#away = null;
      this.#blocked = null;
    });
    connection.on('connection.blocked', (reason) => {
      this.#blocked = reason;
    });
    connection.on('connection.unblocked', () => {
      this.#blocked = null;
    });
    return connection;
  }
}
