import { DELIVERY_STATUSES, type Delivery, type DeliveryStatus, isTerminal } from './delivery.ts';
import { type NotificationId, notificationOf } from './ids.ts';
import { foldStatus } from './status.ts';

/** How long a notification is kept after its end, in ms, by its status; for ever where a status is left out. */
export type Retention = Readonly<Partial<Record<DeliveryStatus, number>>>;

/** A hundred years. */
export const MAX_DAYS = 36_500;
const DAY = 86_400_000;

export const TERMINAL_STATUSES: readonly DeliveryStatus[] = DELIVERY_STATUSES.filter(isTerminal);

/** `failed=365,sent=30`: days by terminal status, 0 for ever. Undefined: not that. */
export function parseRetention(text: string): Readonly<Partial<Record<DeliveryStatus, number>>> | undefined {
  const days: Partial<Record<DeliveryStatus, number>> = {};
  for (const word of text.split(',')) {
    const [, name, count] = /^\s*([a-z]+)\s*=\s*([0-9]{1,5})\s*$/.exec(word) ?? [];
    const status = TERMINAL_STATUSES.find((known) => known === name);
    if (status === undefined || days[status] !== undefined || Number(count) > MAX_DAYS) return undefined;
    days[status] = Number(count);
  }
  return days;
}

/** The same for all statuses, but for those that have their own. */
export function retentionOf(days: number, byStatus: Readonly<Partial<Record<DeliveryStatus, number>>>): Retention {
  const all = TERMINAL_STATUSES.map((status) => [status, (byStatus[status] ?? days) * DAY] as const);
  return Object.fromEntries(all.filter(([, ms]) => ms > 0));
}

/** Before when a notification must have ended, by its status, to be forgotten; what is left out is not forgotten. */
export type EndedBefore = Readonly<Partial<Record<DeliveryStatus, number>>>;

export function endedBefore(retention: Retention, now: number): EndedBefore {
  const kept = Object.entries(retention).map(([status, ms]) => [status, now - ms]);
  return Object.fromEntries(kept) as EndedBefore;
}

/** What the rule looks at. */
export type LegState = Pick<Delivery, 'id' | 'status' | 'finishedAt' | 'attempts'>;

/** A notification that may be forgotten, and how many rows it has at most. */
export interface Forgettable {
  readonly id: NotificationId;
  readonly legs: readonly LegState[];
  readonly rows: number;
}

/**
 * Those of the notifications whose legs are given that may be forgotten: all of their legs have ended, the last of them
 * long enough ago for the status that the notification has. Legs of one notification stand together.
 */
export function forgettable(legs: readonly LegState[], before: EndedBefore): readonly Forgettable[] {
  const found: Forgettable[] = [];
  for (const [id, own] of Map.groupBy(legs, (leg) => notificationOf(leg.id))) {
    const limit = before[foldStatus(own)];
    if (limit === undefined) continue;
    if (!own.every(({ status, finishedAt }) => isTerminal(status) && finishedAt !== null && finishedAt < limit))
      continue;
    found.push({ id, legs: own, rows: own.reduce((sum, { attempts }) => sum + 2 + attempts, 1) });
  }
  return found;
}

/** What one look found: which to forget, and after which notification to look next; null: there are no more. */
export interface Look {
  readonly few: readonly Forgettable[];
  readonly next: NotificationId | null;
}

/**
 * Of legs that were read in the order of their ids, `most` at most: which notifications to forget, about `rows` rows of
 * them and one at least. `keep` is left whatever its age.
 */
export function look(
  read: readonly LegState[],
  { before, keep, rows, most }: { before: EndedBefore; keep: NotificationId | null; rows: number; most: number },
): Look {
  const last = read.at(-1);
  if (last === undefined) return { few: [], next: null };
  const isEnd = read.length < most;
  const cut = notificationOf(last.id);
  // Others of its legs may not have been read.
  const whole = isEnd ? read : read.filter(({ id }) => notificationOf(id) !== cut);
  const found = forgettable(whole, before).filter(({ id }) => id !== keep);
  const few = fewOf(found, rows);
  const lastOfFew = few.at(-1);
  if (lastOfFew !== undefined && few.length < found.length) return { few, next: lastOfFew.id };
  const lastWhole = whole.at(-1);
  return { few, next: isEnd || lastWhole === undefined ? null : notificationOf(lastWhole.id) };
}

function fewOf(found: readonly Forgettable[], rows: number): readonly Forgettable[] {
  let sum = 0;
  const end = found.findIndex(({ rows: own }, index) => {
    sum += own;
    return index > 0 && sum > rows;
  });
  return end === -1 ? found : found.slice(0, end);
}
