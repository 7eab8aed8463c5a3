import type { Clock, Random } from '../domain/clock.ts';
import type { Emit } from '../domain/events.ts';
import type { NotificationId } from '../domain/ids.ts';
import { pause } from '../domain/pause.ts';
import { endedBefore, type Retention } from '../domain/retention.ts';
import type { RetentionStore } from '../store/retention.ts';
import { inTime } from './in-time.ts';
import { type Ongoing, ongoing } from './ongoing.ts';

export interface RetainDeps {
  readonly store: RetentionStore;
  readonly clock: Clock;
  /** Spreads the passes of several processes. */
  readonly random: Random;
  readonly emit: Emit;
  readonly retention: Retention;
}

/** When the first pass begins at the earliest, and how long there is rest between two, in ms; up to half as much more by chance. */
const FIRST_PASS = 60_000;
const REST = 3_600_000;
/** Rows of one transaction. */
const BATCH = 500;
/** The pause after a batch: so many times what it took, so that a pass leaves most of the store to others, and at least so many ms. */
const REST_SHARE = 4;
const LEAST_PAUSE = 20;
/** Figures of minutes are kept for so long, in minutes: a year can be compared with the one before. */
export const COUNTERS_KEPT = 400 * 1_440;

/** Forgets what is old. Any number may run at once: each row is deleted by one of them. */
export function createRetainer(deps: RetainDeps): Ongoing {
  const { clock, random, emit } = deps;
  return ongoing(async (signal) => {
    const rest = (ms: number) => pause(clock, ms * (1 + random() / 2), signal);
    await rest(FIRST_PASS);
    while (!signal.aborted) {
      let wait = REST;
      try {
        await forgetOld(deps, signal);
      } catch (error) {
        emit({ type: 'fault', where: 'retention', error });
        wait = FIRST_PASS;
      }
      await rest(wait);
    }
  });
}

/** One pass over everything that may be old enough. */
export async function forgetOld(deps: RetainDeps, signal: AbortSignal): Promise<void> {
  const { store, clock, emit, retention } = deps;
  const now = clock.now();
  const before = endedBefore(retention, now);
  let forgotten = 0;
  let after: NotificationId | null = null;
  const shortest = Math.min(...Object.values(retention));
  try {
    while (Number.isFinite(shortest) && !signal.aborted) {
      const look = await paced(deps, signal, () => store.forget({ endedBefore: before, after, rows: BATCH }));
      forgotten += look.notifications;
      after = look.next;
      if (after === null) break;
    }
  } finally {
    if (forgotten > 0) emit({ type: 'forgotten', notifications: forgotten });
  }
  if (Number.isFinite(shortest)) await repeat(deps, signal, () => store.forgetCaught(now - shortest, BATCH));
  const minute = Math.floor(now / 60_000) - COUNTERS_KEPT;
  await repeat(deps, signal, () => store.forgetCounters(minute, BATCH));
}

/** Until there is no full batch any more. */
async function repeat(deps: RetainDeps, signal: AbortSignal, work: () => Promise<number>): Promise<void> {
  while (!signal.aborted && (await paced(deps, signal, work)) === BATCH);
}

async function paced<T>({ clock }: RetainDeps, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const began = clock.now();
  const answer = await inTime(clock, work());
  await pause(clock, Math.max(LEAST_PAUSE, REST_SHARE * (clock.now() - began)), signal);
  return answer;
}
