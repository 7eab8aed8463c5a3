import type { Clock } from '../../domain/clock.ts';
import type { Database } from './database.ts';
import { now } from './store-time.ts';

/** How often the difference is measured, in ms, and in how many round trips. */
const MEASURE_EVERY = 30_000;
const TRIPS = 5;

/** ms since any moment. Unlike the time of day, nobody ever sets it. */
export type Steady = () => number;

/**
 * The database's time without a question to the database: a steady clock and a difference that is measured now and
 * then. Whoever sets the time of this machine changes nothing here.
 */
export class StoreClock implements Clock {
  readonly #database: Pick<Database, 'plain'>;
  readonly #clock: Clock;
  readonly #steady: Steady;
  #ahead: number;
  #stop = () => {};
  #closed = false;

  constructor(database: Pick<Database, 'plain'>, clock: Clock, steady: Steady) {
    this.#database = database;
    this.#clock = clock;
    this.#steady = steady;
    this.#ahead = clock.now() - steady();
  }

  now(): number {
    return Math.round(this.#steady() + this.#ahead);
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }

  /** Measures now, and from then on at intervals. */
  async start(): Promise<void> {
    const differences: number[] = [];
    for (let trip = 0; trip < TRIPS; trip++) {
      const before = this.#steady();
      const [row] = await this.#database.plain(`SELECT ${now('$1')} AS now`, [null]);
      // Half of a round trip is the best guess at when the database looked.
      differences.push(Number(row?.now) - (before + this.#steady()) / 2);
    }
    this.#ahead = differences.sort((a, b) => a - b)[TRIPS >> 1] ?? this.#ahead;
    this.#again();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #again(): void {
    if (this.#closed) return;
    this.#stop = this.#clock.after(MEASURE_EVERY, () => {
      // While the database is away the last difference is as good as any.
      this.start().catch(() => this.#again());
    });
  }
}
