/** How often one client may ask: `count` requests at once, and from then on evenly, so many in every `period` ms. */
export interface RateLimit {
  readonly count: number;
  readonly period: number;
}

/** What is answered to one request, and how its client stands after it. Times in ms from now. */
export interface RateVerdict {
  readonly admitted: boolean;
  /** Requests that would be admitted if they came now. */
  readonly remaining: number;
  /** Until nothing of the limit is used any more. */
  readonly resetMs: number;
  /** Until the next request is admitted; 0: it would be now. */
  readonly retryMs: number;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Past a million a second the steps below would be less than the microseconds in which they are counted. */
const MOST = 1_000_000;

/** `600/m`: a whole number and `s`, `m`, `h` or `d`. Undefined: it is none. */
export function parseRateLimit(text: string): RateLimit | undefined {
  const [, digits = '', unit = ''] = /^([0-9]{1,7})\/([smhd])$/.exec(text) ?? [];
  const count = Number(digits);
  const period = UNITS.get(unit);
  return period === undefined || count < 1 || count > MOST ? undefined : { count, period };
}

/** As it is written in settings. */
export function rateLimitText({ count, period }: RateLimit): string {
  const unit = [...UNITS].find(([, ms]) => ms === period)?.[0] ?? '';
  return `${count}/${unit}`;
}

/**
 * The generic cell rate algorithm, in whole microseconds, so that it is exact: each request that is admitted takes up
 * one `step` of the time ahead, and no more than `room` of it may be taken up. All that is kept of a client is until
 * when its time is taken up; one whose time is not is as good as one that never came.
 */
export interface RateRule {
  readonly step: number;
  readonly room: number;
}

export function rateRule({ count, period }: RateLimit): RateRule {
  const step = Math.ceil((period * 1_000) / count);
  return { step, room: step * count };
}

/**
 * One request at `now` of a client whose time is taken up until `takenUntil`. Answers how much of the time ahead is
 * taken up after it, and below zero, how much is where it is refused.
 */
export function spend({ step, room }: RateRule, takenUntil: number, now: number): number {
  // More than all the room is taken up only where the clock was set back: nobody is locked out for that.
  const taken = Math.min(Math.max(takenUntil - now, 0), room);
  return taken + step <= room ? taken + step : -taken;
}

/** What the answer of `spend` means. */
export function verdictOf({ step, room }: RateRule, spent: number): RateVerdict {
  const taken = Math.abs(spent);
  const next = taken + step - room;
  return {
    admitted: spent > 0,
    remaining: Math.floor((room - taken) / step),
    resetMs: taken / 1_000,
    retryMs: Math.max(0, next / 1_000),
  };
}
