import { useEffect, useMemo, useRef } from 'react';
import UPlot, { type AlignedData, type Options, type Series } from 'uplot';
import type { Stats } from '../../api/types.ts';
import 'uplot/dist/uPlot.min.css';

type Steps = Stats['series'];

const HOUR = 3_600_000;
/** Spans in ms; the service makes about 144 steps of each, of a whole number of minutes. */
const SPANS: Readonly<Record<string, number>> = { '1h': HOUR, '24h': 24 * HOUR, '7d': 168 * HOUR, '30d': 720 * HOUR };
const SERIES = [
  { name: 'accepted', color: '--chart-accepted' },
  { name: 'sent', color: '--chart-sent' },
  { name: 'failed', color: '--chart-failed' },
] as const;
const HEIGHT = 210;

/** Drawn on a canvas; the table below says the same to whoever cannot see it. */
export function SeriesChart({ series, window: span }: { series: Steps; window: string }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | null>(null);
  const data = useMemo(() => alignedData(series, span), [series, span]);
  const first = useRef(data);
  first.current = data;

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new UPlot(optionsFor(element, span), first.current, element);
    };
    draw();
    const sizes = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    // A canvas does not take part in the theme.
    const themes = new MutationObserver(draw);
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', draw);
    return () => {
      sizes.disconnect();
      themes.disconnect();
      system.removeEventListener('change', draw);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [span]);
  useEffect(() => chart.current?.setData(data), [data]);

  return (
    <>
      <div ref={place} aria-hidden="true" className="chart-place" />
      {/* A table is as wide as its words, whatever its width: what hides it stands around it. */}
      <div className="unseen">
        <table>
          <caption>Traffic, step by step; steps in which nothing happened are left out</caption>
          <thead>
            <tr>
              <th>From</th>
              <th>Accepted</th>
              <th>Sent</th>
              <th>Failed</th>
            </tr>
          </thead>
          <tbody>
            {series.map(({ at, accepted, sent, failed }) => (
              <tr key={at}>
                <th>{at}</th>
                <td>{accepted}</td>
                <td>{sent}</td>
                <td>{failed}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The steps in which nothing happened are put in again: without them lines would be drawn across. */
function alignedData(series: Steps, span: string): AlignedData {
  const length = SPANS[span] ?? 24 * HOUR;
  const step = Math.max(1, Math.ceil(length / 144 / 60_000)) * 60_000;
  const known = new Map(series.map((one) => [Date.parse(one.at), one]));
  const end = Math.floor(Date.now() / step) * step;
  const times: number[] = [];
  for (let time = end - Math.floor(length / step) * step; time <= end; time += step) times.push(time);
  const column = (name: 'accepted' | 'sent' | 'failed') => times.map((time) => known.get(time)?.[name] ?? 0);
  return [times.map((time) => time / 1_000), column('accepted'), column('sent'), column('failed')];
}

function optionsFor(element: HTMLElement, span: string): Options {
  const style = getComputedStyle(element);
  const color = (name: string) => colorOf(element, name);
  const font = `11px ${style.fontFamily}`;
  const axis = { stroke: color('--ink-3'), font, ticks: { show: false }, size: 36 };
  const steps = UPlot.paths.stepped?.({ align: 1 });
  const lines: Series[] = SERIES.map(({ name, color: variable }) => ({
    label: name,
    stroke: color(variable),
    width: 1.75,
    points: { show: false },
    ...(name === 'accepted' ? { fill: color('--chart-fill') } : {}),
    ...(steps === undefined ? {} : { paths: steps }),
  }));
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    padding: [8, 8, 0, 0],
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(4, Math.ceil(max * 1.15))] } },
    axes: [
      { ...axis, size: 26, grid: { show: false }, values: (_plot, times) => times.map((time) => label(time, span)) },
      { ...axis, size: 44, grid: { stroke: color('--line'), width: 1 }, incrs: [...WHOLE] },
    ],
    series: [{}, ...lines],
  };
}

/** Half a notification is none. */
const WHOLE = [1, 2, 5]
  .flatMap((step) => Array.from({ length: 8 }, (_, power) => step * 10 ** power))
  .toSorted((a, b) => a - b);

const OF_A_DAY = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const OF_A_MONTH = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

function label(seconds: number, span: string): string {
  const isLong = span === '7d' || span === '30d';
  return (isLong ? OF_A_MONTH : OF_A_DAY).format(seconds * 1_000);
}

/** What a custom property comes to in the theme that is shown. */
function colorOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
