/** Time as an argument. All times are ms since the epoch, UTC. */
export interface Clock {
  now(): number;
  /** Calls back once, `ms` from now; the returned function takes it back. */
  after(ms: number, callback: () => void): () => void;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    if (ms <= 0) {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** A number in [0, 1), as an argument. */
export type Random = () => number;
