import { type Delivery, type DeliveryStatus, isTerminal } from './delivery.ts';
import type { Attempt } from './outcome.ts';

/** What is counted per minute, so that figures over a day need no walk over its notifications. */
export type CounterKind = 'accepted' | 'finished' | 'channel' | 'provider' | 'forgotten';

/**
 * How many by kind and name: notifications accepted; deliveries by terminal state; accepted attempts by channel and
 * provider; what retention has forgotten, which is of no minute (store/retention.ts).
 */
export type Tally = Map<CounterKind, Map<string, number>>;

/** Where there is no name: of a kind that has none, or of an attempt without a provider. */
export const NAMELESS = '';

export function newTally(): Tally {
  return new Map();
}

/** Each count as the row that stores keep. */
export function countsOf(
  tally: Tally,
): readonly { readonly kind: CounterKind; readonly name: string; readonly count: number }[] {
  return [...tally].flatMap(([kind, names]) => [...names].map(([name, count]) => ({ kind, name, count })));
}

export function addCount(tally: Tally, kind: CounterKind, name: string, count: number): void {
  const names = tally.get(kind);
  if (names === undefined) tally.set(kind, new Map([[name, count]]));
  else names.set(name, (names.get(name) ?? 0) + count);
}

export function tallyAccepted(tally: Tally, notifications: number): void {
  addCount(tally, 'accepted', NAMELESS, notifications);
}

/**
 * A delivery was written in a new state, with new attempts. A dead letter that is set aside has been counted already:
 * it failed before.
 */
export function tallyWritten(
  tally: Tally,
  { status, sentAt, discardedAt }: Pick<Delivery, 'status' | 'sentAt' | 'discardedAt'>,
  attempts: readonly Pick<Attempt, 'channel' | 'provider' | 'outcome'>[],
): void {
  if (status === 'delivered' && sentAt !== null) addCount(tally, 'finished', TOLD, 1);
  else if (isTerminal(status) && discardedAt === null) addCount(tally, 'finished', status, 1);
  for (const attempt of attempts) {
    if (attempt.outcome !== 'accepted') continue;
    addCount(tally, 'channel', attempt.channel, 1);
    addCount(tally, 'provider', attempt.provider ?? NAMELESS, 1);
  }
}

/** The name under which those count that were told to be delivered: they have been counted as sent already. */
const TOLD = 'told';

/**
 * How many deliveries are in each state, from what was counted by name: those that are delivered are sent no more. Of
 * what was sent before the window and told of within it, the window knows the second only: it never shows less than none.
 */
export function statusesFrom(counted: Readonly<Record<string, number>>): Partial<Record<DeliveryStatus, number>> {
  const { [TOLD]: told = 0, ...others } = counted;
  if (told === 0) return others;
  const { sent = 0, delivered = 0, ...rest } = others;
  return { ...rest, ...(sent > told ? { sent: sent - told } : {}), delivered: delivered + told };
}
