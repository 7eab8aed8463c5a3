import { lazy, Suspense } from 'react';
import { Link, useSearchParams } from 'wouter';
import { useNotifications, useStats } from '../../api/queries.ts';
import { Send } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Segmented } from '../../parts/segmented.tsx';
import { Failed, Stale } from '../../parts/states.tsx';
import { PLACES } from '../../places.ts';
import { Bars } from './bars.tsx';
import { Figures } from './figures.tsx';
import { FirstSteps } from './first-steps.tsx';
import { NewestFailures } from './newest-failures.tsx';
import { NewestNotifications } from './newest-notifications.tsx';

const SeriesChart = lazy(() => import('./series-chart.tsx').then(({ SeriesChart: chart }) => ({ default: chart })));

const WINDOWS = [
  { value: '1h', word: '1 hour' },
  { value: '24h', word: '24 hours' },
  { value: '7d', word: '7 days' },
  { value: '30d', word: '30 days' },
] as const;

type Window = (typeof WINDOWS)[number]['value'];

/** What is happening now, and what went wrong last. */
export function OverviewPage() {
  const [params, setParams] = useSearchParams();
  const window: Window = WINDOWS.find(({ value }) => value === params.get('window'))?.value ?? '24h';
  const stats = useStats(window);
  const newest = useNotifications({ limit: 8 });
  const isNew = newest.data?.data.length === 0;
  const choose = (value: Window) => setParams(value === '24h' ? {} : { window: value });
  return (
    <Page
      title="Overview"
      steps={
        <>
          <Segmented label="Time span" value={window} options={WINDOWS} onChange={choose} />
          <Link className="button primary to-send" href={PLACES.send}>
            <Send />
            Send
          </Link>
        </>
      }
    >
      {stats.isError && stats.data !== undefined && <Stale error={stats.error} />}
      {stats.isError && stats.data === undefined ? (
        <div className="panel">
          <Failed error={stats.error} again={() => void stats.refetch()} />
        </div>
      ) : (
        <>
          <FirstSteps isNew={isNew} />
          <Figures stats={stats.data ?? null} window={window} />
          <Panel title="Traffic" side={<ChartKey />}>
            <div className="chart">
              <Suspense fallback={null}>
                {stats.data !== undefined && <SeriesChart series={stats.data.series} window={window} />}
              </Suspense>
            </div>
          </Panel>
          <div className="halves">
            <NewestNotifications query={newest} />
            <NewestFailures />
          </div>
          <div className="halves">
            <Bars title="By channel" counts={stats.data?.by_channel ?? null} isChannel />
            <Bars title="By provider" counts={stats.data?.by_provider ?? null} />
          </div>
        </>
      )}
    </Page>
  );
}

function ChartKey() {
  return (
    <ul className="chart-key" aria-hidden="true">
      <li data-series="accepted">Accepted</li>
      <li data-series="sent">Sent</li>
      <li data-series="failed">Failed</li>
    </ul>
  );
}
