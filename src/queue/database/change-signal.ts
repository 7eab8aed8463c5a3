/** Tells that another process has committed to the same database; the store's adapter knows how it learns that. */
export interface ChangeSignal {
  /** Calls `ring` after such a commit, soon, perhaps once for several; the answer ends that. */
  subscribe(ring: () => void): () => void;
}
