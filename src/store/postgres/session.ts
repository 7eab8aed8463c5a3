import { DatabaseError, type PoolClient } from 'pg';
import type { Clock } from '../../domain/clock.ts';
import { StoreUnavailable } from '../store.ts';
import { asPortError, endsSession, Unreachable, WorthRepeating } from './faults.ts';

/** What a column holds: text, a number, an array of texts. */
export type Row = Readonly<Record<string, unknown>>;
export type Value = string | number | null | readonly (string | number)[];

/** One connection for the length of one transaction. */
export interface Session {
  /** The transaction's lane, which it has to itself. */
  readonly slot: number;
  /** Runs one statement. What passes is thrown as StoreUnavailable. */
  rows(sql: string, values?: readonly Value[]): Promise<readonly Row[]>;
}

/**
 * A connection that gives up on its own: an answer that does not come in time means a dead peer, and then the
 * connection is thrown away. The server's own timeouts are shorter, so that a living one says first what it thinks.
 */
export class Connection {
  readonly #client: PoolClient;
  readonly #clock: Clock;
  readonly #silent: () => void;
  #usable = true;

  constructor(client: PoolClient, clock: Clock, silent: () => void) {
    this.#client = client;
    this.#silent = silent;
    this.#clock = clock;
    client.on('error', this.#lost);
  }

  readonly #lost = () => {
    this.#usable = false;
  };

  /** Runs one statement, or several without values; answers the rows of the last that has any. */
  async rows(sql: string, values: readonly Value[], patience: number): Promise<readonly Row[]> {
    try {
      const asked: Promise<Result> =
        values.length === 0 ? this.#client.query(sql) : this.#client.query(sql, [...values]);
      return rowsOf(await this.#inTime(asked, patience));
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      if (endsSession(error)) this.#usable = false;
      if (error instanceof DatabaseError && this.#usable) throw asPortError(error);
      this.#usable = false;
      throw new WorthRepeating('the connection to PostgreSQL was lost', { cause: error });
    }
  }

  /** Gives it back, or throws it away if it is of no use any more. */
  release(): void {
    this.#client.off('error', this.#lost);
    this.#client.release(!this.#usable);
  }

  get usable(): boolean {
    return this.#usable;
  }

  /** To be thrown away: what the server is doing on it is not known. */
  spoil(): void {
    this.#usable = false;
  }

  async #inTime<T>(answer: Promise<T>, patience: number): Promise<T> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(patience, () => {
        this.#usable = false;
        this.#silent();
        reject(new Unreachable(`PostgreSQL has not answered for ${patience} ms`));
      });
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      cancel();
      // If it is late, the connection's end rejects it when nobody listens any more.
      answer.catch(() => {});
    }
  }
}

interface Result {
  readonly rows: readonly Row[];
}

/** A message of several statements is answered with several results. */
function rowsOf(result: Result | readonly Result[]): readonly Row[] {
  if ('rows' in result) return result.rows;
  return result.findLast(({ rows }) => rows.length > 0)?.rows ?? [];
}
