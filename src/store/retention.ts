import type { NotificationId } from '../domain/ids.ts';
import type { EndedBefore } from '../domain/retention.ts';

/**
 * A small port of its own: what is forgotten when it is old enough. Each call is one transaction of few rows, and any
 * number of processes may call at once. Rules for errors and durability as in store.ts.
 */
export interface RetentionStore {
  /**
   * Looks at notifications after a key (null: from the oldest), in the order of their age, and forgets those that ended
   * long enough ago, with their deliveries, attempts and inbox entries: about `rows` rows. The notification whose
   * entry is the last in the inbox of all is left, so that no number of an entry is ever given twice.
   */
  forget(request: {
    readonly endedBefore: EndedBefore;
    readonly after: NotificationId | null;
    readonly rows: number;
  }): Promise<{
    readonly notifications: number;
    /** Where to go on; null: none that is left is old enough. */
    readonly next: NotificationId | null;
  }>;

  /** Forgets the oldest messages of the sandbox as long as they were caught before a time; answers how many. */
  forgetCaught(before: number, limit: number): Promise<number>;

  /**
   * Forgets figures from before a minute since the epoch; answers how many rows. What was accepted then goes on to be
   * counted, so that all that was ever accepted can be held against what is there.
   */
  forgetCounters(beforeMinute: number, limit: number): Promise<number>;
}

/** How many deliveries one call looks at: more than all legs that a notification can have. */
export const LEGS_AT_ONCE = 300;

/**
 * Figures of minute 0 are sums of what was forgotten: `notifications`, and of counters those of what was `accepted`. So
 * what was ever accepted is the same as what is there and what was forgotten.
 */
export const FORGOTTEN_MINUTE = 0;
