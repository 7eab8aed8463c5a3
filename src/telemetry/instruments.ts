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
      const series = new Map<string, number>();
      // One without labels is there from the start: what never happened is told from what nobody counts.
      if (about.labels.length === 0) series.set('', 0);
      all.push(() => Promise.resolve([...head(about, 'counter'), ...[...series].map(line(about.name))]));
      return (values, by = 1) => {
        const key = keyOf(about.labels, values);
        series.set(key, (series.get(key) ?? 0) + by);
      };
    },

    histogram(about) {
      const series = new Map<string, { readonly counts: number[]; sum: number }>();
      all.push(() => Promise.resolve([...head(about, 'histogram'), ...[...series].flatMap(histogramLines(about))]));
      return (values, observed) => {
        const key = keyOf(about.labels, values);
        let one = series.get(key);
        if (one === undefined) {
          one = { counts: Array<number>(about.bounds.length + 1).fill(0), sum: 0 };
          series.set(key, one);
        }
        let place = 0;
        while (place < about.bounds.length && observed > (about.bounds[place] ?? 0)) place += 1;
        one.counts[place] = (one.counts[place] ?? 0) + 1;
        one.sum += observed;
      };
    },

    gauge(about, read) {
      all.push(async () => {
        const samples = await attempt(read);
        const lines = samples.map(([values, value]) => line(about.name)([keyOf(about.labels, values), value]));
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

/** As it stands between the braces. */
function keyOf(labels: readonly string[], values: readonly string[]): string {
  let key = '';
  for (const [index, label] of labels.entries()) {
    key += `${index === 0 ? '' : ','}${label}="${escaped(values[index] ?? '')}"`;
  }
  return key;
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n') : value;
}

function line(name: string): (series: readonly [string, number]) => string {
  return ([key, value]) => `${name}${key === '' ? '' : `{${key}}`} ${value}`;
}

function histogramLines({ name, bounds }: About<readonly string[]> & { readonly bounds: readonly number[] }) {
  return ([key, { counts, sum }]: readonly [string, { readonly counts: readonly number[]; readonly sum: number }]) => {
    let count = 0;
    const buckets = counts.map((one, place) => {
      count += one;
      const bound = bounds[place] ?? '+Inf';
      return line(`${name}_bucket`)([`${key}${key === '' ? '' : ','}le="${bound}"`, count]);
    });
    return [...buckets, line(`${name}_sum`)([key, sum]), line(`${name}_count`)([key, count])];
  };
}
