import type { Seeded } from './seeded.ts';

/** Who a step belongs to: it is left out when they are dead, and comes later while they stand still. */
export interface Owner {
  readonly alive: boolean;
  /** Nothing of theirs happens before this time. */
  readonly heldUntil: number;
}

interface Step {
  at: number;
  /** In [0, 1): where among those of the same time it comes. */
  readonly rank: number;
  readonly owner: Owner | null;
  run: (() => void) | null;
}

/** So many steps at one instant are a loop that lets no time pass. */
const STANDSTILL = 50_000;

/** How often two things that come in at one instant come in one turn. */
const TOGETHER = 0.3;

export class Standstill extends Error {}

/**
 * Virtual time. Of all steps whose time has come the one with the lowest rank is taken, and ranks are drawn by the
 * seed; after it everything that hangs on promises goes as far as it can. So every order of asynchronous steps that can
 * happen can be drawn, and each is drawn again by the same seed.
 */
export class Timeline {
  readonly #random: Seeded;
  readonly #heap: Step[] = [];
  #now: number;
  #steps = 0;
  #still = 0;

  constructor(random: Seeded, start: number) {
    this.#random = random;
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  get steps(): number {
    return this.#steps;
  }

  /** `run` happens `ms` from now or later, never at once. The answer takes it back. */
  after(ms: number, owner: Owner | null, run: () => void, rank = this.#random.next()): () => void {
    // A whole ms, as every clock of the service tells it.
    const step: Step = { at: Math.ceil(this.#now + Math.max(0, ms)), rank, owner, run };
    this.#add(step);
    return () => {
      step.run = null;
    };
  }

  /** Goes on until `over` says so after a step, or to the end of the time given. */
  async run(ms: number, over: () => boolean): Promise<void> {
    const end = this.#now + ms;
    await promisesSettled();
    while (!over()) {
      const step = this.#next(end);
      if (step === null) {
        this.#now = end;
        return;
      }
      this.#take(step);
      while (this.#isMoreAtOnce()) this.#take(this.#shift());
      await promisesSettled();
    }
  }

  #take(step: Step): void {
    this.#steps += 1;
    step.run?.();
  }

  /** What comes in at the same time from outside of the processes can come in one turn: then a store has it together. */
  #isMoreAtOnce(): boolean {
    const first = this.#heap[0];
    return first !== undefined && first.at <= this.#now && first.owner === null && this.#random.chance(TOGETHER);
  }

  #next(end: number): Step | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > end) return null;
      const step = this.#shift();
      if (step.run === null || step.owner?.alive === false) continue;
      if (step.at > this.#now) this.#still = 0;
      this.#now = Math.max(this.#now, step.at);
      if (step.owner !== null && step.owner.heldUntil > this.#now) {
        step.at = step.owner.heldUntil;
        this.#add(step);
        continue;
      }
      this.#still += 1;
      if (this.#still > STANDSTILL) throw new Standstill('something goes round and round and lets no time pass');
      return step;
    }
  }

  #add(step: Step): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(step, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = step;
  }

  #shift(): Step {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) throw new Error('the timeline is empty');
    if (heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let smaller = left;
      if (right !== undefined && isBefore(right, left)) {
        child += 1;
        smaller = right;
      }
      if (!isBefore(smaller, last)) break;
      heap[place] = smaller;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(one: Step, other: Step): boolean {
  return one.at < other.at || (one.at === other.at && one.rank < other.rank);
}

/** A turn of the event loop comes only after all promises that can go on have gone on. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
