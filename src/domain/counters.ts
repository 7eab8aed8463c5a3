import { type Delivery, isTerminal } from './delivery.ts';
import type { Attempt } from './outcome.ts';

/** What is counted per minute, so that figures over a day need no walk over its notifications. */
export type CounterKind = 'accepted' | 'finished' | 'channel' | 'provider' | 'forgotten';

/**
 * `kind` + `name` → how many: notifications accepted; deliveries by terminal state; accepted attempts by channel and
 * provider; what retention has forgotten, which is of no minute (store/retention.ts).
 */
export type Tally = Map<`${CounterKind}:${string}`, number>;

export function newTally(): Tally {
  return new Map();
}

export function tallyAccepted(tally: Tally, notifications: number): void {
  add(tally, 'accepted:', notifications);
}

/**
 * A delivery was written in a new state, with new attempts. A dead letter that is set aside has been counted already:
 * it failed before.
 */
export function tallyWritten(tally: Tally, delivery: Delivery, attempts: readonly Attempt[]): void {
  if (isTerminal(delivery.status) && delivery.discardedAt === null) add(tally, `finished:${delivery.status}`, 1);
  for (const attempt of attempts) {
    if (attempt.outcome !== 'accepted') continue;
    add(tally, `channel:${attempt.channel}`, 1);
    add(tally, `provider:${attempt.provider ?? ''}`, 1);
  }
}

function add(tally: Tally, key: `${CounterKind}:${string}`, count: number): void {
  tally.set(key, (tally.get(key) ?? 0) + count);
}
