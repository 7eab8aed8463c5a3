import type { TripEvent } from '../domain/events.ts';

/** A provider that is left alone until `until`; after that one call in a while tries whether it works again. */
export interface ProviderPause {
  readonly provider: string;
  readonly until: number;
  /** The code of what it did last. */
  readonly cause: string;
}

/** Which breakers of this process are open, as its events tell it. */
export interface ProviderPauses {
  hear(event: TripEvent): void;
  /** In the order in which they opened. One that only asked for time is over when the time is. */
  at(now: number): readonly ProviderPause[];
}

export function createProviderPauses(): ProviderPauses {
  const pauses = new Map<string, ProviderPause>();
  return {
    hear(event) {
      if (event.type === 'provider_recovered') pauses.delete(event.provider);
      if (event.type !== 'provider_paused') return;
      const { provider, until, cause } = event;
      pauses.set(provider, { provider, until, cause });
    },
    at: (now) => [...pauses.values()].filter(({ until, cause }) => now < until || cause !== 'rate_limited'),
  };
}
