import { type Move, type MoveText, movesFrom } from '../moves.ts';

/** The log of moves. Each is a transaction of its own. */
export class Moves {
  #texts: { readonly text: MoveText; readonly at: number }[] = [];
  #forgotten = 0;

  add(text: MoveText, at: number): void {
    this.#texts.push({ text, at });
  }

  end(): string {
    return String(this.#forgotten + this.#texts.length);
  }

  after(point: string, limit: number): readonly Move[] | null {
    const read = /^\d{1,15}$/.test(point) ? Number(point) - this.#forgotten : -1;
    if (read < 0 || read > this.#texts.length) return null;
    return this.#texts.slice(read, read + limit).flatMap(({ text, at }, index) => {
      return movesFrom(`[${text}]`, at, () => String(this.#forgotten + read + index + 1));
    });
  }

  forget(keep: number, limit: number): number {
    const gone = Math.min(limit, Math.max(0, this.#texts.length - Math.max(1, keep)));
    this.#texts = this.#texts.slice(gone);
    this.#forgotten += gone;
    return gone;
  }
}
