import type { Life } from './fleet.ts';
import type { Struck, Touches } from './nemesis.ts';
import type { Trouble } from './open-load.ts';
import { add } from './process-log.ts';

/** How the API answered what it did not accept. */
export interface Answers {
  /** `503 unavailable`, `none ECONNRESET`, … and how often. */
  readonly counts: ReadonlyMap<string, number>;
  /** Answers that the contract does not allow, or not then, in words. */
  readonly violations: readonly string[];
}

/** A client may notice a fault so long after its end, in ms: its own patience, and a start on a busy machine. */
const AFTERWARDS = 20_000;
const PATIENCE = 10_000;
/** A connection that breaks is often the first to know that its process is dead, in ms. */
const MOMENT = 2_000;

/**
 * No answer is right while an API process is dead or stopped, 503 with `Retry-After` while the database is away.
 * Nothing else ever is, except that a busy machine may be late when all who waited for the database come at once.
 */
export function answersOf(troubles: readonly Trouble[], struck: readonly Struck[], lives: readonly Life[]): Answers {
  const counts = new Map<string, number>();
  const wrong = new Map<string, number>();
  for (const trouble of troubles) {
    const { status, code, api } = trouble;
    add(counts, status === null ? `no answer (${code})` : `${status} ${code ?? 'without a problem document'}`);
    const apiWasThere = lives.some(
      ({ name, from, to }) => name === api && from < trouble.at - PATIENCE && (to === null || to > trouble.at + MOMENT),
    );
    const complaint = complaintOf(trouble, apiWasThere, (touched) => during(struck, touched, trouble.at));
    if (complaint !== null) add(wrong, complaint);
  }
  return { counts, violations: [...wrong].map(([words, count]) => `${words}: ${count}`) };
}

function complaintOf(
  { status, code, retryAfter }: Trouble,
  apiWasThere: boolean,
  isDuring: (touched: Touches) => boolean,
): string | null {
  if (status === null)
    return !apiWasThere || isDuring('api') || (code === 'timeout' && isDuring('database'))
      ? null
      : `no answer (${code}) from an API that was alive`;
  if (status !== 503) return `${status} (${code ?? 'without a problem document'})`;
  if (code === null) return '503 without a problem document';
  if (!/^[1-9][0-9]*$/.test(retryAfter ?? '')) return '503 without Retry-After';
  return isDuring('database') ? null : `503 (${code}) although the database was there`;
}

function during(struck: readonly Struck[], touched: Touches, at: number): boolean {
  return struck.some(({ touches, from, to }) => touches.includes(touched) && near(at, from, to ?? from));
}

function near(at: number, from: number, to: number): boolean {
  return at >= from - PATIENCE && at <= to + AFTERWARDS;
}
