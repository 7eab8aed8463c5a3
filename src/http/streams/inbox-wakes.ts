import type { Clock } from '../../domain/clock.ts';
import type { InboxStore } from '../../store/inbox.ts';
import type { News } from '../../store/moves.ts';
import { type Paced, paced } from './paced.ts';

/** Between two looks, in ms: what comes in a burst is looked for once. */
const APART = 20;
/** How long a store that does not answer is left alone, in ms. */
const AFTER_FAULT = 1_000;
/** Happenings that one look goes over. */
const LOOK = 1_000;

/**
 * Wakes those who watch an inbox when something has happened in it. However many watch, and however much happens that
 * nobody watches, the logs are looked at once for all of them.
 */
export interface InboxWakes {
  /** Calls `wake` when there may be something new for the user; the answer ends that. */
  watch(userId: string, wake: () => void): () => void;
}

export function inboxWakes(
  inbox: Pick<InboxStore, 'endOfInboxes' | 'inboxesAfter'>,
  news: News,
  clock: Clock,
): InboxWakes {
  const watchers = new Map<string, Set<() => void>>();
  let looking: { readonly pace: Paced; readonly unsubscribe: () => void } | null = null;
  /** Where the last look has come to; null before the first. */
  let point: string | null = null;

  function wakeAll(): void {
    for (const wakes of watchers.values()) for (const wake of wakes) wake();
  }

  async function look(): Promise<void> {
    if (point === null) {
      point = await inbox.endOfInboxes();
      // Some may have begun to watch before that, and read before something that is no news after it.
      return wakeAll();
    }
    for (;;) {
      const changed = await inbox.inboxesAfter(point, LOOK);
      if (changed === null) {
        point = await inbox.endOfInboxes();
        return wakeAll();
      }
      for (const userId of changed.userIds) for (const wake of watchers.get(userId) ?? []) wake();
      if (changed.point === point) return;
      point = changed.point;
    }
  }

  function begin(): void {
    let cancel = () => {};
    const pace = paced(clock, APART, () =>
      look().catch(() => {
        // Those who watch read for themselves, and tell of the fault.
        cancel = clock.after(AFTER_FAULT, () => pace.ring());
      }),
    );
    const unsubscribe = news.onNews(() => pace.ring());
    looking = {
      pace,
      unsubscribe() {
        cancel();
        unsubscribe();
      },
    };
    pace.ring();
  }

  function end(): void {
    looking?.unsubscribe();
    looking?.pace.end();
    looking = null;
    point = null;
  }

  return {
    watch(userId, wake) {
      const wakes = watchers.get(userId) ?? new Set();
      watchers.set(userId, wakes.add(wake));
      if (looking === null) begin();
      return () => {
        wakes.delete(wake);
        if (wakes.size === 0 && watchers.get(userId) === wakes) watchers.delete(userId);
        if (watchers.size === 0) end();
      };
    },
  };
}
