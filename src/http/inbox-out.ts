import { formatTime } from '../domain/time.ts';
import type { InboxEntry } from '../store/inbox.ts';
import { timeOrNull } from './notification-out.ts';

export function inboxItemOut(entry: InboxEntry) {
  return {
    id: entry.id,
    notification_id: entry.notificationId,
    title: entry.title,
    body: entry.body,
    action_url: entry.actionUrl,
    data: entry.data,
    created_at: formatTime(entry.createdAt),
    seen_at: timeOrNull(entry.seenAt),
    read_at: timeOrNull(entry.readAt),
    archived_at: timeOrNull(entry.archivedAt),
  };
}
