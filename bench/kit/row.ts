import type { Measured } from './measured.ts';
import { median } from './stats.ts';

export type Unit = '×' | '/s' | 'ms' | 's' | 'MiB' | 'B';

/** A line of the table: one figure a run, beside its bar. */
export interface Row {
  readonly what: string;
  readonly unit: Unit;
  readonly figures: readonly number[];
  /** Null: the figure is shown, nobody demands anything of it. */
  readonly bar: Bar | null;
  /** For people: the absolute figures behind it. */
  readonly beside: string;
}

export interface Bar {
  readonly is: 'at least' | 'at most';
  readonly value: number;
}

export function atLeast(value: number): Bar {
  return { is: 'at least', value };
}

export function atMost(value: number): Bar {
  return { is: 'at most', value };
}

/** Whether the median reaches the bar; null where there is none. */
export function passes({ figures, bar }: Row): boolean | null {
  if (bar === null) return null;
  return bar.is === 'at least' ? median(figures) >= bar.value : median(figures) <= bar.value;
}

/** Runs of one contender under a name. */
export interface Named {
  readonly name: string;
  readonly runs: readonly Measured[];
}

/** Ours against theirs, run by run. */
export function ratioRow(what: string, ours: Named, theirs: Named, bar: Bar | null): Row {
  const figures = ours.runs.map(({ rate }, run) => rate / (theirs.runs[run]?.rate ?? Number.NaN));
  return { what, unit: '×', figures, bar, beside: `${rateInWords(ours)} · ${rateInWords(theirs)}` };
}

/** The same for a second of processor time: it holds on a machine that has other things to do, too. */
export function costRow(what: string, ours: Named, theirs: Named): Row {
  const perSecond = ({ rate, cpu }: Measured) => rate / (cpu.user + cpu.system);
  const figures = ours.runs.map((run, index) => {
    const other = theirs.runs[index];
    return other === undefined ? Number.NaN : perSecond(run) / perSecond(other);
  });
  const inWords = ({ name, runs }: Named) => `${name} ${Math.round(1e6 / median(runs.map(perSecond)))} µs each`;
  return { what, unit: '×', figures, bar: null, beside: `${inWords(ours)} · ${inWords(theirs)}` };
}

export function rateRow(what: string, ours: Named, bar: Bar | null): Row {
  return { what, unit: '/s', figures: ours.runs.map(({ rate }) => rate), bar, beside: rateInWords(ours) };
}

/** `Tidings 12,345/s (0.98 cores, 0.12 of them system; 150 MiB)` */
function rateInWords({ name, runs }: Named): string {
  const rate = Math.round(median(runs.map((run) => run.rate))).toLocaleString('en');
  const user = median(runs.map((run) => run.cpu.user));
  const system = median(runs.map((run) => run.cpu.system));
  const peaks = runs.flatMap(({ peakMemory }) => (peakMemory === null ? [] : [peakMemory]));
  const memory = peaks.length === 0 ? '' : `; ${Math.round(Math.max(...peaks))} MiB`;
  const cpu = user + system === 0 ? '' : ` (cpu ${(user + system).toFixed(2)}, system ${system.toFixed(2)}${memory})`;
  const refused = runs.reduce((sum, run) => sum + (run.refused ?? 0), 0);
  return `${name} ${rate}/s${cpu}${refused === 0 ? '' : `, ${refused} refused`}`;
}
