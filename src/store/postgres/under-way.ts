import { StoreUnavailable } from '../store.ts';

/** What was asked for and is not answered yet, so that an end can wait for it. */
export class UnderWay {
  readonly #asked = new Set<Promise<unknown>>();
  #ended = false;

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended) throw new StoreUnavailable('the store is closed');
    const asked = work();
    this.#asked.add(asked);
    try {
      return await asked;
    } finally {
      this.#asked.delete(asked);
    }
  }

  /** Takes no more, and resolves when everything is answered. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.allSettled(this.#asked);
  }
}
