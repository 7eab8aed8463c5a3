import type { Clock } from '../../domain/clock.ts';
import type { RedisLink } from './redis-link.ts';
import type { StreamEntry } from './stream-entry.ts';

/** Acknowledges and deletes entries: all that are asked for in one turn of the event loop, and while the last are on their way, go together. */
export class AckBatch {
  readonly #link: RedisLink;
  readonly #group: string;
  readonly #clock: Clock;
  #next: { readonly entries: StreamEntry[]; readonly sent: Promise<void> } | null = null;
  #sending: Promise<void> = Promise.resolve();

  constructor(link: RedisLink, group: string, clock: Clock) {
    this.#link = link;
    this.#group = group;
    this.#clock = clock;
  }

  /** Resolves when Redis has forgotten them. */
  add(added: readonly StreamEntry[]): Promise<void> {
    if (this.#next !== null) {
      this.#next.entries.push(...added);
      return this.#next.sent;
    }
    const entries = [...added];
    const before = this.#sending;
    const sent = this.#send(entries, before);
    this.#next = { entries, sent };
    this.#sending = sent.catch(() => {});
    return sent;
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  async #send(entries: readonly StreamEntry[], before: Promise<void>): Promise<void> {
    await before;
    await new Promise<void>((resolve) => void this.#clock.after(0, resolve));
    this.#next = null;
    const ids = Map.groupBy(entries, (entry) => entry.stream);
    await this.#link.run(async (client) => {
      const pipeline = client.pipeline();
      for (const [stream, ofStream] of ids) {
        const entryIds = ofStream.map((entry) => entry.entryId);
        pipeline.xack(stream, this.#group, ...entryIds).xdel(stream, ...entryIds);
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
    });
  }
}
