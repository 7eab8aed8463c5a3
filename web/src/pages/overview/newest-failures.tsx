import { Link } from 'wouter';
import { useDeadLetters } from '../../api/queries.ts';
import { CircleCheck } from '../../parts/icons.tsx';
import { Panel } from '../../parts/panel.tsx';
import { reasonWords } from '../../parts/reason-words.ts';
import { recipientWords } from '../../parts/recipient-words.ts';
import { Bones, Empty, Failed } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import { PLACES, placeOf } from '../../places.ts';

export function NewestFailures() {
  const { data, error } = useDeadLetters({ limit: 8 });
  return (
    <Panel title="Newest failures" side={<Link href={PLACES.deadLetters}>Dead letters</Link>} flush>
      {data === undefined ? (
        error === null ? (
          <Bones lines={5} label="Failures are loading" />
        ) : (
          <Failed error={error} />
        )
      ) : data.data.length === 0 ? (
        <Empty icon={CircleCheck} title="Nothing has failed for good">
          <p>What does will be listed here, with the reason, until it is retried or discarded.</p>
        </Empty>
      ) : (
        <ul className="lines">
          {data.data.map(({ id, notification_id, reason, failed_at, notification }) => (
            <li key={id}>
              <Link href={placeOf(notification_id)} className="line-link">
                <span className="badge" data-tone="red">
                  {reasonWords(reason ?? 'unknown')}
                </span>
                <span className="line-words">
                  <span className="clip">{notification.title ?? notification.message}</span>
                  <span className="clip dim">{recipientWords(notification.recipient)}</span>
                </span>
                <span className="dim line-when">{failed_at !== null && <When at={failed_at} relative />}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
