import type { Io } from '../../src/cli/io.ts';
import type { Clock } from '../../src/domain/clock.ts';

/** A terminal, or none, that keeps what is written. */
export interface RecordedIo extends Io {
  readonly written: { out: string; err: string };
  /** Ctrl-C. */
  interrupt(): void;
}

export function recordedIo(
  options: { readonly columns?: number | null; readonly clock?: Clock; readonly input?: string } = {},
): RecordedIo {
  const written = { out: '', err: '' };
  const listeners = new Set<() => void>();
  return {
    written,
    interrupt() {
      for (const listener of listeners) listener();
    },
    out(text) {
      written.out += text;
    },
    err(text) {
      written.err += text;
    },
    columns: () => options.columns ?? null,
    paint: (_, text) => text,
    input: () => Promise.resolve(options.input ?? ''),
    onInterrupt(callback) {
      listeners.add(callback);
      return () => void listeners.delete(callback);
    },
    clock: options.clock ?? {
      now: Date.now,
      after(ms, callback) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
  };
}
