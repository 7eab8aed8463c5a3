import type { Bed } from './bed.ts';
import type { JobRate } from './job.ts';
import type { Program } from './program.ts';

/** What one turn of one contender came to. */
export interface Measured {
  /** A second. */
  readonly rate: number;
  /** Processors that it kept busy: 1 is one core. */
  readonly cpu: { readonly user: number; readonly system: number };
  /** The memory of its processes at its highest, in MiB; null: not looked at. */
  readonly peakMemory: number | null;
  /** How many it did not take, beside those it did. */
  readonly refused?: number;
}

/** What was done in one turn. */
export interface Done {
  readonly count: number;
  readonly seconds: number;
  readonly refused?: number;
}

/** Lets programs be worked with; `work` answers how much was done and in how many seconds. */
export async function measure(programs: readonly Program[], work: () => Promise<Done>): Promise<Measured> {
  const before = programs.map((program) => program.cpu());
  const begun = performance.now();
  const { count, seconds, refused = 0 } = await work();
  const wall = (performance.now() - begun) / 1000;
  const after = programs.map((program) => program.cpu());
  const used = (kind: 'user' | 'system') =>
    after.reduce((sum, cpu, index) => sum + cpu[kind] - (before[index]?.[kind] ?? 0), 0) / wall;
  const peakMemory = programs.reduce((sum, program) => sum + program.memory().peak, 0);
  return { rate: count / seconds, cpu: { user: used('user'), system: used('system') }, peakMemory, refused };
}

export function measuredJob({ count, seconds, cpu }: JobRate): Measured {
  return {
    rate: count / seconds,
    cpu: { user: cpu.user / seconds, system: cpu.system / seconds },
    peakMemory: null,
  };
}

/** Everybody in turn, run after run, so that a machine that changes its pace does so for all of them. */
export async function inTurn<Name extends string, Result extends object>(
  bed: Bed,
  contenders: Readonly<Record<Name, (bed: Bed) => Promise<Result>>>,
): Promise<Readonly<Record<Name, readonly Result[]>>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Result[]])) as Record<Name, Result[]>;
  for (let run = 0; run < bed.runs; run++) {
    for (const name of names) {
      const result = await bed.within(contenders[name]);
      bed.tell(`  ${run + 1}/${bed.runs} ${name}: ${inWords(result)}`);
      results[name].push(result);
    }
  }
  return results;
}

function inWords(result: object): string {
  const figures = Object.entries(result).map(([name, value]: [string, unknown]) => {
    if (typeof value === 'number') return `${name} ${Math.round(value * 100) / 100}`;
    return typeof value === 'object' && value !== null ? `${name} ${inWords(value)}` : '';
  });
  return figures.filter((figure) => figure !== '').join(', ');
}
