import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { withQuery } from '../../api/client.ts';
import type { Attempt, Notification } from '../../api/types.ts';
import { channelWord } from '../../parts/channel.tsx';
import { Ban, Check, CircleHelp, Clock, FlaskConical, type Icon, RotateCw, Send, X } from '../../parts/icons.tsx';
import { Panel } from '../../parts/panel.tsx';
import { reasonWords } from '../../parts/reason-words.ts';
import { StatusBadge, statusWord } from '../../parts/status-badge.tsx';
import { Countdown, When } from '../../parts/when.tsx';
import { PLACES } from '../../places.ts';
import { type Leg, legsOf, type Station } from './trip.ts';

/** What happened, from the request to now, station by station. */
export function Timeline({ notification }: { notification: Notification }) {
  const legs = legsOf(notification);
  return (
    <Panel title="The trip">
      <ol className="timeline">
        <Stop tone="accent" icon={Check} title="Accepted" at={notification.created_at}>
          On disk before the answer left.
        </Stop>
      </ol>
      {legs.map((leg, index) => (
        <LegPart key={leg.delivery.id} leg={leg} number={legs.length > 1 ? index + 1 : null} id={notification.id} />
      ))}
    </Panel>
  );
}

function LegPart({ leg, number, id }: { leg: Leg; number: number | null; id: string }) {
  const route = leg.delivery.channels.map(channelWord).join(' → ');
  return (
    <section className="leg" aria-label={number === null ? 'Attempts' : `Leg ${number}: ${route}`}>
      <h3 className="leg-head">
        {number === null ? 'Route' : `Leg ${number}`} <span className="dim">{route}</span>
        {number !== null && <StatusBadge status={leg.delivery.status} />}
      </h3>
      <ol className="timeline">
        {leg.stations.map((station, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: stations are only ever added at the end
          <StationStop key={index} station={station} id={id} />
        ))}
      </ol>
    </section>
  );
}

function StationStop({ station, id }: { station: Station; id: string }) {
  switch (station.kind) {
    case 'attempt':
      return <AttemptStop attempt={station.attempt} id={id} />;
    case 'accepted':
      return <Stop tone="accent" icon={Check} title="Accepted" at={station.at} />;
    case 'waits':
      return (
        <Stop tone="violet" icon={Clock} title="Waits for its time">
          To be sent <Countdown to={station.until} />, on <When at={station.until} />.
        </Stop>
      );
    case 'under_way':
      return (
        <Stop tone="blue" icon={Send} title="A provider is being called" moves>
          Its answer is awaited.
        </Stop>
      );
    case 'next':
      return (
        <Stop tone={station.status === 'retrying' ? 'amber' : 'blue'} icon={RotateCw} title="Next attempt" moves>
          <Countdown to={station.at} />{' '}
          <span className="dim">
            (<When at={station.at} />)
          </span>
          {station.reason !== null && <> because of: {reasonWords(station.reason).toLowerCase()}.</>}
        </Stop>
      );
    case 'end':
      return <EndStop {...station} />;
  }
}

const ENDS: Readonly<Record<string, { readonly tone: string; readonly icon: Icon }>> = {
  sent: { tone: 'green', icon: Check },
  delivered: { tone: 'green', icon: Check },
  failed: { tone: 'red', icon: X },
};

function EndStop({ status, reason, at }: Extract<Station, { kind: 'end' }>) {
  const { tone, icon } = ENDS[status] ?? { tone: 'gray', icon: Ban };
  return (
    <Stop tone={tone} icon={icon} title={statusWord(status)} at={at}>
      {reason !== null && reason !== status && (
        <>
          {reasonWords(reason)}{' '}
          <a href={`/docs/errors#${encodeURIComponent(reason)}`} className="code">
            {reason}
          </a>
        </>
      )}
    </Stop>
  );
}

const OUTCOMES = {
  accepted: { tone: 'green', icon: Check, words: 'took it' },
  rejected: { tone: 'red', icon: X, words: 'refused it for good' },
  deferred: { tone: 'amber', icon: RotateCw, words: 'could not take it now' },
  unknown: { tone: 'amber', icon: CircleHelp, words: 'gave no clear answer' },
} as const;

function AttemptStop({ attempt, id }: { attempt: Attempt; id: string }) {
  const { tone, icon, words } = OUTCOMES[attempt.outcome] ?? OUTCOMES.unknown;
  const isCaught = attempt.provider === 'sandbox' && attempt.outcome === 'accepted';
  const who = attempt.provider === null ? 'nobody was called' : `${attempt.provider} ${words}`;
  return (
    <Stop
      tone={tone}
      icon={icon}
      title={`${channelWord(attempt.channel)}: ${who}`}
      at={attempt.started_at}
      side={<span className="figure">{durationWords(attempt.duration_ms)}</span>}
    >
      {attempt.code !== null && (
        <>
          {reasonWords(attempt.code)}{' '}
          <a href={`/docs/errors#${encodeURIComponent(attempt.code)}`} className="code">
            {attempt.code}
          </a>
        </>
      )}
      {attempt.detail !== null && <p className="words vendor">{attempt.detail}</p>}
      {attempt.provider_message_id !== null && !isCaught && (
        <p className="dim">
          Its id there: <span className="code">{attempt.provider_message_id}</span>
        </p>
      )}
      {isCaught && (
        <Link href={withQuery(PLACES.sandbox, { notification: id })} className="channel">
          <FlaskConical />
          See what was caught
        </Link>
      )}
    </Stop>
  );
}

function durationWords(ms: number): string {
  if (ms < 1) return '< 1 ms';
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function Stop({
  tone,
  icon: Icon,
  title,
  at = null,
  side,
  moves = false,
  children,
}: {
  tone: string;
  icon: Icon;
  title: string;
  at?: string | null;
  side?: ReactNode;
  moves?: boolean;
  children?: ReactNode;
}) {
  return (
    <li className="stop" data-tone={tone} data-moving={moves || undefined}>
      <span className="stop-mark" aria-hidden="true">
        <Icon />
      </span>
      <div className="stop-head">
        <strong>{title}</strong>
        <span className="dim stop-when">
          {side}
          {at !== null && <When at={at} />}
        </span>
      </div>
      <div className="stop-words">{children}</div>
    </li>
  );
}
