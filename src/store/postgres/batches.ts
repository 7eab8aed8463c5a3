import { StoreUnavailable } from '../store.ts';
import { Unreachable } from './faults.ts';

/** Answers every job, in their order, once all of it is durable; throws if nothing was done. */
type Run<J, A> = (jobs: readonly J[]) => Promise<readonly A[]>;

interface Waiting<J, A> {
  readonly job: J;
  readonly rows: number;
  readonly bytes: number;
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** Most rows and bytes of one batch: bounds how long it takes and how large a message it makes. */
const BATCH_ROWS = 3_000;
const BATCH_BYTES = 8_000_000;
/** Most rows and bytes that wait. Past it the caller is told to come back. */
const WAITING_ROWS = 30_000;
const WAITING_BYTES = 64_000_000;

/**
 * What is asked for while the batches before it are under way goes together in the next: throughput under load follows
 * the server's bandwidth and not its distance, and a single job waits for nobody. A job that throws takes only itself
 * down: the batch is then run again one by one.
 */
export class Batches<J, A> {
  readonly #run: Run<J, A>;
  readonly #atOnce: number;
  #waiting: Waiting<J, A>[] = [];
  #waitingRows = 0;
  #waitingBytes = 0;
  #running = 0;
  #scheduled = false;

  constructor(atOnce: number, run: Run<J, A>) {
    this.#run = run;
    this.#atOnce = atOnce;
  }

  async add(job: J, rows: number, bytes = 0): Promise<A> {
    this.#assertRoom(rows, bytes);
    return this.#enqueue(job, rows, bytes);
  }

  /** The same for many, each of which can fail alone; there is room for all of them or for none. */
  async addEach(jobs: readonly J[], rowsOfEach: number): Promise<readonly A[]> {
    this.#assertRoom(rowsOfEach * jobs.length, 0);
    return Promise.all(jobs.map((job) => this.#enqueue(job, rowsOfEach, 0)));
  }

  #assertRoom(rows: number, bytes: number): void {
    if (this.#waiting.length === 0) return;
    if (this.#waitingRows + rows > WAITING_ROWS || this.#waitingBytes + bytes > WAITING_BYTES) {
      throw new StoreUnavailable('too many writes are waiting', { overloaded: true });
    }
  }

  #enqueue(job: J, rows: number, bytes: number): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, rows, bytes, resolve, reject });
      this.#waitingRows += rows;
      this.#waitingBytes += bytes;
      this.#schedule();
    });
  }

  /** A turn of the event loop later, so that what is asked for at the same time goes together. */
  #schedule(): void {
    if (this.#scheduled || this.#running >= this.#atOnce || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#running >= this.#atOnce || this.#waiting.length === 0) return;
      this.#running += 1;
      void this.#settle(this.#next()).finally(() => {
        this.#running -= 1;
        this.#schedule();
      });
      this.#schedule();
    });
  }

  #refuse(error: unknown): void {
    for (const one of this.#waiting) one.reject(error);
    this.#waiting = [];
    this.#waitingRows = 0;
    this.#waitingBytes = 0;
  }

  #next(): readonly Waiting<J, A>[] {
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const one of this.#waiting) {
      if (count > 0 && (rows + one.rows > BATCH_ROWS || bytes + one.bytes > BATCH_BYTES)) break;
      rows += one.rows;
      bytes += one.bytes;
      count += 1;
    }
    this.#waitingRows -= rows;
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #settle(batch: readonly Waiting<J, A>[]): Promise<void> {
    try {
      const answers = await this.#run(batch.map(({ job }) => job));
      if (answers.length !== batch.length) throw new Error('a batch did not answer all of its jobs');
      // As many answers as jobs.
      for (const [index, one] of batch.entries()) one.resolve(answers[index] as A);
    } catch (error) {
      // Whoever waits would learn the same, only later.
      if (error instanceof Unreachable) this.#refuse(error);
      if (batch.length === 1 || error instanceof StoreUnavailable) for (const one of batch) one.reject(error);
      else for (const one of batch) await this.#settle([one]);
    }
  }
}
