/** What the client needs of where it runs. Given as an argument, so that it runs in tests and elsewhere too. */
export interface Surroundings {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** In [0, 1). */
  readonly random: () => number;
  now(): number;
  /** Calls back once; the returned function takes it back. */
  after(ms: number, callback: () => void): () => void;
  isOnline(): boolean;
  /** Whether nobody can see the page. */
  isHidden(): boolean;
  /** Calls back whenever one of these two may have changed; the returned function ends that. */
  onChange(callback: () => void): () => void;
}

/** A browser's page, or whatever else has `fetch`. */
export function ownSurroundings(): Surroundings {
  const page = typeof document === 'undefined' ? null : document;
  return {
    fetch: (url, init) => fetch(url, init),
    random: Math.random,
    now: Date.now,
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    // Only a browser that says no for certain is believed.
    isOnline: () => page === null || navigator.onLine,
    isHidden: () => page?.visibilityState === 'hidden',
    onChange(callback) {
      if (page === null) return () => undefined;
      const heard = new AbortController();
      const { signal } = heard;
      for (const type of ['online', 'offline']) addEventListener(type, callback, { signal });
      page.addEventListener('visibilitychange', callback, { signal });
      return () => heard.abort();
    },
  };
}
