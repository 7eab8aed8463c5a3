import type { Clock } from '../../src/domain/clock.ts';
import { ManualClock } from './manual-clock.ts';

/** How often something may be called back at one and the same instant before it is taken to be a busy loop. */
const STANDSTILL = 20_000;

/**
 * Time for whole trips: between any two alarms everything that hangs on promises is let through, so that what is set
 * on the way is set at its own time. Only for code that waits for nothing but promises and this clock.
 */
export class VirtualTime implements Clock {
  readonly #clock = new ManualClock();
  readonly #alarms = new Set<{ readonly at: number }>();

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, callback: () => void): () => void {
    const alarm = { at: this.now() + Math.max(0, ms) };
    this.#alarms.add(alarm);
    const cancel = this.#clock.after(ms, () => {
      this.#alarms.delete(alarm);
      callback();
    });
    return () => {
      this.#alarms.delete(alarm);
      cancel();
    };
  }

  /** How many callbacks are still to come. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** Goes on by `ms`; with 0, lets happen what is due now. A loop that never lets time pass fails. */
  async run(ms: number): Promise<void> {
    await this.#until(this.now() + ms, () => false);
  }

  /** Goes on until the promise is settled, for at most `limit` ms. */
  async until<T>(promise: Promise<T>, limit = 600_000): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    promise.then(end, end);
    await this.#until(this.now() + limit, () => over);
    if (!over) throw new Error(`what was waited for did not happen within ${limit} ms`);
    return promise;
  }

  async #until(end: number, over: () => boolean): Promise<void> {
    let still = 0;
    for (;;) {
      await promisesSettled();
      if (over()) return;
      const next = Math.min(...[...this.#alarms].map((alarm) => alarm.at));
      if (next > end) break;
      still = next > this.now() ? 0 : still + 1;
      if (still > STANDSTILL) throw new Error('something asks over and over and lets no time pass');
      this.#clock.advance(next - this.now());
    }
    this.#clock.advance(end - this.now());
    await promisesSettled();
  }
}

/** A turn of the event loop comes only after all promises that can go on have gone on. */
export function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
