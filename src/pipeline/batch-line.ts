/**
 * Things on their way to somebody slower: what comes while one batch is being passed on goes together in the next.
 * Bounded, and nothing is kept for a receiver that fails.
 */
export interface BatchLine<T> {
  /** False: there is no room for them, and none was taken. */
  add(items: readonly T[]): boolean;
  /** Resolves when nothing is on its way any more. */
  readonly idle: () => Promise<void>;
}

export interface BatchLineOptions<T> {
  /** Passes one batch on. When it throws, that batch and all that wait are dropped, and `onFault` is told of them. */
  readonly pass: (batch: readonly T[]) => Promise<void>;
  readonly onFault: (error: unknown, dropped: readonly T[]) => unknown;
  /** Most things that wait. */
  readonly room: number;
}

const BATCH = 1_000;

export function createBatchLine<T>({ pass, onFault, room }: BatchLineOptions<T>): BatchLine<T> {
  let waiting: T[] = [];
  let passing: Promise<void> | null = null;

  async function passAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      try {
        await pass(batch);
      } catch (error) {
        const dropped = [...batch, ...waiting];
        waiting = [];
        await onFault(error, dropped);
      }
    }
    passing = null;
  }

  return {
    add(items) {
      if (waiting.length + items.length > room) return false;
      waiting.push(...items);
      if (waiting.length > 0) passing ??= passAll();
      return true;
    },
    idle: () => passing ?? Promise.resolve(),
  };
}
