import type { Clock } from '../domain/clock.ts';

/**
 * Those for whom there is no room now. Room comes free with every commit, so they wait for a moment and are let in then,
 * in their order. Are there more than can be let in while they wait, then who came last goes first: waiting longer for
 * all would help nobody. Who has waited long enough is refused. Saying no costs a fifth of what saying yes costs, so a
 * flood of refusals could take all the time there is; therefore so many are said each tick and no more, and who waits
 * for an answer asks nothing meanwhile.
 */
export interface RefusalLine<T> {
  /** Adds one. At once answered is one that comes over a connection on which another waits: behind that. */
  add(connection: object, refused: T): void;
  /** Lets in so many of those who wait, or as many as there is room for. */
  letIn(most: number): void;
  /** Answers all that wait. */
  end(): void;
}

export interface RefusalLineOptions<T> {
  readonly clock: Clock;
  readonly answer: (refused: T) => void;
  /** Takes one after all, if there is room for it. */
  readonly take: (refused: T) => boolean;
  /** Ends the connection without an answer: the line is full. */
  readonly drop: (refused: T) => void;
}

/** How long one waits before it is refused, in ms: a client hardly notices it, and a burst is over by then. */
export const PATIENCE = 200;
/** Between two looks at who has waited long enough, in ms. */
const TICK = 25;
/** In a tick: 4,000 a second, about a tenth of the time. */
export const REFUSALS = 100;
/** Most that wait: two and a half seconds, then. */
export const WAITING = 10_000;

interface Waiting<T> {
  readonly connection: object;
  readonly refused: T;
  readonly since: number;
}

export function refusalLine<T>({ clock, answer, take, drop }: RefusalLineOptions<T>): RefusalLine<T> {
  /** Who came first stands at `first`; who stood before that is gone. */
  let line: Waiting<T>[] = [];
  let first = 0;
  const connections = new Set<object>();
  let cancelTick: (() => void) | null = null;
  /** How many were let in since the last tick, and about how many are each tick. */
  let taken = 0;
  let pace = 0;

  function tick(): void {
    pace = (pace + taken) / 2;
    taken = 0;
    const since = clock.now() - PATIENCE;
    for (let left = REFUSALS; left > 0; left -= 1) {
      const head = line[first];
      if (head === undefined || head.since > since) break;
      refuse(head);
    }
    line = line.slice(first);
    first = 0;
    cancelTick = line.length === 0 ? null : clock.after(TICK, tick);
  }

  function refuse(head: Waiting<T>): void {
    first += 1;
    connections.delete(head.connection);
    answer(head.refused);
  }

  return {
    add(connection, refused) {
      if (connections.has(connection)) return answer(refused);
      if (line.length - first >= WAITING) return drop(refused);
      connections.add(connection);
      line.push({ connection, refused, since: clock.now() });
      cancelTick ??= clock.after(TICK, tick);
    },
    letIn(most) {
      for (let count = 0; count < most; count += 1) {
        const inOrder = line.length - first <= (pace * PATIENCE) / TICK;
        const next = line.length === first ? undefined : line.at(inOrder ? first : -1);
        if (next === undefined || !take(next.refused)) return;
        if (inOrder) first += 1;
        else line.pop();
        connections.delete(next.connection);
        taken += 1;
      }
    },
    end() {
      cancelTick?.();
      cancelTick = null;
      for (let head = line[first]; head !== undefined; head = line[first]) refuse(head);
    },
  };
}
