import type { Outcome } from './outcome.ts';

/**
 * A circuit breaker for one provider account. It counts only what the provider or our account is at fault for, so
 * bad addresses never close a good provider. Pure: time is an argument, the state is a value.
 *
 * closed ── half of at least 20 calls in 30 s failed, or 401/403, or a Retry-After ──► open until T
 * open ── T ──► one call in 5 s is let through ── it works ──► closed
 * open by a 429 ── T ──► closed
 */
export interface ProviderHealth {
  readonly windowStart: number;
  readonly calls: number;
  readonly failures: number;
  /** Nobody calls before this time; null while closed. */
  readonly openUntil: number | null;
  /** Since when it is open: calls that began before say nothing about now. */
  readonly openedAt: number | null;
  /** The code of the failure that opened it. */
  readonly cause: string | null;
}

export const HEALTHY: ProviderHealth = {
  windowStart: 0,
  calls: 0,
  failures: 0,
  openUntil: null,
  openedAt: null,
  cause: null,
};

const WINDOW = 30_000;
const MIN_CALLS = 20;
const PAUSE = 15_000;
const PROBE_INTERVAL = 5_000;
/** Credentials do not mend themselves in seconds. */
const MISCONFIGURED_PAUSE = 60_000;
/** The longest pause a provider can talk us into for everybody. A single delivery waits as long as it was told. */
const MAX_PAUSE = 3_600_000;

export type Admission =
  | { readonly admitted: true; readonly health: ProviderHealth }
  | { readonly admitted: false; readonly waitMs: number };

/** May this provider be called now? An admitted call on an open breaker is a probe: the next one waits 5 s. */
export function admit(health: ProviderHealth, now: number): Admission {
  if (health.openUntil === null) return { admitted: true, health };
  if (now < health.openUntil) return { admitted: false, waitMs: health.openUntil - now };
  // Asking to wait is no fault: when the wait is over, everybody may call.
  if (health.cause === 'rate_limited') return { admitted: true, health: HEALTHY };
  return { admitted: true, health: { ...health, openUntil: now + PROBE_INTERVAL } };
}

/** The health after a call that began at `startedAt` ended with `outcome`. */
export function afterCall(health: ProviderHealth, outcome: Outcome, startedAt: number, now: number): ProviderHealth {
  if (!isProvidersFault(outcome)) {
    // Only a probe closes it, not a straggler that was under way when it opened.
    const isStraggler = health.openedAt !== null && startedAt < health.openedAt;
    if (health.openUntil === null || isStraggler) return count(health, now, 0);
    return { ...HEALTHY, windowStart: now, calls: 1 };
  }
  const counted = count(health, now, 1);
  if (outcome.code === 'provider_misconfigured') return open(counted, now + MISCONFIGURED_PAUSE, outcome.code, now);
  if (outcome.kind === 'deferred' && outcome.retryAfterMs !== undefined) {
    return open(counted, now + Math.min(outcome.retryAfterMs, MAX_PAUSE), outcome.code, now);
  }
  if (health.openUntil !== null) return open(counted, now + PAUSE, outcome.code, now);
  const failing = counted.calls >= MIN_CALLS && counted.failures * 2 >= counted.calls;
  return failing ? open(counted, now + PAUSE, outcome.code, now) : counted;
}

function isProvidersFault(outcome: Outcome): outcome is Exclude<Outcome, { kind: 'accepted' | 'rejected' }> {
  if (outcome.kind === 'unknown') return outcome.scope !== 'attempt';
  return outcome.kind === 'deferred' && outcome.scope === 'provider';
}

function count(health: ProviderHealth, now: number, failures: 0 | 1): ProviderHealth {
  if (now - health.windowStart > WINDOW) return { ...health, windowStart: now, calls: 1, failures };
  return { ...health, calls: health.calls + 1, failures: health.failures + failures };
}

function open(health: ProviderHealth, until: number, cause: string, now: number): ProviderHealth {
  return { ...health, openUntil: Math.max(until, health.openUntil ?? 0), openedAt: health.openedAt ?? now, cause };
}
