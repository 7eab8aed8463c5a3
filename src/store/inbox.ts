import type { DeliveryId } from '../domain/ids.ts';
import type { NewInboxEntry } from '../domain/inbox-entry.ts';

/**
 * A small port of its own: what users see in their inbox. Entries come there with the changes of deliveries. Rules for
 * errors and durability as in store.ts.
 */
export interface InboxStore {
  /** Newest first. `status` null: everything that is not archived. */
  listInbox(
    userId: string,
    status: InboxStatus | null,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<InboxPage>;
  /** `total` leaves archived ones out, `unseen` and `unread` too. */
  countInbox(userId: string): Promise<InboxCounts>;
  /** Marks one entry; answers it as it is now, or null if the user has no such entry. Idempotent. */
  markInboxEntry(userId: string, id: DeliveryId, mark: InboxMark, now: number): Promise<InboxEntry | null>;
  /** Marks many: those named, or all created before a time (null: all). Answers how many changed. */
  markInbox(
    userId: string,
    mark: InboxMark,
    which: { readonly ids: readonly DeliveryId[] } | { readonly before: number | null },
    now: number,
  ): Promise<number>;

  /** The point after everything that has happened in any inbox. */
  endOfInboxes(): Promise<string>;
  /**
   * What has happened in a user's inbox since a point, in order, at most `limit`; null: not all of that is known any
   * more, or it is no point of this store. Nothing ever appears later before something that was answered already.
   */
  inboxAfter(userId: string, point: string, limit: number): Promise<InboxNews | null>;
  /**
   * In whose inboxes something has happened since a point, looking at no more than `limit` happenings; null as above.
   * At the end `point` stays as it was given.
   */
  inboxesAfter(
    point: string,
    limit: number,
  ): Promise<{ readonly userIds: ReadonlySet<string>; readonly point: string } | null>;
  /** Forgets marks from before a time, at most `limit`, never the newest; answers how many. */
  forgetMarks(before: number, limit: number): Promise<number>;
}

export const INBOX_STATUSES = ['unread', 'read', 'archived'] as const;
export type InboxStatus = (typeof INBOX_STATUSES)[number];

export const INBOX_MARKS = ['seen', 'read', 'unread', 'archive', 'unarchive'] as const;
/** `read` means seen too; `unread` takes only the reading back. */
export type InboxMark = (typeof INBOX_MARKS)[number];

export interface InboxEntry extends NewInboxEntry {
  readonly seenAt: number | null;
  readonly readAt: number | null;
  readonly archivedAt: number | null;
}

export interface InboxNews {
  readonly happenings: readonly InboxHappening[];
  /** Where to read on, which can be further than the last of them: what came after it was of others. */
  readonly point: string;
}

export type InboxHappening = {
  /** The point after it. */
  readonly point: string;
} & (
  | { readonly kind: 'added'; readonly entry: InboxEntry }
  /** What changed, of what had come until then: those named, or all created before a time (null: all). */
  | { readonly kind: 'marked'; readonly mark: InboxMark; readonly ids: readonly DeliveryId[] }
  | { readonly kind: 'marked'; readonly mark: InboxMark; readonly before: number | null }
);

export interface InboxCounts {
  readonly total: number;
  readonly unread: number;
  readonly unseen: number;
}

export interface InboxPage {
  readonly items: readonly InboxEntry[];
  readonly next: string | null;
}
