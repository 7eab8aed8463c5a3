import type { Clock } from '../domain/clock.ts';
import type { Emit } from '../domain/events.ts';
import { pause } from '../domain/pause.ts';
import { within } from '../domain/within.ts';
import type { Store } from '../store/store.ts';
import { type Ongoing, ongoing } from './ongoing.ts';
import type { Worker, WorkSigns } from './work.ts';

/**
 * Notices that work is ready and this process's worker claims nothing of it. Then it has the store's connections made
 * anew; and where that does not help either, it gives the process up, so that whoever watches over it starts another.
 */
export interface Watchdog extends Ongoing {
  /** What it has found last. `rebuilt`: the connections were made anew, and nothing has been claimed since. */
  state(): 'calm' | 'rebuilt' | 'given_up';
}

export interface WatchdogDeps {
  readonly store: Pick<Store, 'backlog' | 'reconnect'>;
  readonly worker: Pick<Worker, 'signs'>;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Called once, when nothing else is left. */
  readonly giveUp: () => void;
}

/** What is seen at one moment. */
export interface Look {
  readonly at: number;
  readonly signs: WorkSigns;
  /** Since when the oldest delivery is due; `away`: the store says that it cannot tell; null: there was no need to ask. */
  readonly backlog: { readonly oldestDueAt: number | null } | 'away' | 'silent' | null;
}

export interface Judgement {
  readonly last: Look | null;
  /** How many looks in a row have found that nothing moves. */
  readonly quiet: number;
  readonly rebuilt: boolean;
}

/** Between two looks, in ms; as long the backlog is waited for. */
export const LOOK_EVERY = 5_000;
/** So many quiet looks in a row are an alarm. */
export const LOOKS = 6;
/** What is ready for less than this, in ms, any worker may be about to take. A worker sleeps for five seconds at most. */
export const READY_FOR = 15_000;
/** Two looks further apart, in ms, are no row: the process was stopped, or very busy, or its clock was set. */
const ROW_ENDS = 3 * LOOK_EVERY;
const REBUILD_PATIENCE = 10_000;

export const CALM: Judgement = { last: null, quiet: 0, rebuilt: false };

/**
 * One more look. A worker without a free slot is busy; one whose store refuses a claim will be served by the store's
 * own reconnecting; and one that claims anything at all is well. None of them is ever given an alarm.
 */
export function judge(
  before: Judgement,
  look: Look,
): { readonly after: Judgement; readonly verdict: 'fine' | 'rebuild' | 'give_up' } {
  const { last, rebuilt } = before;
  const well = last !== null && look.signs.claimed > last.signs.claimed;
  const quiet = isQuiet(last, look) ? before.quiet + 1 : 0;
  if (quiet < LOOKS) {
    const stillRebuilt = rebuilt && !well && !nothingWaits(look);
    return { after: { last: look, quiet, rebuilt: stillRebuilt }, verdict: 'fine' };
  }
  const after = { last: look, quiet: 0, rebuilt: true };
  return { after, verdict: rebuilt ? 'give_up' : 'rebuild' };
}

/** Whether the store must be asked what is ready: the worker could have claimed something and has not. */
export function isSuspicious(last: Look | null, signs: WorkSigns): boolean {
  return (
    last !== null && signs.freeSlots > 0 && signs.claimed === last.signs.claimed && signs.refused === last.signs.refused
  );
}

function isQuiet(last: Look | null, look: Look): boolean {
  if (last === null || !isSuspicious(last, look.signs)) return false;
  const apart = look.at - last.at;
  if (apart < 0 || apart > ROW_ENDS) return false;
  if (look.backlog === 'silent') return look.signs.unanswered && look.signs.answered === last.signs.answered;
  return isOverdue(look);
}

function isOverdue({ at, backlog }: Look): boolean {
  if (backlog === null || typeof backlog === 'string') return false;
  return backlog.oldestDueAt !== null && at - backlog.oldestDueAt >= READY_FOR;
}

function nothingWaits({ backlog }: Look): boolean {
  return backlog !== null && typeof backlog === 'object' && backlog.oldestDueAt === null;
}

export function createWatchdog(deps: WatchdogDeps): Watchdog {
  let judgement = CALM;
  let gaveUp = false;

  async function run(signal: AbortSignal): Promise<void> {
    while (!gaveUp) {
      await pause(deps.clock, LOOK_EVERY, signal);
      if (signal.aborted) return;
      const { after, verdict } = judge(judgement, await look(deps, judgement.last));
      judgement = after;
      if (signal.aborted || verdict === 'fine') continue;
      if (verdict === 'rebuild') await rebuild(deps);
      else giveUp();
    }
  }

  function giveUp(): void {
    gaveUp = true;
    alarm(deps, 'nothing is claimed although the connections were made anew: this process ends, to be started again');
    deps.giveUp();
  }

  return {
    ...ongoing(run),
    state: () => (gaveUp ? 'given_up' : judgement.rebuilt ? 'rebuilt' : 'calm'),
  };
}

async function look({ store, worker, clock }: WatchdogDeps, last: Look | null): Promise<Look> {
  const at = clock.now();
  const signs = worker.signs();
  if (!isSuspicious(last, signs)) return { at, signs, backlog: null };
  const answer = store.backlog().catch(() => 'away' as const);
  const backlog = await within(clock, LOOK_EVERY, answer, () => new Error('no answer')).catch(() => 'silent' as const);
  return { at, signs, backlog };
}

async function rebuild(deps: WatchdogDeps): Promise<void> {
  alarm(deps, 'work is ready, slots are free, and nothing is claimed: the connections to the store are made anew');
  const late = () => new Error('the connections could not be made anew in time');
  try {
    await within(deps.clock, REBUILD_PATIENCE, deps.store.reconnect(), late);
  } catch (error) {
    deps.emit({ type: 'fault', where: 'watchdog', error });
  }
}

function alarm({ emit }: WatchdogDeps, sentence: string): void {
  emit({ type: 'fault', where: 'watchdog', error: new Error(sentence) });
}
