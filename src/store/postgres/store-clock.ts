import type { Clock } from '../../domain/clock.ts';
import type { Database } from './database.ts';
import { now } from './store-time.ts';

/** How often the difference is measured, in ms, and in how many round trips. */
const MEASURE_EVERY = 30_000;
const TRIPS = 5;

/** The database's time without a question to the database: the local clock and a difference that is measured now and then. */
export class StoreClock implements Clock {
  readonly #database: Database;
  readonly #clock: Clock;
  #ahead = 0;
  #stop = () => {};
  #closed = false;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#ahead;
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }

  /** Measures now, and from then on at intervals. */
  async start(): Promise<void> {
    const differences: number[] = [];
    for (let trip = 0; trip < TRIPS; trip++) {
      const before = this.#clock.now();
      const [row] = await this.#database.plain(`SELECT ${now('$1')} AS now`, [null]);
      // Half of a round trip is the best guess at when the database looked.
      differences.push(Number(row?.now) - (before + this.#clock.now()) / 2);
    }
    this.#ahead = Math.round(differences.sort((a, b) => a - b)[TRIPS >> 1] ?? 0);
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
