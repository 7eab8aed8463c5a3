import type { Clock } from '../domain/clock.ts';

/**
 * Saying no costs a fifth of what saying yes costs, so a flood of refusals can take all the time there is. Therefore so
 * many are said each tick and no more; the others wait in line, and who waits for an answer asks nothing meanwhile.
 */
export interface RefusalLine<T> {
  /** Answers now or soon. One that comes over a connection on which another waits is answered behind that, at once. */
  add(connection: object, refused: T): void;
  /** Answers all that wait. */
  end(): void;
}

export interface RefusalLineOptions<T> {
  readonly clock: Clock;
  readonly answer: (refused: T) => void;
  /** Ends the connection without an answer: the line is full. */
  readonly drop: (refused: T) => void;
}

/** 5,000 a second: about a tenth of the time. */
export const REFUSALS = 500;
const TICK = 100;
/** Most that wait: two seconds, then. */
export const WAITING = 10_000;

export function refusalLine<T>({ clock, answer, drop }: RefusalLineOptions<T>): RefusalLine<T> {
  const waiting = new Map<object, T>();
  let left = REFUSALS;
  let cancelTick: (() => void) | null = null;

  function tick(): void {
    left = REFUSALS;
    cancelTick = waiting.size === 0 ? null : clock.after(TICK, tick);
    for (const [connection, refused] of waiting) {
      if (left === 0) break;
      left -= 1;
      waiting.delete(connection);
      answer(refused);
    }
  }

  return {
    add(connection, refused) {
      cancelTick ??= clock.after(TICK, tick);
      if (waiting.has(connection)) answer(refused);
      else if (waiting.size === 0 && left > 0) {
        left -= 1;
        answer(refused);
      } else if (waiting.size < WAITING) waiting.set(connection, refused);
      else drop(refused);
    },
    end() {
      cancelTick?.();
      cancelTick = null;
      for (const refused of waiting.values()) answer(refused);
      waiting.clear();
    },
  };
}
