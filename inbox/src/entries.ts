import type { InboxCounts, InboxFilter, InboxItem, InboxMark, Which } from './types.ts';

/** A change that was asked for and is shown, though the service has not answered yet. */
export interface Change {
  readonly as: InboxMark;
  readonly which: Which;
  readonly at: string;
}

/** The same object where the mark changes nothing. As the service does it: read means seen too, unread takes only the reading back. */
export function marked(item: InboxItem, as: InboxMark, at: string): InboxItem {
  switch (as) {
    case 'seen':
      return item.seen_at === null ? { ...item, seen_at: at } : item;
    case 'read':
      return item.read_at === null ? { ...item, read_at: at, seen_at: item.seen_at ?? at } : item;
    case 'unread':
      return item.read_at === null ? item : { ...item, read_at: null };
    case 'archive':
      return item.archived_at === null ? { ...item, archived_at: at } : item;
    case 'unarchive':
      return item.archived_at === null ? item : { ...item, archived_at: null };
  }
}

export function changed(item: InboxItem, { as, which, at }: Change): InboxItem {
  const isMeant =
    'ids' in which ? which.ids.includes(item.id) : which.before === null || item.created_at < which.before;
  return isMeant ? marked(item, as, at) : item;
}

/** Whether what the service tells of is what was asked for: of named entries it names those that changed. */
export function isNewsOf(news: Change, { as, which }: Change): boolean {
  if (news.as !== as) return false;
  if ('ids' in news.which) return 'ids' in which && news.which.ids.every((id) => which.ids.includes(id));
  return 'before' in which;
}

export function fits(item: InboxItem, filter: InboxFilter): boolean {
  if (filter === 'archived') return item.archived_at !== null;
  return item.archived_at === null && (filter === 'all' || item.read_at === null);
}

/** Whether a change can bring entries into a list which that list does not know yet. */
export function bringsInto(as: InboxMark, filter: InboxFilter): boolean {
  return as === 'archive'
    ? filter === 'archived'
    : as === 'unarchive'
      ? filter !== 'archived'
      : as === 'unread' && filter === 'unread';
}

/** What the counts will be after the changes, as far as the entries are known. */
export function countsAfter(counts: InboxCounts, items: readonly InboxItem[], changes: readonly Change[]): InboxCounts {
  let [{ total, unread, unseen }, now] = [counts, items];
  for (const change of changes) {
    for (const item of now) {
      const [before, after] = [share(item), share(changed(item, change))];
      total += after.total - before.total;
      unread += after.unread - before.unread;
      unseen += after.unseen - before.unseen;
    }
    now = now.map((item) => changed(item, change));
    // A change of everything covers what is not loaded, too.
    if ('before' in change.which) {
      if (change.as === 'archive') [total, unread, unseen] = [0, 0, 0];
      if (change.as === 'read') unread = 0;
      if (change.as === 'read' || change.as === 'seen') unseen = 0;
    }
  }
  return { total: Math.max(0, total), unread: Math.max(0, unread), unseen: Math.max(0, unseen) };
}

function share({ archived_at, read_at, seen_at }: InboxItem): InboxCounts {
  if (archived_at !== null) return { total: 0, unread: 0, unseen: 0 };
  return { total: 1, unread: read_at === null ? 1 : 0, unseen: seen_at === null ? 1 : 0 };
}

export function newestFirst(a: InboxItem, b: InboxItem): number {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}
