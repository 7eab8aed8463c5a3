import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../domain/clock.ts';
import { StoreUnavailable } from '../store.ts';
import { asPortError, isLocked } from './database.ts';

interface Job {
  readonly rows: number;
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly since: number;
}

export interface GroupCommitHooks {
  /** Before each transaction; a throw refuses everything that waits. */
  readonly beforeBegin: () => void;
  /** Last statements of a transaction. */
  readonly beforeCommit: () => void;
  /** After each transaction that happened, before its callers are answered. */
  readonly committed: () => void;
  /** What a transaction gathered is void. */
  readonly rolledBack: () => void;
}

/** Most rows of one transaction: bounds how long the process is busy with it. */
const GROUP_ROWS = 2_000;
/** Most rows that wait. Past it the caller is told to come back. */
const WAITING_ROWS = 20_000;
/** Longest wait for another process's lock, in ms. */
const LOCK_WAIT = 2_000;
const LOCK_RETRY = 3;

/**
 * All writes go through here. What is asked for while the event loop goes round once shares one transaction and one
 * fsync, so throughput under load follows the disk's bandwidth and not its latency, and a single write waits for
 * nobody. A job that throws takes only itself down: the group is then run again one by one.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;
  readonly #hooks: GroupCommitHooks;
  #jobs: Job[] = [];
  #waitingRows = 0;
  #scheduled = false;
  #closed = false;

  constructor(db: DatabaseSync, clock: Clock, hooks: GroupCommitHooks) {
    this.#db = db;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Runs `work` inside a transaction and resolves with its answer once that is durable. `rows` is its rough size. */
  run<T>(rows: number, work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#assertRoom(rows);
      this.#enqueue(rows, work, resolve, reject);
    });
  }

  /**
   * The same for many, each of which can fail alone; there is room for all of them or for none. Whoever asks hears in
   * the order in which things were done: a write is answered before a claim that it made possible.
   */
  runEach<T>(rowsOfEach: number, works: readonly (() => T)[]): Promise<readonly T[]> {
    return new Promise((resolve, reject) => {
      this.#assertRoom(rowsOfEach * works.length);
      const answers: T[] = [];
      let left = works.length;
      if (left === 0) resolve(answers);
      for (const [index, work] of works.entries()) {
        const answered = (answer: T) => {
          answers[index] = answer;
          left -= 1;
          if (left === 0) resolve(answers);
        };
        this.#enqueue(rowsOfEach, work, answered, reject);
      }
    });
  }

  #assertRoom(rows: number): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    if (this.#waitingRows > 0 && this.#waitingRows + rows > WAITING_ROWS) {
      throw new StoreUnavailable('too many writes are waiting', { overloaded: true });
    }
  }

  #enqueue<T>(rows: number, work: () => T, resolve: (answer: T) => void, reject: (error: unknown) => void): void {
    // The job's answer is what its own work returned.
    this.#jobs.push({ rows, work, resolve: (value) => resolve(value as T), reject, since: this.#clock.now() });
    this.#waitingRows += rows;
    this.#schedule();
  }

  /** Writes what waits, then refuses more. */
  close(): void {
    while (this.#jobs.length > 0 && this.#flush() !== 'locked');
    this.#closed = true;
    this.#take(this.#jobs.length, (job) => job.reject(new StoreUnavailable('the store is closed')));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    if (this.#jobs.length === 0 || this.#closed) return;
    if (this.#flush() === 'locked') {
      this.#scheduled = true;
      this.#clock.after(LOCK_RETRY, () => this.#turn());
    } else if (this.#jobs.length > 0) {
      this.#schedule();
    }
  }

  #flush(): 'done' | 'locked' {
    try {
      this.#hooks.beforeBegin();
      this.#db.exec('BEGIN IMMEDIATE');
    } catch (error) {
      if (isLocked(error)) {
        this.#giveUpOnOld(error);
        return 'locked';
      }
      this.#take(this.#jobs.length, (job) => job.reject(asPortError(error)));
      return 'done';
    }
    const group = this.#nextGroup();
    try {
      const answers = group.map((job) => job.work());
      this.#commit();
      for (const [index, job] of group.entries()) job.resolve(answers[index]);
    } catch (error) {
      this.#rollBack();
      if (group.length === 1 || asPortError(error) !== error) for (const job of group) job.reject(asPortError(error));
      else for (const job of group) this.#alone(job);
    }
    return 'done';
  }

  #alone(job: Job): void {
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      const answer = job.work();
      this.#commit();
      job.resolve(answer);
    } catch (error) {
      this.#rollBack();
      job.reject(asPortError(error));
    }
  }

  #commit(): void {
    this.#hooks.beforeCommit();
    this.#db.exec('COMMIT');
    this.#hooks.committed();
  }

  #rollBack(): void {
    this.#hooks.rolledBack();
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  #nextGroup(): readonly Job[] {
    let rows = 0;
    let count = 0;
    for (const job of this.#jobs) {
      if (count > 0 && rows + job.rows > GROUP_ROWS) break;
      rows += job.rows;
      count += 1;
    }
    return this.#take(count);
  }

  #giveUpOnOld(error: unknown): void {
    const oldest = this.#clock.now() - LOCK_WAIT;
    const late = this.#jobs.findIndex((job) => job.since > oldest);
    this.#take(late === -1 ? this.#jobs.length : late, (job) => job.reject(asPortError(error)));
  }

  #take(count: number, each: (job: Job) => void = () => {}): readonly Job[] {
    const taken = this.#jobs.splice(0, count);
    for (const job of taken) {
      this.#waitingRows -= job.rows;
      each(job);
    }
    return taken;
  }
}
