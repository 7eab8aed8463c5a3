import type { Clock } from '../domain/clock.ts';
import { pause } from '../domain/pause.ts';
import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';
import type { Watchdog } from './watchdog.ts';
import type { Worker } from './work.ts';

/** How one part of the service is. */
export interface HealthPart {
  readonly ok: boolean;
  /** Without it this process cannot do its work; other parts only degrade it. */
  readonly needed: boolean;
  readonly detail: string | null;
}

/** The parts by name: `store`, `queue`, `worker`, `queue_age`. */
export type HealthReport = Readonly<Record<string, HealthPart>>;

export interface HealthDeps {
  readonly store: Pick<Store, 'probe' | 'backlog'>;
  readonly queue: Pick<Queue, 'probe'>;
  /** This process's worker; null where it has none. */
  readonly worker: Pick<Worker, 'lastTurnAt'> | null;
  /** Who watches over it. */
  readonly watchdog: Pick<Watchdog, 'state'> | null;
  readonly clock: Clock;
}

/** A report is this old at most, in ms: probing writes, and probes come often. */
const FRESH = 2_000;
/** A probe that takes longer has failed. */
const PATIENCE = 500;
/** A worker that has not gone round for this long is not alive. */
const PULSE = 30_000;
/** Work that is due and lies for longer means that nobody keeps up. */
const OLDEST = 600_000;

/** Asks every part; answers of the last two seconds are used again. */
export function createHealth(deps: HealthDeps): () => Promise<HealthReport> {
  let last: { readonly at: number; readonly report: Promise<HealthReport> } | null = null;
  return () => {
    const now = deps.clock.now();
    if (last === null || now - last.at >= FRESH) last = { at: now, report: examine(deps, now) };
    return last.report;
  };
}

async function examine(deps: HealthDeps, now: number): Promise<HealthReport> {
  const [store, queue, age] = await Promise.all([
    works(deps.clock, () => deps.store.probe(), 'a durable write does not work'),
    works(deps.clock, () => deps.queue.probe(), 'it cannot be reached'),
    queueAge(deps, now),
  ]);
  // Without its queue a process still accepts, and finds work in the store.
  return {
    store: { ...store, needed: true },
    queue: { ...queue, needed: false },
    worker: pulse(deps, now),
    queue_age: age,
  };
}

async function works(clock: Clock, probe: () => Promise<void>, problem: string): Promise<Omit<HealthPart, 'needed'>> {
  const answer = probe().then(
    () => true,
    () => false,
  );
  const ok = await Promise.race([answer, pause(clock, PATIENCE).then(() => false)]);
  return { ok, detail: ok ? null : problem };
}

function pulse({ worker, watchdog }: HealthDeps, now: number): HealthPart {
  if (worker === null) return { ok: true, needed: false, detail: 'this process has no worker' };
  if (watchdog !== null && watchdog.state() !== 'calm') {
    return { ok: false, needed: true, detail: 'work is ready and it claims nothing, with fresh connections too' };
  }
  const silence = now - worker.lastTurnAt();
  const ok = silence <= PULSE;
  return { ok, needed: true, detail: ok ? null : `its loop has stood still for ${silence} ms` };
}

/** A process without a worker can do its own work all the same: it must not be taken out because others are behind. */
async function queueAge(deps: HealthDeps, now: number): Promise<HealthPart> {
  const needed = deps.worker !== null;
  try {
    const { depth, oldestDueAt } = await deps.store.backlog();
    const age = oldestDueAt === null ? 0 : Math.max(0, now - oldestDueAt);
    const ok = age <= OLDEST;
    return { ok, needed, detail: ok ? null : `${depth} deliveries are due, the oldest for ${age} ms` };
  } catch {
    return { ok: false, needed, detail: 'it cannot be read' };
  }
}
