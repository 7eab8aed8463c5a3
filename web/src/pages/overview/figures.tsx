import { Link } from 'wouter';
import { withQuery } from '../../api/client.ts';
import type { Stats } from '../../api/types.ts';
import { spanWords } from '../../parts/when.tsx';
import { PLACES } from '../../places.ts';

const NUMBER = new Intl.NumberFormat();

/** The figures in a row; each leads to what it counts. */
export function Figures({ stats, window }: { stats: Stats | null; window: string }) {
  const by = stats?.by_status ?? {};
  const sum = (...statuses: readonly string[]) => statuses.reduce((total, status) => total + (by[status] ?? 0), 0);
  const oldest = stats?.queue.oldest_age_ms ?? null;
  const late = oldest !== null && oldest >= 1_000 ? `oldest for ${spanWords(oldest)}` : 'nothing is late';
  const span = `in ${SPANS[window] ?? window}`;
  const figures: readonly Figure[] = [
    { name: 'Accepted', value: stats?.total, about: span, status: null, tone: 'plain' },
    { name: 'Sent', value: sum('sent', 'delivered'), about: span, status: 'sent', tone: 'green' },
    { name: 'Failed', value: sum('failed'), about: span, status: 'failed', tone: 'red' },
    { name: 'Retrying', value: sum('retrying'), about: 'now', status: 'retrying', tone: 'amber' },
    { name: 'Scheduled', value: sum('scheduled'), about: 'now', status: 'scheduled', tone: 'violet' },
    { name: 'In the queue', value: stats?.queue.depth, about: late, status: 'pending', tone: 'blue' },
  ];
  return (
    <ul className="figures panel">
      {figures.map((figure) => (
        <OneFigure key={figure.name} {...figure} isKnown={stats !== null} />
      ))}
    </ul>
  );
}

const SPANS: Readonly<Record<string, string>> = {
  '1h': 'the last hour',
  '24h': 'the last 24 hours',
  '7d': 'the last 7 days',
  '30d': 'the last 30 days',
};

interface Figure {
  readonly name: string;
  readonly value: number | undefined;
  readonly about: string;
  readonly status: string | null;
  readonly tone: string;
}

function OneFigure({ name, value, about, status, tone, isKnown }: Figure & { isKnown: boolean }) {
  return (
    <li data-tone={tone} data-some={(value ?? 0) > 0 || undefined}>
      <Link href={withQuery(PLACES.notifications, { status })}>
        <span className="figure-name">{name}</span>
        <strong className="figure">
          {isKnown ? NUMBER.format(value ?? 0) : <span className="bone figure-bone" aria-hidden="true" />}
        </strong>
        <span className="figure-about">{isKnown ? about : ' '}</span>
      </Link>
    </li>
  );
}
