import { Link } from 'wouter';
import { withQuery } from '../api/client.ts';
import { isOver, useNotification } from '../api/queries.ts';
import { PLACES, placeOf } from '../places.ts';
import { channelWord } from './channel.tsx';
import { FlaskConical } from './icons.tsx';
import { Bones, Failed } from './states.tsx';
import { StatusBadge } from './status-badge.tsx';
import { Countdown } from './when.tsx';

/** A notification that has just been sent, followed until nothing more will happen. */
export function Progress({ id }: { id: string }) {
  const { data, error } = useNotification(id);
  if (data === undefined)
    return error === null ? <Bones lines={1} label="It is on its way" /> : <Failed error={error} />;
  const last = data.attempts.at(-1);
  const isCaught = data.attempts.some(({ provider }) => provider === 'sandbox');
  const next = data.deliveries.find(({ next_attempt_at }) => next_attempt_at !== null)?.next_attempt_at ?? null;
  return (
    <div className="progress" role="status">
      <StatusBadge status={data.status} />
      <span>
        {last === undefined
          ? 'Accepted; it is on disk.'
          : `${channelWord(last.channel)} by ${last.provider ?? 'nobody'}: ${last.outcome}${last.outcome === 'accepted' ? ` in ${Math.round(last.duration_ms)} ms` : ''}.`}{' '}
        {!isOver(data.status) && data.status !== 'pending' && next !== null && (
          <>
            Next attempt <Countdown to={next} />.
          </>
        )}
      </span>
      <span className="row wraps">
        <Link className="button small" href={placeOf(id)}>
          See its trip
        </Link>
        {isCaught && (
          <Link className="button small" href={withQuery(PLACES.sandbox, { notification: id })}>
            <FlaskConical />
            See what was caught
          </Link>
        )}
      </span>
    </div>
  );
}
