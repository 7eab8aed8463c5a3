import { Pool, type PoolClient, types } from 'pg';
import type { Clock } from '../../domain/clock.ts';
import { StoreUnavailable } from '../store.ts';
import { asPortError, Unreachable } from './faults.ts';
import { Connection } from './session.ts';

export interface ConnectionsOptions {
  readonly url: string;
  /** For waits; times in the data are the database's. */
  readonly clock: Clock;
  /** Most connections at once. */
  readonly connections: number;
}

/** Longest wait for a connection, in ms. */
export const CONNECT_PATIENCE = 3_000;

/** The connections that transactions share. */
export class Connections {
  readonly #options: ConnectionsOptions;
  #pool: Pool;
  readonly #born = new WeakMap<PoolClient, number>();
  /** One more each time a connection falls silent. */
  #generation = 0;
  readonly #clients = new Set<PoolClient>();
  /** Who waits for a connection; each asks again when it is called. */
  readonly #waiting = new Set<() => void>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#pool = this.#newPool();
  }

  /** How many wait for one. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** One of the connections, to be given back by its `release`. */
  async take(): Promise<Connection> {
    try {
      for (;;) {
        const client = await this.#checkOut();
        // Where one connection has fallen silent, those made before it mostly have too.
        if (this.#born.get(client) === this.#generation)
          return new Connection(client, this.#options.clock, this.#silent);
        client.release(true);
      }
    } catch (error) {
      const known = asPortError(error);
      if (known instanceof StoreUnavailable) throw known;
      throw new Unreachable('PostgreSQL cannot be reached', { cause: error });
    }
  }

  /** Of the pool that there is when it comes: whoever waits for another one waits for this instead. */
  #checkOut(): Promise<PoolClient> {
    return new Promise((resolve, reject) => {
      const ask = () => {
        const pool = this.#pool;
        const given = (client: PoolClient) => {
          if (pool !== this.#pool) return client.release(true);
          this.#waiting.delete(ask);
          resolve(client);
        };
        const failed = (error: unknown) => {
          if (pool !== this.#pool) return;
          this.#waiting.delete(ask);
          reject(error instanceof Error ? error : new Error('no connection', { cause: error }));
        };
        pool.connect().then(given, failed);
      };
      this.#waiting.add(ask);
      ask();
    });
  }

  readonly #silent = () => {
    this.#generation += 1;
  };

  /** Ends every connection, with whatever waits on it, and makes others when they are needed. */
  renew(): void {
    const old = this.#pool;
    const clients = [...this.#clients];
    this.#pool = this.#newPool();
    // That ends the idle ones only, and serves nobody any more who waits for one.
    old.end().catch(() => {});
    for (const client of clients) client.end().catch(() => {});
    for (const ask of this.#waiting) ask();
  }

  /** Lets go of all; those in use end when they are given back. */
  async close(): Promise<void> {
    await this.#pool.end();
  }

  #newPool(): Pool {
    const { url, connections } = this.#options;
    const pool = new Pool({
      connectionString: plainUrl(url),
      max: connections,
      connectionTimeoutMillis: CONNECT_PATIENCE,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      fallback_application_name: 'tidings',
      types: { getTypeParser },
    });
    // A connection that nobody uses was lost: the pool has let go of it already.
    pool.on('error', () => {});
    pool.on('connect', (client) => {
      this.#born.set(client, this.#generation);
      this.#clients.add(client);
    });
    pool.on('remove', (client) => this.#clients.delete(client));
    return pool;
  }
}

/** `postgres://`, `postgresql://`, and with a driver's name as other languages write it: all the same. */
export function plainUrl(url: string): string {
  return url.replace(/^postgres(?:ql)?(?:\+\w+)?:\/\//, 'postgresql://');
}

const INT8 = 20;

/** All our 64-bit numbers are times and counts, which a double holds; one that does not fit is a bug. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  return oid === INT8 && format !== 'binary' ? safeInteger : (types.getTypeParser(oid, format) as typeof safeInteger);
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${text} is not a safe integer`);
  return value;
}
