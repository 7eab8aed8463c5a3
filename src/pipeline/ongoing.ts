/** What goes on beside everything else until it is stopped. */
export interface Ongoing {
  /** Begins it, once; never again after it was stopped. */
  start(): void;
  /** Resolves when what is under way is done. Idempotent. */
  stop(): Promise<void>;
}

/** `run` ends soon after its signal is aborted, and handles its faults itself. */
export function ongoing(run: (signal: AbortSignal) => Promise<void>): Ongoing {
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  return {
    start() {
      running ??= run(stopping.signal);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
