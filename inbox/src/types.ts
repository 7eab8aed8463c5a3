/** An entry of the inbox, as the API tells it. Times are RFC 3339, in UTC. */
export interface InboxItem {
  readonly id: string;
  readonly notification_id: string;
  readonly title: string | null;
  readonly body: string;
  readonly action_url: string | null;
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly created_at: string;
  readonly seen_at: string | null;
  readonly read_at: string | null;
  readonly archived_at: string | null;
}

/** Archived entries are left out of all three. */
export interface InboxCounts {
  readonly total: number;
  readonly unread: number;
  readonly unseen: number;
}

export type InboxMark = 'seen' | 'read' | 'unread' | 'archive' | 'unarchive';

/** `all` is everything that is not archived. */
export type InboxFilter = 'all' | 'unread' | 'archived';

/** Which entries a mark means: those named, or all that were created before a time (null: all). */
export type Which = { readonly ids: readonly string[] } | { readonly before: string | null };

/**
 * How the inbox hears of news. `connecting`: for the first time. `reconnecting`: it tries again by itself. `offline`:
 * the browser has no network. `paused`: the page has been hidden for a while. `stopped`: not started, or refused for good.
 */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'paused' | 'stopped';
