import type { Clock } from '../domain/clock.ts';
import type { Accept } from '../pipeline/accept.ts';
import { ProblemError } from './problem-reply.ts';

/**
 * How much may be on its way in at once. Past it the API says so at once, which costs a fraction of what taking a
 * request costs; without it all would be taken, ever later, until clients give up on what is then done for nobody.
 */
export interface OverloadLimits {
  /**
   * Notifications that wait for the store: the work of some hundredths of a second. More only makes answers late and
   * the collector's work larger; a disk that takes 10 ms for a commit still gets 25,000 a second.
   */
  readonly pending: number;
  /** Bytes of bodies of requests that bring notifications and are not answered yet. */
  readonly pendingBytes: number;
  /** While the store has not answered all that it was asked so long ago, in ms, nobody else is let in. */
  readonly storeMs: number;
  /**
   * A turn of the event loop that is this late, in ms, halves how many may wait, down to a tenth; one that is not gives
   * a tenth back. So a burst that finds the process idle is taken, and a flood waits no longer than a few turns.
   */
  readonly lateMs: number;
}

export interface OverloadGate {
  /** Whether there is no room for a request with a body of so many bytes; 0: of none that is worth counting. */
  isShutFor(bytes: number): boolean;
  /** Counts one that is turned away. */
  refuse(): void;
  /** Calls back, from now on, when so many may come in that could not before. */
  whenRoom(callback: (count: number) => void): void;
  /** Counts the bytes of a request that is let in until the answer is called. */
  enter(bytes: number): () => void;
  /** The way to the store, which counts what waits for it, and throws the problem `overloaded` where too much does. */
  watched(accept: Accept): Accept;
  start(): void;
  stop(): void;
  /** Resolves when nobody waits for the store any more, clients that have gone included. */
  idle(): Promise<void>;
}

export interface OverloadOptions {
  readonly clock: Clock;
  readonly limits: OverloadLimits;
  /** Told how many were turned away since it was last told; not more often than every ten seconds. */
  readonly onRefused: (count: number) => void;
}

/**
 * What a body brings is known when it has been read, and it may come long after it was let in. It is turned away only
 * when so many times what may wait does: batches of a few clients come together, and to refuse them costs nearly as much
 * as to take them. To count them by their length from the beginning would let slow clients shut out the others.
 */
const TOO_MANY = 20;

/** Between two looks at the event loop, in ms. */
const LOOK_EVERY = 100;
const TELL_EVERY = 10_000;

export function overloadGate({ clock, limits, onRefused }: OverloadOptions): OverloadGate {
  let pending = 0;
  /** How often the store was asked, and has answered. */
  let asked = 0;
  let answered = 0;
  /** How often it had been asked at the looks of the last while, the oldest first. */
  const marks: { readonly at: number; readonly asked: number }[] = [];
  let storeIsLate = false;
  let bytes = 0;
  /** How many may wait: fewer while this process is late with everything. */
  let room = limits.pending;
  let refused = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let stopLooking: (() => void) | null = null;
  let onRoom: (count: number) => void = () => undefined;
  let onIdle: () => void = () => undefined;

  function look(dueAt: number): void {
    const isLate = clock.now() - dueAt > limits.lateMs;
    const tenth = Math.ceil(limits.pending / 10);
    room = isLate ? Math.max(tenth, Math.floor(room / 2)) : Math.min(limits.pending, room + tenth);
    lookAtStore();
    if (room > pending && !storeIsLate) onRoom(room - pending);
    tell();
    lookAgain();
  }

  function lookAtStore(): void {
    const then = clock.now() - limits.storeMs;
    marks.push({ at: clock.now(), asked });
    while (marks[1] !== undefined && marks[1].at <= then) marks.shift();
    const [mark] = marks;
    storeIsLate = mark !== undefined && mark.at <= then && answered < mark.asked;
  }

  function lookAgain(): void {
    const dueAt = clock.now() + LOOK_EVERY;
    stopLooking = clock.after(LOOK_EVERY, () => look(dueAt));
  }

  function tell(): void {
    const now = clock.now();
    if (refused === 0 || now - toldAt < TELL_EVERY) return;
    onRefused(refused);
    refused = 0;
    toldAt = now;
  }

  return {
    isShutFor(more) {
      // One that finds nobody before it is always let in: it may be larger than all the room there is.
      return pending >= room || (more > 0 && bytes > 0 && bytes + more > limits.pendingBytes) || storeIsLate;
    },
    refuse() {
      refused += 1;
    },
    whenRoom(callback) {
      onRoom = callback;
    },

    enter(more) {
      bytes += more;
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        bytes -= more;
        onRoom(1);
      };
    },

    watched: (accept) => (submissions) => {
      const count = submissions.reduce((sum, { requests }) => sum + requests.length, 0);
      if (pending >= TOO_MANY * limits.pending) {
        refused += 1;
        return Promise.reject(new ProblemError('overloaded'));
      }
      pending += count;
      asked += 1;
      const end = () => {
        pending -= count;
        answered += 1;
        // One for one, as those who are let in count only once their body has been read.
        onRoom(count);
        if (answered === asked) onIdle();
      };
      const answer = accept(submissions);
      answer.then(end, end);
      return answer;
    },

    start() {
      if (stopLooking === null) lookAgain();
    },
    stop() {
      stopLooking?.();
      stopLooking = null;
    },
    idle() {
      const { promise, resolve } = Promise.withResolvers<void>();
      onIdle = resolve;
      if (answered === asked) resolve();
      return promise;
    },
  };
}
