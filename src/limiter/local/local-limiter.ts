import type { Clock } from '../../domain/clock.ts';
import { type RateLimit, type RateVerdict, rateRule, spend, verdictOf } from '../../domain/rate-limit.ts';
import type { Limiter } from '../limiter.ts';

/**
 * Most clients that are remembered: some 10 MB. Past it those are forgotten that have not come for the longest time,
 * so strangers with a million addresses cost no more, and win nothing over that many addresses.
 */
export const MOST_CLIENTS = 65_536;

/** Counts in this process. */
export interface LocalLimiter extends Limiter {
  take(who: string): RateVerdict;
  /** How many clients are remembered. */
  readonly size: number;
}

export function localLimiter(limit: RateLimit, clock: Pick<Clock, 'now'>, most = MOST_CLIENTS): LocalLimiter {
  const rule = rateRule(limit);
  /**
   * Until when the time of each is taken up. Two generations, of which the older is dropped whole: to take single ones
   * out of the front of a map costs more the more were taken before.
   */
  let young = new Map<string, number>();
  let old: ReadonlyMap<string, number> = new Map();
  return {
    take(who) {
      const now = Math.round(clock.now() * 1_000);
      const takenUntil = young.get(who) ?? old.get(who) ?? 0;
      const spent = spend(rule, takenUntil, now);
      young.set(who, now + Math.abs(spent));
      if (young.size >= most / 2) {
        old = young;
        young = new Map();
      }
      return verdictOf(rule, spent);
    },
    get size() {
      return young.size + old.size;
    },
    close: () => Promise.resolve(),
  };
}
