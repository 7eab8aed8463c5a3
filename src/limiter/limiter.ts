import type { RateVerdict } from '../domain/rate-limit.ts';

/** The port to what counts how often each client asks. */
export interface Limiter {
  /** Counts one request of `who`, a short text that stands for a client. Never throws; a promise where others are asked. */
  take(who: string): RateVerdict | Promise<RateVerdict>;
  /** Lets go of everything. Idempotent. */
  close(): Promise<void>;
}
