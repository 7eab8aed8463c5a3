/** Time as an argument. All times are ms since the epoch, UTC. */
export interface Clock {
  now(): number;
  /** Calls back once, `ms` from now; the returned function takes it back. */
  after(ms: number, callback: () => void): () => void;
}

/** A number in [0, 1), as an argument. */
export type Random = () => number;
