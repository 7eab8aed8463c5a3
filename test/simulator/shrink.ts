import { type Episode, runEpisode } from './episode.ts';
import type { Plan } from './plan.ts';

export interface Shrunk {
  readonly plan: Plan;
  readonly episode: Episode;
  /** How many plans were tried. */
  readonly runs: number;
}

/**
 * A smaller plan is another run, in which a breach can hide: each is tried in several orders of its steps. Large ones
 * in one, as they take long and there are others to try; the one with nothing but the sends that it is about in many.
 */
const ORDERS = 3;
const LARGE = 100;
const MANY_ORDERS = 40;

/**
 * The smallest plan it can find that breaks the same promise: it leaves out sends, acts and faults, many at once and
 * then one by one, and makes the rest plainer. `patience` is in ms of this process's own time, however busy the machine.
 */
export async function shrink(plan: Plan, first: Episode, patience: number): Promise<Shrunk> {
  const promise = first.breach?.promise;
  const about = new Set(first.breach?.about);
  const ends = ownTime() + patience;
  let best = { plan, episode: first };
  let runs = 0;

  async function takes(smaller: Plan, orders = smaller.sends.length > LARGE ? 1 : ORDERS): Promise<boolean> {
    for (let order = 0; order < orders && ownTime() < ends; order++) {
      runs += 1;
      const tried = order === 0 ? smaller : { ...smaller, salt: `${smaller.salt}'${order}` };
      const episode = await runEpisode(tried);
      if (episode.breach?.promise !== promise) continue;
      best = { plan: tried, episode };
      return true;
    }
    return false;
  }

  async function without(part: 'sends' | 'acts' | 'faults'): Promise<void> {
    for (let size = best.plan[part].length; size >= 1; size = Math.floor(size / 2)) {
      let from = 0;
      while (from < best.plan[part].length && ownTime() < ends) {
        const left = best.plan[part].filter((_, index) => index < from || index >= from + size);
        if (part === 'sends' && left.length === 0) break;
        if (!(await takes({ ...best.plan, [part]: left }))) from += size;
      }
    }
  }

  await takes(until(plan, first.figures.virtualMs));
  const only = best.plan.sends.filter(({ n }) => about.has(n));
  if (only.length > 0) await takes({ ...best.plan, sends: only }, MANY_ORDERS);
  for (let last = Infinity; sizeOf(best.plan) < last && ownTime() < ends; ) {
    last = sizeOf(best.plan);
    for (const part of ['faults', 'sends', 'acts'] as const) await without(part);
    for (const plainer of plainerThan(best.plan)) await takes({ ...best.plan, ...plainer });
  }
  return { plan: best.plan, episode: await runEpisode(best.plan, { traced: true }), runs };
}

/** Without what was still to come at this time. */
function until(plan: Plan, time: number): Plan {
  const faults = plan.faults.filter((fault) => ('from' in fault ? fault.from <= time : true));
  return { ...plan, sends: plan.sends.filter(({ at }) => at <= time), faults };
}

function ownTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function plainerThan(plan: Plan): readonly Partial<Plan>[] {
  const fewer = plan.hosts.map((_, index) => ({ hosts: plan.hosts.filter((_, other) => other !== index) }));
  const works = fewer.filter(({ hosts }) => hosts.some(({ api }) => api) && hosts.some(({ worker }) => worker));
  const wishes: readonly Partial<Plan>[] = [
    ...works,
    { hosts: plan.hosts.map((host) => ({ ...host, skew: 0 })) },
    { vendorTrouble: 0 },
    { receipts: { ...plan.receipts, rate: 0 } },
    { receipts: { ...plan.receipts, wild: false } },
    { vendorSlots: null },
    { queue: 'database' },
    { storeInOrder: true },
    { concurrency: 1 },
  ];
  return wishes.filter((wish) => JSON.stringify({ ...plan, ...wish }) !== JSON.stringify(plan));
}

function sizeOf({ hosts, sends, acts, faults }: Plan): number {
  return hosts.length + sends.length + acts.length + faults.length;
}
