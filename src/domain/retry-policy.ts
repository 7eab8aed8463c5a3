/**
 * How often and when a delivery is tried. A round is one pass over its chain; `delays[n-1]` is the wait in ms after
 * round n, so `delays.length === rounds - 1`.
 */
export interface RetryPolicy {
  readonly rounds: number;
  readonly delays: readonly number[];
}

/** 30 s, 2 m, 10 m, 30 m, 1 h: six rounds over 1 h 43 m. */
export const DEFAULT_SCHEDULE: readonly number[] = [30_000, 120_000, 600_000, 1_800_000, 3_600_000];

/** Most rounds that can be asked for. */
export const MAX_ROUNDS = 50;

/** Longest single wait, in ms: a day. */
export const MAX_DELAY = 86_400_000;

/** Waits are spread by ± 10 %, so that what failed together does not come back together. */
const JITTER = 0.1;

/**
 * `attempts` tries at most, waiting along `schedule` (ms). A schedule that is too long is cut; one that is too short
 * repeats its last wait. Either may be left out.
 */
export function scheduledPolicy(
  schedule: readonly number[] = DEFAULT_SCHEDULE,
  attempts = schedule.length + 1,
): RetryPolicy {
  const last = schedule.at(-1) ?? 0;
  return { rounds: attempts, delays: Array.from({ length: attempts - 1 }, (_, index) => schedule[index] ?? last) };
}

/** `attempts` tries; after the n-th the wait is `base`^n seconds, at most a day. */
export function exponentialPolicy(attempts: number, base: number): RetryPolicy {
  return {
    rounds: attempts,
    delays: Array.from({ length: attempts - 1 }, (_, index) => Math.min(base ** (index + 1) * 1000, MAX_DELAY)),
  };
}

/** The wait in ms after round `round`; `random` in [0, 1) places it within the jitter. */
export function backoff(policy: RetryPolicy, round: number, random: number): number {
  const delay = policy.delays[round - 1] ?? policy.delays.at(-1) ?? 0;
  return Math.round(delay * (1 - JITTER + 2 * JITTER * random));
}
