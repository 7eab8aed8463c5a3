import type { Clock } from '../../src/domain/clock.ts';
import { Line } from './line.ts';
import type { HostPlan } from './plan.ts';
import type { Owner } from './timeline.ts';
import type { World } from './world.ts';

/** A machine that runs one process at a time. Its clock is its own. */
export interface Host {
  readonly plan: HostPlan;
  /** How far its clock is ahead of the world's, in ms. */
  skew: number;
  life: Life | null;
}

/** One process from its start to its end. What it has asked for and not been answered is gone when it dies. */
export class Life implements Owner {
  readonly host: Host;
  readonly name: string;
  readonly clock: Clock;
  /** In which its writes and claims stand; null: each finds its own way to the store. */
  readonly storeLine: Line | null;
  alive = true;
  heldUntil = -Infinity;
  crashedAt: number | null = null;
  /** Told to stop: it claims no more. */
  leaving = false;
  /** What was done to it, in order. `record`: by the store, to a lease or to the record of a send. */
  readonly troubles: {
    readonly what: 'paused' | 'store' | 'record' | 'clock';
    readonly from: number;
    readonly until: number;
  }[] = [];
  readonly #atEnd = new Set<() => void>();

  constructor(host: Host, generation: number, { plan, timeline, chance }: Pick<World, 'plan' | 'timeline' | 'chance'>) {
    this.host = host;
    this.name = host.plan.name + (generation === 1 ? '' : `'${generation}`);
    this.storeLine = plan.storeInOrder ? new Line() : null;
    const random = chance(`clock of ${this.name}`);
    this.clock = {
      now: () => timeline.now() + host.skew,
      // A busy process is called back late, never early.
      after: (ms, callback) =>
        this.alive ? timeline.after(ms + (random.chance(0.1) ? random.between(1, 20) : 0), this, callback) : () => {},
    };
  }

  /** Calls back when it dies or has stopped; the answer takes that back. */
  atEnd(callback: () => void): () => void {
    this.#atEnd.add(callback);
    return () => this.#atEnd.delete(callback);
  }

  /** Something was done to it at this time or later. */
  wasTroubled(since: number): boolean {
    return this.troubles.some(({ until }) => until >= since);
  }

  end(crashedAt: number | null): void {
    if (!this.alive) return;
    this.alive = false;
    this.crashedAt = crashedAt;
    const callbacks = [...this.#atEnd];
    this.#atEnd.clear();
    for (const callback of callbacks) callback();
  }
}
