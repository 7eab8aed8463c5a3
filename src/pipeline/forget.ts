import type { Clock } from '../domain/clock.ts';
import type { Emit } from '../domain/events.ts';
import { pause } from '../domain/pause.ts';
import type { InboxStore } from '../store/inbox.ts';
import type { MoveLog } from '../store/moves.ts';
import { inTime } from './in-time.ts';
import { type Ongoing, ongoing } from './ongoing.ts';

export interface ForgetDeps {
  readonly store: Pick<MoveLog, 'forgetMoves'> & Pick<InboxStore, 'forgetMarks'>;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** How often, in ms. */
export const FORGET_INTERVAL = 60_000;
/** So many moves stay, whatever their age: some megabytes. */
export const MOVES_KEPT = 100_000;
/** How long marks stay, in ms. What came into an inbox is there as long as that is. */
export const MARKS_KEPT = 7 * 86_400_000;
const MARKS_AT_ONCE = 1_000;
/** Transactions, each of which can have the moves of hundreds of deliveries. */
const MOVES_AT_ONCE = 200;

/** Keeps the logs short that are read on from by those who watch. Any number may run at once. */
export function createForgetter({ store, clock, emit }: ForgetDeps): Ongoing {
  async function all(atOnce: number, signal: AbortSignal, some: () => Promise<number>): Promise<void> {
    while (!signal.aborted && (await inTime(clock, some())) === atOnce);
  }

  return ongoing(async (signal) => {
    for (;;) {
      await pause(clock, FORGET_INTERVAL, signal);
      if (signal.aborted) return;
      try {
        const marksBefore = clock.now() - MARKS_KEPT;
        await all(MARKS_AT_ONCE, signal, () => store.forgetMarks(marksBefore, MARKS_AT_ONCE));
        await all(MOVES_AT_ONCE, signal, () => store.forgetMoves(MOVES_KEPT, MOVES_AT_ONCE));
      } catch (error) {
        emit({ type: 'fault', where: 'forget', error });
      }
    }
  });
}
