import type { DeliveryId, NotificationId } from '../../domain/ids.ts';
import type { NewInboxEntry } from '../../domain/inbox-entry.ts';
import type { InboxCounts, InboxEntry, InboxMark, InboxPage, InboxStatus } from '../inbox.ts';
import { InboxLog } from './inbox-log.ts';

/** The inboxes of all users, the entry that came last first in each. */
export class Inboxes {
  readonly #byUser = new Map<string, InboxEntry[]>();
  readonly #owners = new Map<DeliveryId, string>();
  readonly log = new InboxLog();
  readonly #byNotification = new Map<NotificationId, { readonly userId: string; readonly id: DeliveryId }[]>();

  add(entry: NewInboxEntry): void {
    if (this.#owners.has(entry.id)) return;
    this.#owners.set(entry.id, entry.userId);
    const siblings = this.#byNotification.get(entry.notificationId) ?? [];
    siblings.push({ userId: entry.userId, id: entry.id });
    this.#byNotification.set(entry.notificationId, siblings);
    const entries = this.#byUser.get(entry.userId) ?? [];
    this.#byUser.set(entry.userId, entries);
    const added: InboxEntry = { ...entry, seenAt: null, readAt: null, archivedAt: null };
    entries.unshift(added);
    this.log.added(added, () => this.#find(added.userId, added.id) ?? added);
  }

  list(userId: string, status: InboxStatus | null, page: { limit: number; after: string | null }): InboxPage {
    const entries = this.#byUser.get(userId) ?? [];
    const start = page.after === null ? 0 : entries.findIndex(({ id }) => id === page.after) + 1;
    const found = entries.slice(start).filter((entry) => isIn(entry, status));
    const items = found.slice(0, page.limit);
    const last = items.at(-1);
    return { items, next: last !== undefined && found.length > items.length ? last.id : null };
  }

  count(userId: string): InboxCounts {
    const shown = (this.#byUser.get(userId) ?? []).filter((entry) => entry.archivedAt === null);
    return {
      total: shown.length,
      unread: shown.filter((entry) => entry.readAt === null).length,
      unseen: shown.filter((entry) => entry.seenAt === null).length,
    };
  }

  mark(userId: string, id: DeliveryId, mark: InboxMark, now: number): InboxEntry | null {
    this.markMany(userId, mark, { ids: [id] }, now);
    return this.#find(userId, id) ?? null;
  }

  markMany(
    userId: string,
    mark: InboxMark,
    which: { readonly ids: readonly DeliveryId[] } | { readonly before: number | null },
    now: number,
  ): number {
    const entries = this.#byUser.get(userId) ?? [];
    const isMeant =
      'ids' in which
        ? (entry: InboxEntry) => which.ids.includes(entry.id)
        : (entry: InboxEntry) => which.before === null || entry.createdAt < which.before;
    const changed: DeliveryId[] = [];
    for (const [place, entry] of entries.entries()) {
      const after = isMeant(entry) ? marked(entry, mark, now) : entry;
      if (after === entry) continue;
      entries[place] = after;
      changed.push(after.id);
    }
    if (changed.length > 0) this.log.marked(userId, mark, 'ids' in which ? { ids: changed } : which, now);
    return changed.length;
  }

  #find(userId: string, id: DeliveryId): InboxEntry | undefined {
    return this.#byUser.get(userId)?.find((entry) => entry.id === id);
  }

  /** When a notification was first read; null: not (any more). */
  readAtOf(id: NotificationId): number | null {
    const times = (this.#byNotification.get(id) ?? []).flatMap(({ userId, id: entryId }) => {
      const entry = this.#find(userId, entryId);
      return entry === undefined || entry.readAt === null ? [] : [entry.readAt];
    });
    return times.length > 0 ? Math.min(...times) : null;
  }
}

/** The same object where the mark changes nothing. */
function marked(entry: InboxEntry, mark: InboxMark, now: number): InboxEntry {
  switch (mark) {
    case 'seen':
      return entry.seenAt === null ? { ...entry, seenAt: now } : entry;
    case 'read':
      return entry.readAt === null ? { ...entry, readAt: now, seenAt: entry.seenAt ?? now } : entry;
    case 'unread':
      return entry.readAt === null ? entry : { ...entry, readAt: null };
    case 'archive':
      return entry.archivedAt === null ? { ...entry, archivedAt: now } : entry;
    case 'unarchive':
      return entry.archivedAt === null ? entry : { ...entry, archivedAt: null };
  }
}

function isIn(entry: InboxEntry, status: InboxStatus | null): boolean {
  if (status === 'archived') return entry.archivedAt !== null;
  if (entry.archivedAt !== null) return false;
  return status === null || (entry.readAt !== null) === (status === 'read');
}
