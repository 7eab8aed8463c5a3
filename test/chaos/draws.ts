/**
 * All chance of a run, from one seed: two runs with the same seed draw the same faults in the same order. What the
 * processes do meanwhile is their own.
 */
export interface Draws {
  /** In [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  between(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
  /** Draws of its own for one purpose, so that what one part draws does not shift what another does. */
  fork(purpose: string): Draws;
}

export function drawsFrom(seed: number): Draws {
  let state = seed >>> 0;
  /** Mulberry32. */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    chance: (probability) => next() < probability,
    between: (from, to) => from + next() * (to - from),
    pick<T>(items: readonly T[]): T {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('there is nothing to pick from');
      return item;
    },
    fork: (purpose) => drawsFrom(hash(`${seed}:${purpose}`)),
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return value >>> 0;
}
