/**
 * Counters, histograms and gauges, and their text for Prometheus (exposition format 0.0.4). Counting is on the way of
 * every notification, so it is a look into a map and an addition; all else happens when somebody asks.
 */
export interface Instruments {
  counter<L extends readonly string[]>(about: About<L>): Counter<L>;
  histogram<L extends readonly string[]>(about: About<L> & { readonly bounds: readonly number[] }): Histogram<L>;
  /** `read` is called when somebody asks. What cannot be read then is left out. One named `…_total` only grows. */
  gauge<L extends readonly string[]>(about: About<L>, read: () => Samples<L> | Promise<Samples<L>>): void;
  text(): Promise<string>;
}

export interface About<L extends readonly string[]> {
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  /** Their values must come from a set that is small and known: no users, no addresses, no ids. */
  readonly labels: L;
}

type Values<L extends readonly string[]> = { readonly [K in keyof L]: string };
export type Counter<L extends readonly string[]> = (values: Values<L>, by?: number) => void;
export type Histogram<L extends readonly string[]> = (values: Values<L>, observed: number) => void;
export type Samples<L extends readonly string[]> = readonly (readonly [Values<L>, number])[];

export function createInstruments(): Instruments {
  const all: (() => Promise<readonly string[]>)[] = [];
  return {
    counter(about) {
      const series = new Series<{ count: number }>(about.labels);
      const fresh = () => ({ count: 0 });
      // One without labels is there from the start: what never happened is told from what nobody counts.
      if (about.labels.length === 0) series.of([], fresh);
      const lines = () => series.lines((key, { count }) => [line(about.name, key, count)]);
      all.push(() => Promise.resolve([...head(about, 'counter'), ...lines()]));
      return (values, by = 1) => {
        series.of(values, fresh).count += by;
      };
    },

    histogram(about) {
      const { bounds } = about;
      const series = new Series<Observed>(about.labels);
      const fresh = () => ({ counts: Array<number>(bounds.length + 1).fill(0), sum: 0 });
      const lines = () => series.lines((key, observed) => histogramLines(about, key, observed));
      all.push(() => Promise.resolve([...head(about, 'histogram'), ...lines()]));
      return (values, observed) => {
        const one = series.of(values, fresh);
        let place = 0;
        while (place < bounds.length && observed > (bounds[place] ?? 0)) place += 1;
        one.counts[place] = (one.counts[place] ?? 0) + 1;
        one.sum += observed;
      };
    },

    gauge(about, read) {
      all.push(async () => {
        const samples = await attempt(read);
        const lines = samples.map(([values, value]) => line(about.name, labelText(about.labels, values), value));
        return [...head(about, about.name.endsWith('_total') ? 'counter' : 'gauge'), ...lines];
      });
    },

    async text() {
      const parts = await Promise.all(all.map((one) => one()));
      return `${parts.flat().join('\n')}\n`;
    },
  };
}

/** What cannot be read is left out: the other figures are worth having without it. */
async function attempt<L extends readonly string[]>(read: () => Samples<L> | Promise<Samples<L>>): Promise<Samples<L>> {
  try {
    return await read();
  } catch {
    return [];
  }
}

function head({ name, help }: About<readonly string[]>, type: string): readonly string[] {
  return [`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`];
}

/** One of each combination of labels that has come up. */
class Series<T> {
  readonly #labels: readonly string[];
  readonly #root: Branch<T> = { next: new Map(), one: null };

  constructor(labels: readonly string[]) {
    this.#labels = labels;
  }

  of(values: readonly string[], fresh: () => T): T {
    // Label by label, as a text of all of them would be a new one for each thing that is counted.
    let branch = this.#root;
    for (const value of values) {
      let next = branch.next.get(value);
      if (next === undefined) {
        next = { next: new Map(), one: null };
        branch.next.set(value, next);
      }
      branch = next;
    }
    branch.one ??= fresh();
    return branch.one;
  }

  lines(write: (labels: string, one: T) => readonly string[]): readonly string[] {
    const below = ({ next, one }: Branch<T>, values: readonly string[]): readonly string[] => [
      ...(one === null ? [] : write(labelText(this.#labels, values), one)),
      ...[...next].flatMap(([value, branch]) => below(branch, [...values, value])),
    ];
    return below(this.#root, []);
  }
}

/** Where a combination has come to that begins alike. */
interface Branch<T> {
  readonly next: Map<string, Branch<T>>;
  one: T | null;
}

/** As it stands between the braces. */
function labelText(labels: readonly string[], values: readonly string[]): string {
  return labels.map((label, index) => `${label}="${escaped(values[index] ?? '')}"`).join(',');
}

function escaped(value: string): string {
  return value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n');
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${value}`;
}

interface Observed {
  readonly counts: number[];
  sum: number;
}

function histogramLines(
  { name, bounds }: { readonly name: string; readonly bounds: readonly number[] },
  labels: string,
  { counts, sum }: Observed,
): readonly string[] {
  let count = 0;
  const buckets = counts.map((one, place) => {
    count += one;
    return line(`${name}_bucket`, `${labels}${labels === '' ? '' : ','}le="${bounds[place] ?? '+Inf'}"`, count);
  });
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count)];
}
