import type { Clock } from '../domain/clock.ts';
import { pause } from '../domain/pause.ts';

/**
 * How many deliveries a worker has in hand. A slot is for one that waits for somebody outside; what waits for nobody
 * gives its slot back before it is done, so many more of those may be in hand at once.
 */
export interface Slots {
  /** One has come in hand. It begins when it has a slot, or at once where `isPassing`: as it is not going to call anybody. */
  enter(isPassing: boolean): InHand;
  /** Resolves with how many more may come in hand now, at least one. */
  some(): Promise<number>;
  /** The same with those that are free soon, `most` at most: so many are kept free for `admit`. */
  reserve(most: number): Promise<number>;
  /** What a claim for so many reserved slots has brought comes in hand by `enterAll`, which answers something for each. */
  admit<T>(reserved: number, enterAll: () => readonly T[]): readonly T[];
  /** Gives back what was reserved. */
  release(reserved: number): void;
  /** From now on nobody waits for a slot. */
  open(): void;
  /** Resolves when nothing is in hand. */
  empty(): Promise<void>;
  /** Slots that nobody has. */
  free(): number;
}

export interface InHand {
  /** Null: it has a slot. Otherwise it has when this resolves. */
  readonly turn: Promise<void> | null;
  /** Its slot is of better use to another. */
  readonly freeSlot: () => void;
  /** Its slot is free before anything comes that is claimed from now on: that much more may be asked for already. */
  readonly freeSlotSoon: () => void;
  /** It is no longer in hand. */
  readonly leave: () => void;
}

/**
 * How many times the slots a worker has in hand at most: so the store always has enough of what waits for nobody outside
 * for one commit to serve many.
 */
const MOST_IN_HAND = 8;
/** How many times the slots one claim asks for at most: one half is claimed while the other is worked on. */
const MOST_AHEAD = MOST_IN_HAND / 2;

/** `count`: how many slots there are. */
export function createSlots(clock: Clock, count: number): Slots {
  let inHand = 0;
  let taken = 0;
  /** Those of them that are free soon. */
  let soonFree = 0;
  /** Kept free for what claims under way may bring. */
  let reserved = 0;
  /**
   * How many times `count` a claim asks for. It doubles as long as all that comes waits for nobody outside; of what
   * comes beyond the slots when that has changed, each waits for a slot here, and no more is claimed meanwhile.
   */
  let ahead = 1;
  /** The last claim brought as many as it asked for: there is a backlog. */
  let wasFull = false;
  /** Those in hand that wait for a slot: who gives one back hands it to the first. */
  const line: (() => void)[] = [];
  let isOpen = false;
  let waiting: (() => void)[] = [];

  function changed(): Promise<void> {
    return new Promise((resolve) => waiting.push(resolve));
  }

  function wakeWaiting(): void {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  function isEmpty(): boolean {
    return inHand === 0;
  }

  /** How many more may come in hand. */
  function room(): number {
    const slots = count * ahead - taken - line.length + soonFree;
    return Math.min(slots, count * MOST_IN_HAND - inHand) - reserved;
  }

  function giveBack(): void {
    const next = line.shift();
    if (next === undefined) {
      taken -= 1;
      wakeWaiting();
    } else next();
  }

  function turnFor(isPassing: boolean): Promise<void> | null {
    if (taken >= count && !isPassing && !isOpen) return new Promise((resolve) => line.push(resolve));
    taken += 1;
    return null;
  }

  /** Resolves when there is some `room`, with how much. */
  async function some(room: () => number): Promise<number> {
    for (;;) {
      while (room() <= 0) await changed();
      // Those that were settled by the same commit come free together: one claim then serves them all. The largest claim
      // of a backlog goes ahead of what is in hand: the store has it to do meanwhile.
      if (!(wasFull && room() >= count * MOST_AHEAD)) await pause(clock, 0);
      const now = room();
      if (now > 0) return now;
    }
  }

  return {
    enter(isPassing) {
      inHand += 1;
      let hasSlot = true;
      let isSoonFree = false;
      const freeSlot = () => {
        if (!hasSlot) return;
        hasSlot = false;
        if (isSoonFree) soonFree -= 1;
        giveBack();
      };
      return {
        turn: turnFor(isPassing),
        freeSlot,
        freeSlotSoon() {
          if (!hasSlot || isSoonFree) return;
          isSoonFree = true;
          soonFree += 1;
          wakeWaiting();
        },
        leave() {
          inHand -= 1;
          freeSlot();
          wakeWaiting();
        },
      };
    },
    some: () => some(() => room() - soonFree),
    async reserve(most) {
      for (;;) {
        await some(room);
        // Somebody else may have been quicker.
        const now = Math.min(most, room());
        if (now <= 0) continue;
        reserved += now;
        return now;
      }
    },
    admit(asked, enterAll) {
      const before = taken;
      const came = enterAll();
      wasFull = came.length === asked;
      if (taken > before || line.length > 0) ahead = 1;
      else if (wasFull) ahead = Math.min(ahead * 2, MOST_AHEAD);
      return came;
    },
    release(asked) {
      reserved -= asked;
      wakeWaiting();
    },
    open() {
      isOpen = true;
      for (const next of line.splice(0)) {
        taken += 1;
        next();
      }
    },
    async empty() {
      while (!isEmpty()) await changed();
    },
    free: () => Math.max(0, count - taken),
  };
}
