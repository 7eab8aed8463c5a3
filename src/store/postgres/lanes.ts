import type { Clock } from '../../domain/clock.ts';
import { StoreUnavailable } from '../store.ts';

/** What one writing transaction after another runs in. Its row in the database holds the number of the last that committed. */
export interface Lane {
  readonly id: string;
  /** Spreads what all transactions write to: a number below 64. */
  readonly slot: number;
  /** The number of the last transaction begun. */
  seq: number;
}

/** Most that wait for a lane, and how long, in ms. */
const WAITING = 1_000;
const PATIENCE = 3_000;

/** As many lanes as transactions may write at once. */
export class Lanes {
  #free: Lane[] = [];
  #started = 0;
  #names: string[] = [];
  #abandoned = new WeakSet<Lane>();
  #waiting: ((lane: Lane) => void)[] = [];
  readonly #count: number;

  readonly #clock: Clock;

  constructor(count: number, clock: Clock) {
    this.#count = count;
    this.#clock = clock;
  }

  /** `ids` are random, and more than are needed: some replace lanes that are abandoned. */
  name(ids: readonly string[]): void {
    this.#names = [...ids];
    while (this.#free.length < this.#count) this.#free.push(this.#fresh());
  }

  /** How many wait for one. */
  get waiting(): number {
    return this.#waiting.length;
  }

  async take(): Promise<Lane> {
    const lane = this.#free.pop();
    if (lane !== undefined) return lane;
    if (this.#waiting.length >= WAITING)
      throw new StoreUnavailable('too many writes are waiting', { overloaded: true });
    return new Promise((resolve, reject) => {
      const next = (given: Lane) => {
        cancel();
        resolve(given);
      };
      const cancel = this.#clock.after(PATIENCE, () => {
        this.#waiting = this.#waiting.filter((one) => one !== next);
        reject(new StoreUnavailable('all connections are busy', { overloaded: true }));
      });
      this.#waiting.push(next);
    });
  }

  giveBack(lane: Lane): void {
    const next = this.#abandoned.has(lane) ? this.#fresh() : lane;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#free.push(next);
    else waiting(next);
  }

  /** A transaction of this lane may still be under way: it is not to be used again. */
  abandon(lane: Lane): void {
    this.#abandoned.add(lane);
    // Names go round: by the time one comes again, the server has long ended what was under way.
    this.#names.push(lane.id);
  }

  #fresh(): Lane {
    const id = this.#names.shift();
    if (id === undefined) throw new Error('there are more lanes than names');
    // A name that comes again must not meet a number it had before.
    return { id, slot: Number.parseInt(id.slice(0, 2), 16) % 64, seq: this.#started++ * 1_000_000_000 };
  }
}
