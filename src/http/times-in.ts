import { parseDuration } from '../domain/duration.ts';
import type { Fault, FaultCode } from '../domain/problem.ts';
import { MAX_DELAY, type RetryPolicy, scheduledPolicy } from '../domain/retry-policy.ts';
import { parseTime } from '../domain/time.ts';
import type { ContentIn } from './contract/notification-in.ts';
import { fault } from './contract/shape.ts';

/** How far ahead something can be scheduled, in ms: 365 days. */
export const MAX_AHEAD = 365 * 86_400_000;

/** 31 December 9999: the last time that RFC 3339 can write. */
const LAST_TIME = 253_402_300_799_999;

/** When it may be sent (null: at once) and until when (null: always), in ms since the epoch. */
export function readTimes(
  given: Pick<ContentIn, 'send_at' | 'delay' | 'expires_at' | 'ttl'>,
  pointer: string,
  now: number,
  faults: Fault[],
): { sendAt: number | null; expiresAt: number | null } {
  const add = (field: string, code: FaultCode, detail?: string) => {
    faults.push(fault(`${pointer}/${field}`, code, detail));
    return null;
  };
  const timeOf = (field: 'send_at' | 'expires_at') => {
    const text = given[field];
    return text === undefined ? null : (parseTime(text) ?? add(field, 'invalid_time'));
  };
  const durationOf = (field: 'delay' | 'ttl') => {
    const text = given[field];
    return text === undefined ? null : (parseDuration(text) ?? add(field, 'invalid_duration'));
  };
  if (given.send_at !== undefined && given.delay !== undefined) {
    add('delay', 'conflicting_fields', 'Give send_at or delay, not both.');
  }
  if (given.expires_at !== undefined && given.ttl !== undefined) {
    add('ttl', 'conflicting_fields', 'Give expires_at or ttl, not both.');
  }
  const delay = durationOf('delay');
  const asked = timeOf('send_at') ?? (delay === null ? null : now + delay);
  const start = Math.max(asked ?? now, now);
  if (start > now + MAX_AHEAD) add(given.send_at === undefined ? 'delay' : 'send_at', 'too_far_ahead');

  const until = timeOf('expires_at');
  if (until !== null && until <= now) add('expires_at', 'already_past');
  else if (until !== null && until <= start) add('expires_at', 'expires_before_send');
  const ttl = durationOf('ttl');
  if (ttl === 0) add('ttl', 'out_of_range', 'The time to live must be longer than nothing.');
  if (ttl !== null && start + ttl > LAST_TIME) add('ttl', 'too_far_ahead');
  return { sendAt: start > now ? start : null, expiresAt: until ?? (ttl === null ? null : start + ttl) };
}

/** The request's own retry policy; `standard` gives the waits where it names none. Null: the service's default. */
export function readRetry(
  given: ContentIn['retry'],
  standard: RetryPolicy,
  pointer: string,
  faults: Fault[],
): RetryPolicy | null {
  if (given === undefined) return null;
  const { max_attempts: attempts, schedule } = given;
  if (schedule === undefined && attempts === undefined) {
    faults.push(fault(pointer, 'too_few_items', 'Give max_attempts, schedule or both.'));
    return null;
  }
  const waits = schedule?.map((text, index) => {
    const wait = parseDuration(text);
    const where = `${pointer}/schedule/${index}`;
    if (wait === null) faults.push(fault(where, 'invalid_duration'));
    else if (wait > MAX_DELAY) faults.push(fault(where, 'out_of_range', 'A wait can be 24 h at most.'));
    return wait ?? 0;
  });
  return scheduledPolicy(waits ?? standard.delays, attempts);
}
