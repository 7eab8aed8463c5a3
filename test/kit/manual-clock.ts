import type { Clock } from '../../src/domain/clock.ts';

/** A clock that stands still until it is told to go on. It begins at a fixed time, so that runs repeat exactly. */
export class ManualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #alarms = new Set<{ readonly at: number; readonly order: number; readonly callback: () => void }>();

  constructor(start = Date.UTC(2026, 0, 15, 12)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const alarm = { at: this.#now + Math.max(0, ms), order: this.#order++, callback };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  /** How many callbacks are still to come: what is left over at the end of a test was leaked. */
  get pending(): number {
    return this.#alarms.size;
  }

  /**
   * Goes on by `ms` and calls back everything due by then, in order of time, then of registration; `now()` is each
   * callback's own time meanwhile. Callbacks that are set on the way and fall due on the way are called too.
   */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let alarm = this.#next(end); alarm !== null; alarm = this.#next(end)) {
      this.#alarms.delete(alarm);
      this.#now = alarm.at;
      alarm.callback();
    }
    this.#now = end;
  }

  #next(end: number) {
    let first = null;
    for (const alarm of this.#alarms) {
      if (alarm.at > end) continue;
      if (first === null || alarm.at < first.at || (alarm.at === first.at && alarm.order < first.order)) first = alarm;
    }
    return first;
  }
}
