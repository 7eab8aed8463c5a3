import type { Channel } from '../domain/channel.ts';
import type { Delivery, DeliveryStatus } from '../domain/delivery.ts';
import type { DeliveryId, NotificationId } from '../domain/ids.ts';
import type { NewInboxEntry } from '../domain/inbox-entry.ts';
import type { Notification, Priority } from '../domain/notification.ts';
import type { Attempt } from '../domain/outcome.ts';

/**
 * The port to the truth. Every method is a batch and is atomic per item unless it says otherwise; a promise resolves
 * only when what it did is durable. Times are ms on the store's own clock.
 *
 * Every method may throw `StoreUnavailable`: later it may work. Then nothing of an `accept` was done, and of the others
 * each item was done or not as a whole, so asking again is safe.
 */
export interface Store {
  /** Whether a claim is never done before a `write` that was asked for before it. */
  readonly claimsAfterWrites: boolean;

  /**
   * Writes submissions, each all or nothing, its idempotency key in the same transaction.
   * Idempotent by that key: a key seen before writes nothing and answers what was stored with it.
   */
  accept(submissions: readonly Submission[]): Promise<readonly AcceptResult[]>;

  /** What was stored with a key; null: it was not seen, or is forgotten. */
  findAnswer(scope: string, key: string): Promise<{ readonly fingerprint: string; readonly answer: string } | null>;

  /**
   * Takes up to `limit` deliveries that are due, oldest first within a priority, priorities in the given order.
   * Each becomes `sending` by the rules of `transition`'s event `claimed`. No delivery goes to two callers.
   */
  claimDue(request: {
    readonly limit: number;
    readonly order: readonly Priority[];
    readonly leaseMs: number;
  }): Promise<readonly Claim[]>;

  /**
   * The same for deliveries named by a queue: pending ones whether they are due or not, as they were handed over. Those
   * that cannot be claimed, or are not there, are left out.
   */
  claim(ids: readonly DeliveryId[], leaseMs: number): Promise<readonly Claim[]>;

  /** Deliveries whose lease has run out, longest ago first. Reads only: `write` decides who reclaims them. */
  expiredLeases(limit: number): Promise<readonly Claim[]>;

  /** Extends leases that are still held and have not run out; false where one is not, or has. */
  renew(leases: readonly Lease[], leaseMs: number): Promise<readonly boolean[]>;

  /**
   * Writes new states, each group all or nothing. A group is refused (false) if any of its deliveries no longer has
   * the version before the change, `after.version - 1`: the fence.
   */
  write(groups: readonly (readonly Change[])[]): Promise<readonly boolean[]>;

  /** When the next delivery can be claimed, which may be in the past; null if none waits. Leases do not count. */
  nextDueAt(): Promise<number | null>;

  find(id: NotificationId): Promise<NotificationRecord | null>;

  /** Newest first. Looks at no more than `page.scan` notifications, so a page can be short and still have a next one. */
  list(filter: NotificationFilter, page: PageRequest): Promise<Page<NotificationRecord>>;

  /** Deliveries that failed and were not set aside; newest notification first. Pages as `list` does. */
  deadLetters(
    filter: NotificationFilter & { readonly code?: string },
    page: PageRequest,
  ): Promise<Page<Claim & { readonly log: readonly Attempt[] }>>;

  /** Figures since a time; the deliveries that are unfinished are counted as they are now. */
  stats(since: number): Promise<StoreStats>;

  /** How many deliveries are due now, and since when the oldest is (null: none). Counts up to 100,000. */
  backlog(): Promise<{ readonly depth: number; readonly oldestDueAt: number | null }>;

  /** Forgets idempotency keys from before `keysBefore`, at most `limit` a call; answers how many. */
  purge(request: { readonly keysBefore: number; readonly limit: number }): Promise<number>;

  /** Resolves if a durable write works now. */
  probe(): Promise<void>;

  /**
   * Gives up every connection, with whatever waits on it, and makes new ones: for somebody to whom the store seems to
   * be stuck. Calls under way are answered all the same, or fail as above. Nothing to do where there is no connection.
   */
  reconnect(): Promise<void>;

  /** Finishes what is under way and lets go of everything. Idempotent. */
  close(): Promise<void>;
}

/** The store cannot be used right now: locked, full, unreachable, or it has too much to do. */
export class StoreUnavailable extends Error {
  readonly overloaded: boolean;
  constructor(message: string, options: { cause?: unknown; overloaded?: boolean } = {}) {
    super(message, options);
    this.name = 'StoreUnavailable';
    this.overloaded = options.overloaded ?? false;
  }
}

/** The store cannot be used as it is set up, and waiting would not change that: a sentence for whoever set it up. */
export class WrongDatabase extends Error {}

export interface Submission {
  readonly notifications: readonly NewNotification[];
  readonly key: IdempotencyKey | null;
}

export interface NewNotification {
  readonly notification: Notification;
  readonly deliveries: readonly Delivery[];
  /** Attempts that are known from the start: channels without an address. */
  readonly attempts: ReadonlyMap<DeliveryId, readonly Attempt[]>;
}

export interface IdempotencyKey {
  /** Where the key counts: one route. */
  readonly scope: string;
  readonly key: string;
  /** A digest of the request; the same key with another one is a mismatch. */
  readonly fingerprint: string;
  /** What a repeat is answered, byte for byte. */
  readonly answer: string;
  readonly createdAt: number;
}

export type AcceptResult =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'replayed'; readonly answer: string }
  | { readonly kind: 'mismatch' };

export interface Claim {
  readonly delivery: Delivery;
  readonly notification: Notification;
}

export interface Lease {
  readonly id: DeliveryId;
  /** The fencing token. */
  readonly version: number;
}

export interface Change {
  /** As `transition` made it. */
  readonly after: Delivery;
  /** New rows for the log. */
  readonly attempts: readonly Attempt[];
  /** The state is as it was: it is written for its version alone, and counts in no figure. */
  readonly kept?: true;
  /** Set where the notification's own send time changes with it. */
  readonly sendAt?: number;
  /** Comes into the inbox with it, in the same transaction. One with an id that is there already stays as it is. */
  readonly entry?: NewInboxEntry;
}

export interface NotificationRecord {
  readonly notification: Notification;
  readonly deliveries: readonly Delivery[];
  /** In order of delivery, then number. */
  readonly attempts: readonly (Attempt & { readonly deliveryId: DeliveryId })[];
  /** When the person read it in the inbox. */
  readonly readAt: number | null;
}

/** All given conditions must hold. */
export interface NotificationFilter {
  /** The folded status. */
  readonly status?: DeliveryStatus;
  /** A delivery's chain names it. */
  readonly channel?: Channel;
  readonly userId?: string;
  /** Any of the recipient's addresses, or the user id. */
  readonly recipient?: string;
  readonly tag?: string;
  readonly requestId?: string;
  /** ms since the epoch, inclusive. */
  readonly createdAfter?: number;
  /** ms since the epoch, exclusive. */
  readonly createdBefore?: number;
  /** Part of the title or the message; ASCII letters match in either case. */
  readonly text?: string;
}

export interface PageRequest {
  readonly limit: number;
  /** Only what comes after this id in the list's order. */
  readonly after: string | null;
  /** How many rows may be looked at. */
  readonly scan: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it as `after` for the next page; null at the end. */
  readonly next: string | null;
}

export interface StoreStats {
  /** Notifications accepted since then. */
  readonly accepted: number;
  /** Deliveries: unfinished ones now (by state), finished ones since then. */
  readonly byStatus: Readonly<Partial<Record<DeliveryStatus, number>>>;
  readonly byChannel: Readonly<Record<string, number>>;
  readonly byProvider: Readonly<Record<string, number>>;
  /** One entry a minute in which something happened, oldest first; `minute` is its start in ms. */
  readonly series: readonly {
    readonly minute: number;
    readonly accepted: number;
    readonly sent: number;
    readonly failed: number;
  }[];
}
