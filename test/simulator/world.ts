import type { Queue } from '../../src/queue/queue.ts';
import type { InboxStore } from '../../src/store/inbox.ts';
import type { Store } from '../../src/store/store.ts';
import type { Call } from './calls.ts';
import type { Ledger } from './ledger.ts';
import type { Life } from './life.ts';
import type { Line } from './line.ts';
import type { Op, Phase, Plan } from './plan.ts';
import type { Seeded } from './seeded.ts';
import type { Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';
import type { Weather } from './weather.ts';

/** What all processes of an episode share, and what stands between them. */
export interface World {
  readonly plan: Plan;
  readonly start: number;
  readonly timeline: Timeline;
  readonly trace: Trace;
  /** What is drawn for something, each time that it comes up. */
  readonly chance: (topic: string) => Seeded;
  readonly weather: Weather;
  readonly ledger: Ledger;
  readonly store: Store & InboxStore;
  /** The broker as it is now: one that was wiped is another. Null where the store is the queue. */
  readonly broker: () => Queue | null;
  /** A process's call has come so far: the moment for what is planned to happen then. */
  readonly happened: (life: Life, op: Op, phase: Phase) => void;
  /** A provider has taken a message, and may have something to tell of it. */
  readonly tookMessage: (call: Call) => void;
  /** Other processes will hear that something was written. */
  readonly committed: (by: Life) => void;
}

/** ms since the episode began. */
export function elapsed(world: World): number {
  return world.timeline.now() - world.start;
}

/** How long a message takes between two machines, in ms: mostly next to nothing, at times long. */
export function latency(random: Seeded): number {
  const kind = random.next();
  if (kind < 0.7) return random.between(0, 2);
  return kind < 0.96 ? random.between(3, 20) : random.between(20, 300);
}

/**
 * A process asks something outside of itself. What is asked for happens when the request arrives, whether or not the
 * process still lives then; the answer reaches only a process that does.
 */
export function ask<T>(
  world: World,
  life: Life,
  op: Op,
  fate: { readonly chance: Seeded; readonly slow?: number; readonly lost?: Error; readonly line?: Line },
  happen: () => Promise<T>,
): Promise<T> {
  // A dead process's last words are heard by nobody.
  if (!life.alive) return new Promise(() => {});
  return new Promise((resolve, reject) => {
    const { timeline } = world;
    const { chance, slow = 0, lost, line } = fate;
    const inTurn = line?.join() ?? ((happens: () => void) => happens());
    const travel = () => latency(chance) + slow * chance.next();
    const answer = (give: () => void) => {
      world.happened(life, op, 'done');
      const hear = () => {
        world.happened(life, op, 'answered');
        if (life.alive) give();
      };
      timeline.after(travel(), life, hear, chance.next());
    };
    const arrive = () => {
      // What a dead process had not yet got rid of is gone with it, and what stands in line behind that.
      if (!life.alive && chance.chance(0.3)) return;
      inTurn(() => {
        happen().then(
          (value) => answer(() => (lost === undefined ? resolve(value) : reject(lost))),
          (error) => answer(() => reject(error)),
        );
      });
    };
    timeline.after(travel(), null, arrive, chance.next());
    world.happened(life, op, 'asked');
  });
}
