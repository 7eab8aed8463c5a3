import type { DeliverTask } from './queue.ts';

interface Taker {
  readonly limit: number;
  readonly give: (tasks: readonly DeliverTask[]) => void;
}

/** Those who wait in `take` while there is nothing: whoever has waited longest is served first. */
export class TakerLine {
  readonly #takers = new Set<Taker>();

  /** How many tasks would serve everybody. */
  get wanted(): number {
    let wanted = 0;
    for (const { limit } of this.#takers) wanted += limit;
    return wanted;
  }

  /** Waits for tasks; the signal's end is an empty answer. */
  join(limit: number, signal: AbortSignal): Promise<readonly DeliverTask[]> {
    return new Promise((resolve) => {
      const give = (tasks: readonly DeliverTask[]) => {
        this.#takers.delete(taker);
        signal.removeEventListener('abort', end);
        resolve(tasks);
      };
      const end = () => give([]);
      const taker = { limit, give };
      this.#takers.add(taker);
      signal.addEventListener('abort', end);
    });
  }

  /** Gives what `next` answers, which is at most as many as it is asked for, until it answers nothing. */
  serve(next: (limit: number) => readonly DeliverTask[]): void {
    for (const taker of this.#takers) {
      const tasks = next(taker.limit);
      if (tasks.length === 0) return;
      taker.give(tasks);
    }
  }

  /** Sends everybody away with an empty answer. */
  end(): void {
    for (const taker of this.#takers) taker.give([]);
  }
}
