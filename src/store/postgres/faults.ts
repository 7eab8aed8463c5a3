import { DatabaseError } from 'pg';
import { StoreUnavailable } from '../store.ts';

/** Nothing of the work was done, and doing it again at once may well succeed. */
export class WorthRepeating extends StoreUnavailable {}

/** There is no connection to be had, or nobody answers on it: whatever else is asked now would fare no better. */
export class Unreachable extends WorthRepeating {}

/**
 * SQLSTATE codes and classes (appendix A of the PostgreSQL manual) of faults that pass: connections (08), resources
 * (53: disk full, out of memory, too many connections), operator intervention (57: shutdown, cancelled by a timeout),
 * the system (58), read-only (25006), a transaction or a wait for a lock that took too long (25P03, 55P03).
 */
const PASSING = /^(?:08...|53...|57...|58...|25006|25P03|55P03)$/;
/** Serialisation failures and deadlocks: the other one was first. */
const CROSSED = /^40...$/;

/** The error as the port promises it: what passes as StoreUnavailable, anything else as it is. */
export function asPortError(error: unknown): unknown {
  if (!(error instanceof DatabaseError) || error.code === undefined) return error;
  const about = `PostgreSQL cannot do this right now (SQLSTATE ${error.code})`;
  if (CROSSED.test(error.code)) return new WorthRepeating(about, { cause: error });
  return PASSING.test(error.code) ? new StoreUnavailable(about, { cause: error }) : error;
}

/** The connection's session is gone or going: operator intervention other than a cancelled statement. */
export function endsSession(error: unknown): boolean {
  return error instanceof DatabaseError && /^(?:08...|57P..|25P03)$/.test(error.code ?? '');
}

export function sqlState(error: unknown): string | null {
  return error instanceof DatabaseError ? (error.code ?? null) : null;
}
