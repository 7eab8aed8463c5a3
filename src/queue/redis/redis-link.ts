import { once } from 'node:events';
import { Redis } from 'ioredis';
import type { Clock } from '../../domain/clock.ts';
import { within } from '../../domain/within.ts';

/** The longest wait for a connection, or for an answer over it, in ms. */
const PATIENCE = 2_000;
/** Between two attempts to connect, in ms: the first, and the longest. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 1_000;

/**
 * One connection to Redis that is made when it is first needed and made again when it is lost. Nothing waits in line
 * for a server that is away: while it is known to be, everything fails at once.
 */
export class RedisLink {
  readonly #clock: Clock;
  readonly #client: Redis;
  /** Why there was no connection, the last time there was none; null while there is one, and before the first. */
  #away: Error | null = null;

  constructor(url: string, clock: Clock) {
    this.#clock = clock;
    this.#client = new Redis(url, {
      lazyConnect: true,
      // The answers' forms are those of RESP2, whatever the server speaks.
      protocol: 2,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: PATIENCE,
      disconnectTimeout: 500,
      keepAlive: 10_000,
      retryStrategy: (tries) => Math.min(FIRST_WAIT * 2 ** (tries - 1), LONGEST_WAIT),
      // After a failover the server that is connected may be one that only reads.
      reconnectOnError: (error) => replyCode(error) === 'READONLY',
    });
    this.#client.on('error', (error: Error) => {
      this.#away = error;
    });
    this.#client.on('close', () => {
      this.#away ??= new Error('the connection was lost');
    });
    this.#client.on('ready', () => {
      this.#away = null;
    });
  }

  /** Runs `ask` over the connection. `extra`: how much longer than usual its answer may take, in ms. */
  async run<T>(ask: (client: Redis) => Promise<T>, extra = 0): Promise<T> {
    await within(this.#clock, PATIENCE, this.#connected(), () => new Error('Redis cannot be reached in time'));
    return within(this.#clock, PATIENCE + extra, ask(this.#client), () => {
      // Whoever does not answer now may never: the next one to ask gets a fresh connection.
      this.#client.disconnect(true);
      return new Error('Redis does not answer in time');
    });
  }

  /** Lets go of the connection and does not make another. */
  async close(): Promise<void> {
    const open = ['connecting', 'connect', 'ready'].includes(this.#client.status);
    const ended = open ? once(this.#client, 'end') : null;
    this.#client.disconnect();
    if (ended !== null)
      await within(this.#clock, PATIENCE, ended, () => new Error('Redis does not let go')).catch(() => {});
  }

  async #connected(): Promise<void> {
    const client = this.#client;
    if (client.status === 'ready') return;
    if (this.#away !== null || client.status === 'end') throw unreachable(this.#away);
    if (client.status === 'wait') client.connect().catch(() => {});
    await new Promise<void>((resolve, reject) => {
      const ready = () => done(resolve);
      const lost = () => done(() => reject(unreachable(this.#away)));
      const done = (end: () => void) => {
        client.off('ready', ready);
        client.off('close', lost);
        end();
      };
      client.on('ready', ready);
      client.on('close', lost);
    });
  }
}

/** The code of an error that Redis itself answered; null for any other. The protocol carries it as the first word. */
export function replyCode(error: unknown): string | null {
  return error instanceof Error && error.name === 'ReplyError' ? (error.message.split(' ', 1)[0] ?? null) : null;
}

function unreachable(cause: Error | null): Error {
  return new Error('Redis cannot be reached', { cause });
}
