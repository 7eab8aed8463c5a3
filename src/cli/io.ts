import { styleText } from 'node:util';
import type { Clock } from '../domain/clock.ts';

/** What a command has of the world outside: results go to standard output, everything else to standard error. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** How wide the terminal is that shows standard error; null where it goes elsewhere, and nothing is rewritten. */
  readonly columns: () => number | null;
  /** For standard output; as it is where that is no terminal, or no colours are wanted. */
  readonly paint: (colour: Colour, text: string) => string;
  /** All of standard input. */
  readonly input: () => Promise<string>;
  /** Calls back at Ctrl-C instead of ending; what it answers undoes that. */
  readonly onInterrupt: (callback: () => void) => () => void;
  readonly clock: Clock;
}

export type Colour = 'green' | 'red' | 'yellow' | 'dim';

/** Exit codes. 78 is a wrong configuration. */
export const FAILED = 1;
export const MISUSED = 2;
/** As shells have it for a program that Ctrl-C has ended. */
export const INTERRUPTED = 130;

export function processIo(): Io {
  // Whoever reads may have seen enough, as `head` has; that is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    // Some terminals say that they have no columns.
    columns: () => (process.stderr.isTTY ? process.stderr.columns || 80 : null),
    paint: (colour, text) => styleText(colour, text, { stream: process.stdout }),
    async input() {
      const chunks: string[] = [];
      for await (const chunk of process.stdin.setEncoding('utf8')) chunks.push(String(chunk));
      return chunks.join('');
    },
    onInterrupt(callback) {
      process.on('SIGINT', callback);
      return () => void process.off('SIGINT', callback);
    },
    clock: {
      now: Date.now,
      after(ms, callback) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
  };
}
