import type { Clock } from '../domain/clock.ts';

/** How fast something goes by, as it was lately: what will be needed soon can then be asked for before it is. */
export interface Pace {
  /** One has gone by. */
  passed(): void;
  /** How many go by in `SOON`. */
  soon(): number;
}

/**
 * The time looked ahead and back, in ms: several trips to a store, so that what was asked for is there when its turn
 * comes, and short enough that nobody else would have come to it much sooner.
 */
export const SOON = 10;

export function createPace(clock: Clock): Pace {
  let since = clock.now();
  let count = 0;
  let pace = 0;
  return {
    passed() {
      count += 1;
    },
    soon() {
      const now = clock.now();
      const time = now - since;
      if (time >= SOON || time < 0) {
        pace = time < 0 ? 0 : Math.floor((count * SOON) / time);
        since = now;
        count = 0;
      }
      return pace;
    },
  };
}
