import type { Clock } from '../../domain/clock.ts';

/**
 * Whose time it is: the database's, so that all processes agree on leases and due times, or that of a clock, for
 * whoever must set it. The statements are the same for both.
 */
export type TimeSource = 'database' | Clock;

/** What the parameter of `now` is given: null lets the database say. */
export type TimeParameter = () => number | null;

export function timeParameter(source: TimeSource): TimeParameter {
  return () => (source === 'database' ? null : source.now());
}

/** Now, in ms, where `parameter` is as above. Asked once a statement, before its rows, so that an index can be used. */
export function now(parameter: string): string {
  return `(SELECT coalesce(${parameter}::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint))`;
}
