import { Link } from 'wouter';
import type { Channel, NotificationItem } from '../../api/types.ts';
import { ChannelIcon, channelWord } from '../../parts/channel.tsx';
import { recipientWords } from '../../parts/recipient-words.ts';
import { StatusBadge } from '../../parts/status-badge.tsx';
import { When } from '../../parts/when.tsx';
import { placeOf } from '../../places.ts';

/** The whole row leads to the notification, by the one link in it. */
export function NotificationRow({ notification }: { notification: NotificationItem }) {
  const { id, status, title, message, recipient, deliveries, created_at } = notification;
  return (
    <tr>
      <td>
        <StatusBadge status={status} />
      </td>
      <td className="cell-words">
        <Link href={placeOf(id)} className="row-link clip">
          {title ?? message}
        </Link>
        {title !== null && <span className="clip dim">{message}</span>}
      </td>
      <td className="cell-recipient">
        <span className="clip">{recipientWords(recipient)}</span>
      </td>
      <td>
        <Chain deliveries={deliveries} />
      </td>
      <td className="cell-when dim">
        <When at={created_at} relative />
      </td>
    </tr>
  );
}

function Chain({ deliveries }: { deliveries: NotificationItem['deliveries'] }) {
  const used = new Set(deliveries.map(({ channel_used }) => channel_used));
  const channels: readonly Channel[] = [...new Set(deliveries.flatMap((delivery) => delivery.channels))];
  const words = channels.map((channel) => `${channelWord(channel)}${used.has(channel) ? ' (used)' : ''}`).join(', ');
  const only = channels.length === 1 ? channels[0] : undefined;
  return (
    <span className="chain" title={words}>
      <span className="unseen">{words}</span>
      {channels.map((channel) => (
        <span key={channel} data-used={used.has(channel) || undefined} aria-hidden="true" className="channel">
          <ChannelIcon channel={channel} />
        </span>
      ))}
      {only !== undefined && (
        <span className="dim" aria-hidden="true">
          {channelWord(only)}
        </span>
      )}
    </span>
  );
}
