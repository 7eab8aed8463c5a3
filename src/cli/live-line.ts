import type { Io } from './io.ts';
import { cut } from './words.ts';

/** One line of a terminal that is written over and over. It uses no control sequences but the return to its start. */
export class LiveLine {
  readonly #io: Io;
  #shown = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  show(text: string): void {
    const columns = this.#io.columns() ?? 80;
    // The last column stays free: some terminals go to the next line when it is written.
    const line = cut(text, columns - 1);
    const { length } = Array.from(line);
    this.#io.err(`\r${line}${' '.repeat(Math.max(0, this.#shown - length))}`);
    this.#shown = length;
  }

  /** Leaves nothing of it, and the cursor where it began. */
  clear(): void {
    if (this.#shown > 0) this.#io.err(`\r${' '.repeat(this.#shown)}\r`);
    this.#shown = 0;
  }
}
