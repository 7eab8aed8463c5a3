import { Link } from 'wouter';
import { ApiProblem } from '../../api/client.ts';
import { useNotification } from '../../api/queries.ts';
import { ArrowLeft, SearchX } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { recipientWords } from '../../parts/recipient-words.ts';
import { Bones, Empty, Failed, Stale } from '../../parts/states.tsx';
import { StatusBadge } from '../../parts/status-badge.tsx';
import { When } from '../../parts/when.tsx';
import { PLACES } from '../../places.ts';
import { Facts } from './facts.tsx';
import { Steps } from './steps.tsx';
import { Timeline } from './timeline.tsx';

/** One notification and its whole trip, followed while it goes on. */
export function NotificationPage({ id }: { id: string }) {
  const { data, error, refetch } = useNotification(id);
  if (data === undefined) {
    const isMissing = error instanceof ApiProblem && error.status === 404;
    return (
      <Page title="Notification">
        <div className="panel">
          {error === null ? (
            <Bones lines={9} label="The notification is loading" />
          ) : isMissing ? (
            <Empty icon={SearchX} title="There is no such notification">
              <p>Its id may have been cut off when it was copied.</p>
              <Link className="button" href={PLACES.notifications}>
                To all notifications
              </Link>
            </Empty>
          ) : (
            <Failed error={error} again={() => void refetch()} />
          )}
        </div>
      </Page>
    );
  }
  const name = data.title ?? data.message;
  return (
    <Page
      title={<span className="heading-words">{name}</span>}
      tab={name.slice(0, 60)}
      lead={
        <span className="row wraps">
          <StatusBadge status={data.status} />
          <span className="clip">to {recipientWords(data.recipient)}</span>
          <span>
            <When at={data.created_at} relative />
          </span>
        </span>
      }
      steps={<Steps notification={data} />}
    >
      <Link href={PLACES.notifications} className="back">
        <ArrowLeft />
        Notifications
      </Link>
      {error !== null && <Stale error={error} />}
      <div className="trip">
        <Timeline notification={data} />
        <Facts notification={data} />
      </div>
    </Page>
  );
}
