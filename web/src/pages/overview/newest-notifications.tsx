import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { NotificationItem, Page } from '../../api/types.ts';
import { Inbox } from '../../parts/icons.tsx';
import { Panel } from '../../parts/panel.tsx';
import { recipientWords } from '../../parts/recipient-words.ts';
import { Bones, Empty, Failed } from '../../parts/states.tsx';
import { StatusBadge } from '../../parts/status-badge.tsx';
import { When } from '../../parts/when.tsx';
import { PLACES, placeOf } from '../../places.ts';

export function NewestNotifications({ query }: { query: UseQueryResult<Page<NotificationItem>> }) {
  const { data, error } = query;
  return (
    <Panel title="Newest" side={<Link href={PLACES.notifications}>All notifications</Link>} flush>
      {data === undefined ? (
        error === null ? (
          <Bones lines={5} label="Notifications are loading" />
        ) : (
          <Failed error={error} />
        )
      ) : data.data.length === 0 ? (
        <Empty icon={Inbox} title="No notifications yet" />
      ) : (
        <ul className="lines">
          {data.data.map(({ id, status, title, message, recipient, created_at }) => (
            <li key={id}>
              <Link href={placeOf(id)} className="line-link">
                <StatusBadge status={status} />
                <span className="line-words">
                  <span className="clip">{title ?? message}</span>
                  <span className="clip dim">{recipientWords(recipient)}</span>
                </span>
                <span className="dim line-when">
                  <When at={created_at} relative />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
