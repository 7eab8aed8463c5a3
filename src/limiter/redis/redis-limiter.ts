import type { Clock } from '../../domain/clock.ts';
import { type RateLimit, type RateVerdict, rateRule, verdictOf } from '../../domain/rate-limit.ts';
import { within } from '../../domain/within.ts';
import type { Limiter } from '../limiter.ts';
import { SPEND } from './script.ts';

export interface RedisLimiterOptions {
  readonly limit: RateLimit;
  /** Counts while Redis is away. */
  readonly local: Limiter;
  /** Runs a script inside Redis; `args` are the keys and then the arguments. */
  readonly evaluate: (script: string, keys: readonly string[], args: readonly number[]) => Promise<unknown>;
  readonly clock: Clock;
  /** Told once, until Redis is back. */
  readonly onAway: (error: unknown) => void;
  readonly onBack: () => void;
  readonly close: () => Promise<void>;
}

/** Longest wait of a request for Redis, in ms: it is not worth more. */
const PATIENCE = 100;
/** For so long, in ms, Redis is not asked again after it has failed. */
const DISTRUST = 1_000;
/** Most clients that one call is about. */
const BATCH = 500;
/** In one slot of a cluster, as one call is about many of them. */
const PREFIX = '{tidings}:rate:';

/** Counts for all processes that use the same Redis. What comes while a call is under way goes with the next one. */
export function redisLimiter(options: RedisLimiterOptions): Limiter {
  const { limit, local, clock } = options;
  const rule = rateRule(limit);
  const waiting: { readonly who: string; readonly resolve: (verdict: RateVerdict | Promise<RateVerdict>) => void }[] =
    [];
  let asking: Promise<void> | null = null;
  let isAway = false;
  let askAgainAt = Number.NEGATIVE_INFINITY;

  async function askAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      const answers = await ask(batch.map(({ who }) => who));
      for (const [index, { who, resolve }] of batch.entries()) {
        const spent = answers?.[index];
        resolve(spent === undefined ? local.take(who) : verdictOf(rule, spent));
      }
    }
    // At once, and not when the promise ends: who comes in between would wait for nobody.
    asking = null;
  }

  async function ask(clients: readonly string[]): Promise<readonly number[] | null> {
    if (isTrusted()) {
      try {
        const keys = clients.map((who) => PREFIX + who);
        const answer = options.evaluate(SPEND, keys, [rule.step, rule.room]);
        const spent = await within(clock, PATIENCE, answer, () => new Error('Redis does not answer in time'));
        if (!isSpent(spent, clients.length)) throw new Error('Redis does not answer what it was asked');
        if (isAway) options.onBack();
        isAway = false;
        return spent;
      } catch (error) {
        if (!isAway) options.onAway(error);
        isAway = true;
        askAgainAt = clock.now() + DISTRUST;
      }
    }
    return null;
  }

  function isTrusted(): boolean {
    // A clock that was set back does not make it wait for longer.
    return !isAway || clock.now() >= askAgainAt || clock.now() < askAgainAt - DISTRUST;
  }

  return {
    take(who) {
      if (!isTrusted()) return local.take(who);
      return new Promise((resolve) => {
        waiting.push({ who, resolve });
        asking ??= askAll();
      });
    },
    async close() {
      await asking;
      await options.close();
      await local.close();
    },
  };
}

function isSpent(answer: unknown, length: number): answer is readonly number[] {
  return Array.isArray(answer) && answer.length === length && answer.every((spent) => Number.isSafeInteger(spent));
}
