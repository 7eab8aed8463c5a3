/** What the client has of the world: arguments, so that tests can have another. */
export interface Surroundings {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** In ms, from whenever. */
  readonly now: () => number;
  /** Calls back once, `ms` from now; what it answers takes it back. */
  readonly after: (ms: number, callback: () => void) => () => void;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newKey: () => string;
}

export const REAL: Surroundings = {
  // Not `fetch` itself: browsers want it called as their own.
  fetch: (url, init) => globalThis.fetch(url, init),
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  // Not `randomUUID`, which browsers keep from pages that came over plain HTTP.
  newKey: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(''),
};

/** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
export function pause({ after }: Surroundings, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const stop = () => {
      takeBack();
      reject(signal?.reason);
    };
    const takeBack = after(ms, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}
