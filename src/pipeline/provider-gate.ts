import type { Clock } from '../domain/clock.ts';
import type { Emit } from '../domain/events.ts';
import type { Outcome } from '../domain/outcome.ts';
import { admit, afterCall, HEALTHY, type ProviderHealth } from '../domain/provider-health.ts';

/** Who may be called now: each provider's breaker. One gate per worker process. */
export interface ProviderGate {
  /** 0: call it. Otherwise the ms until that may be asked again. */
  admit(provider: string): number;
  /** A call that began at `startedAt` ended. */
  called(provider: string, outcome: Outcome, startedAt: number): void;
}

export function createProviderGate(clock: Clock, emit: Emit): ProviderGate {
  const healths = new Map<string, ProviderHealth>();
  const healthOf = (provider: string) => healths.get(provider) ?? HEALTHY;

  function become(provider: string, before: ProviderHealth, after: ProviderHealth): void {
    healths.set(provider, after);
    if (before.openUntil !== null && after.openUntil === null) emit({ type: 'provider_recovered', provider });
  }

  return {
    admit(provider) {
      const before = healthOf(provider);
      const admission = admit(before, clock.now());
      if (!admission.admitted) return admission.waitMs;
      become(provider, before, admission.health);
      return 0;
    },

    called(provider, outcome, startedAt) {
      const before = healthOf(provider);
      const after = afterCall(before, outcome, startedAt, clock.now());
      become(provider, before, after);
      if (after.openUntil !== null && after.openUntil !== before.openUntil) {
        emit({ type: 'provider_paused', provider, until: after.openUntil, cause: after.cause ?? '' });
      }
    },
  };
}
