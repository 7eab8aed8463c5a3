import type { Clock } from '../../domain/clock.ts';
import { StoreUnavailable, WrongDatabase } from '../store.ts';
import { CONNECT_PATIENCE, Connections, type ConnectionsOptions } from './connections.ts';
import { WorthRepeating } from './faults.ts';
import { type Lane, Lanes } from './lanes.ts';
import type { Connection, Row, Session, Value } from './session.ts';

/** Longest wait for an answer, in ms; a connection that is silent for longer is given up. */
const ANSWER_PATIENCE = 4_500;
const STATEMENT_TIMEOUT = 4_000;
const LOCK_TIMEOUT = 3_000;
/** A transaction whose client has fallen silent holds locks that others wait for. */
const IDLE_TIMEOUT = 3_000;
/** Work that was undone through no fault of its own is repeated until so much time is spent, in ms. */
const REPEAT_WITHIN = 1_500;
const REPEATS = 3;
/** How long it is tried to find out whether a commit happened, in ms. */
const RESOLVE_WITHIN = 4_000;
const PAUSE = 50;

const TIMEOUTS = `SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT}; SET LOCAL lock_timeout = ${LOCK_TIMEOUT};
  SET LOCAL idle_in_transaction_session_timeout = ${IDLE_TIMEOUT}`;

/** A commit was asked for and no answer came. */
class CommitUnknown extends Error {}

/**
 * Transactions. It keeps no state in a session (timeouts are set per transaction, statements have no
 * names), so a pooler between the two may hand every transaction to another server process.
 */
export class Database {
  readonly #connections: Connections;
  readonly #clock: Clock;
  readonly #lanes: Lanes;
  #beginWrite = '';
  #closed = false;

  constructor(options: ConnectionsOptions) {
    const { clock, connections } = options;
    this.#connections = new Connections(options);
    this.#clock = clock;
    // Reads never wait for writes to give their connections back.
    this.#lanes = new Lanes(Math.max(1, connections - 2), clock);
  }

  /** Transactions that wait for a connection. */
  get waiting(): number {
    return this.#lanes.waiting + this.#connections.waiting;
  }

  /** Asks the server who it is, and for a random name; throws a sentence if it cannot hold the truth. Comes first. */
  async greet(): Promise<{ readonly fsync: boolean; readonly name: string }> {
    const connection = await this.#connections.take();
    try {
      const [about] = await connection.rows(ABOUT, [], CONNECT_PATIENCE);
      if (about === undefined) throw new Error('the server does not say who it is');
      const unfit = whyUnfit(about);
      if (unfit !== null) throw new WrongDatabase(unfit);
      const durable = about.synchronous_commit === 'off' ? 'SET LOCAL synchronous_commit = on;' : '';
      this.#beginWrite = `BEGIN ISOLATION LEVEL READ COMMITTED; ${TIMEOUTS}; ${durable}`;
      this.#lanes.name(about.lanes as string[]);
      return { fsync: about.fsync === 'on', name: String(about.name) };
    } finally {
      connection.release();
    }
  }

  /**
   * Runs `work` in one transaction and answers what it answered once that is durable. It is repeated where it was
   * undone by chance (a deadlock, a lost connection). Where the answer to the commit was lost, it is found out whether
   * it happened; only if that fails too, within seconds, the outcome is unknown and StoreUnavailable is thrown.
   * With a lock, no other transaction with the same is under way from before its first statement until its end.
   */
  async write<T>(work: (session: Session) => Promise<T>, lock: number | null = null): Promise<T> {
    this.#assertOpen();
    const lane = await this.#lanes.take();
    try {
      return await this.#repeated(() => this.#writeOnce(lane, work, lock));
    } finally {
      this.#lanes.giveBack(lane);
    }
  }

  /** Runs reads of one moment. */
  async read<T>(work: (session: Session) => Promise<T>): Promise<T> {
    this.#assertOpen();
    const begin = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${TIMEOUTS}`;
    return this.#repeated(() => this.#transaction(begin, 0, work, (connection) => finish(connection, 'COMMIT')));
  }

  /** Runs one message of statements on any connection, outside of the lanes, `patience` ms at most. */
  async plain(sql: string, values: readonly Value[] = [], patience = CONNECT_PATIENCE): Promise<readonly Row[]> {
    this.#assertOpen();
    const connection = await this.#connections.take();
    try {
      return await connection.rows(sql, values, patience);
    } catch (error) {
      connection.spoil();
      throw error;
    } finally {
      connection.release();
    }
  }

  /** Ends every connection, with whatever waits on it, and makes others when they are needed. */
  async reconnect(): Promise<void> {
    if (!this.#closed) this.#connections.renew();
  }

  /** No more is begun; lets go of every connection. What is under way ends by itself. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#connections.close();
  }

  async #repeated<T>(work: () => Promise<T>): Promise<T> {
    const started = this.#clock.now();
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        const spent = this.#clock.now() - started;
        if (!(error instanceof WorthRepeating) || tries > REPEATS || spent > REPEAT_WITHIN) throw error;
        await this.#pause(tries === 1 ? 0 : PAUSE);
      }
    }
  }

  async #writeOnce<T>(lane: Lane, work: (session: Session) => Promise<T>, lock: number | null): Promise<T> {
    lane.seq += 1;
    const seq = lane.seq;
    const begin = `${this.#beginWrite} INSERT INTO tidings.lanes (lane, seq) VALUES ('${lane.id}', ${seq})
      ON CONFLICT (lane) DO UPDATE SET seq = excluded.seq, marked_at = excluded.marked_at
      ${lock === null ? '' : `; SELECT pg_advisory_xact_lock(${lock})`}`;
    let answer: { readonly value: T } | null = null;
    try {
      return await this.#transaction(
        begin,
        lane.slot,
        async (session) => {
          answer = { value: await work(session) };
          return answer.value;
        },
        commit,
      );
    } catch (error) {
      if (!(error instanceof CommitUnknown) || answer === null) throw error;
      if (await this.#happened(lane, seq)) return (answer as { readonly value: T }).value;
      throw new WorthRepeating('the commit did not happen', { cause: error });
    }
  }

  async #transaction<T>(
    begin: string,
    slot: number,
    work: (session: Session) => Promise<T>,
    end: (connection: Connection) => Promise<void>,
  ): Promise<T> {
    const connection = await this.#connections.take();
    try {
      await connection.rows(begin, [], ANSWER_PATIENCE);
      const value = await work({ slot, rows: (sql, values = []) => connection.rows(sql, values, ANSWER_PATIENCE) });
      await end(connection);
      return value;
    } catch (error) {
      if (error instanceof CommitUnknown) connection.spoil();
      else if (connection.usable) await finish(connection, 'ROLLBACK').catch(() => connection.spoil());
      throw error;
    } finally {
      connection.release();
    }
  }

  /** Whether a transaction whose commit was not answered did commit. Waits for it if it is still under way. */
  async #happened(lane: Lane, seq: number): Promise<boolean> {
    const until = this.#clock.now() + RESOLVE_WITHIN;
    // The row is locked by a transaction under way even where that one has just made it, so this waits for its end.
    const look = `INSERT INTO tidings.lanes (lane, seq) VALUES ($1, 0)
      ON CONFLICT (lane) DO UPDATE SET marked_at = excluded.marked_at RETURNING seq`;
    for (;;) {
      try {
        const [row] = await this.#transaction(
          this.#beginWrite,
          lane.slot,
          (session) => session.rows(look, [lane.id]),
          (connection) => finish(connection, 'COMMIT'),
        );
        return row?.seq === seq;
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || this.#clock.now() > until) {
          this.#lanes.abandon(lane);
          throw new StoreUnavailable('it is not known whether the commit happened', { cause: error });
        }
        await this.#pause(PAUSE);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
  }
}

const ABOUT = `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
  current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync,
  pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS read_only, gen_random_uuid()::text AS name, (SELECT array_agg(gen_random_uuid()::text) FROM generate_series(1, 64)) AS lanes`;

/** Why the server cannot hold the truth, as a sentence. */
function whyUnfit(about: Row): string | null {
  const version = Number(about.version);
  if (version < 130_000) return `the server is PostgreSQL ${Math.floor(version / 10_000)}; 13 or newer is needed`;
  if (about.standby === true) return 'the server is a hot standby, which only reads; name the primary';
  if (about.read_only === 'on') return 'the server only reads (default_transaction_read_only); name one that writes';
  if (about.encoding !== 'UTF8') return `the database's encoding is ${String(about.encoding)}; UTF8 is needed`;
  return null;
}

async function finish(connection: Connection, statement: 'COMMIT' | 'ROLLBACK'): Promise<void> {
  await connection.rows(statement, [], ANSWER_PATIENCE);
}

async function commit(connection: Connection): Promise<void> {
  try {
    await finish(connection, 'COMMIT');
  } catch (error) {
    throw new CommitUnknown('the commit was not answered', { cause: error });
  }
}
