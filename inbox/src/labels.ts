/** Every word of the component. Hand over those that are to be others: `element.labels = { title: 'Mitteilungen' }`. */
export interface InboxLabels {
  readonly title: string;
  /** The bell, for screen readers. */
  readonly bell: (unread: number) => string;
  readonly all: string;
  readonly unread: string;
  readonly archived: string;
  /** What the three filters are, for screen readers. */
  readonly show: string;
  readonly markAllRead: string;
  readonly markRead: string;
  readonly markUnread: string;
  readonly archive: string;
  readonly unarchive: string;
  readonly more: string;
  readonly loading: string;
  readonly noneAtAll: string;
  readonly noneUnread: string;
  readonly noneArchived: string;
  readonly failed: string;
  readonly retry: string;
  /** A mark that was taken back. */
  readonly notSaved: string;
  readonly offline: string;
  readonly reconnecting: string;
  /** What screen readers are told when an entry arrives. */
  readonly arrived: (title: string) => string;
}

export const ENGLISH: InboxLabels = {
  title: 'Notifications',
  bell: (unread) => (unread === 0 ? 'Notifications' : `Notifications, ${unread} unread`),
  all: 'All',
  unread: 'Unread',
  archived: 'Archived',
  show: 'Show',
  markAllRead: 'Mark all as read',
  markRead: 'Mark as read',
  markUnread: 'Mark as unread',
  archive: 'Archive',
  unarchive: 'Move back to the inbox',
  more: 'Show more',
  loading: 'Loading…',
  noneAtAll: 'Nothing yet. What is new will show up here.',
  noneUnread: 'You have read everything.',
  noneArchived: 'Nothing is archived.',
  failed: 'Your notifications cannot be shown right now.',
  retry: 'Try again',
  notSaved: 'That could not be saved. Try again.',
  offline: 'You are offline. This is what was here last.',
  reconnecting: 'Reconnecting…',
  arrived: (title) => `New notification: ${title}`,
};
