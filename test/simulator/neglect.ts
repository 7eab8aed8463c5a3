import type { Row } from './calls.ts';
import type { Hosts } from './hosts.ts';
import { elapsed, type World } from './world.ts';

/** How often it is looked, in ms. */
const INTERVAL = 2_000;
/** An expired lease is found by the next sweep, a second later, or two after a fault. */
const LEASE_LIMIT = 14_000;
/** A queue is trusted for 30 s, and a worker sleeps for 5. */
const WAIT_LIMIT = 60_000;

/** Watches over what waits although all is well: nothing may starve. Only time without any trouble counts. */
export class Neglect {
  readonly #world: World;
  readonly #hosts: Hosts;

  constructor(world: World, hosts: Hosts) {
    this.#world = world;
    this.#hosts = hosts;
  }

  start(): void {
    this.#world.timeline.after(INTERVAL, null, () => {
      this.#look();
      this.start();
    });
  }

  #look(): void {
    const { ledger, timeline, weather } = this.#world;
    const now = timeline.now();
    if (!this.#hosts.allWell || !weather.isCalm(elapsed(this.#world))) return;
    const isIdle = this.#isAnyWorkerIdle();
    for (const row of ledger.unfinished) {
      const isLeased = row.delivery.status === 'sending';
      if (row.readyAt > now - INTERVAL || (!isLeased && !isIdle)) continue;
      row.neglected += INTERVAL;
      if (row.neglected < (isLeased ? LEASE_LIMIT : WAIT_LIMIT)) continue;
      ledger.break(
        'unstuck',
        `${row.label} is ${row.delivery.status}, and nobody has looked at it for ${row.neglected} ms`,
        [row.n],
      );
    }
  }

  #isAnyWorkerIdle(): boolean {
    const busy = new Map<Row['claim'], number>();
    const inHand = new Map<string, number>();
    for (const { claim, delivery } of this.#world.ledger.unfinished) {
      if (claim === null || delivery.status !== 'sending' || busy.has(claim)) continue;
      inHand.set(claim.by.name, (inHand.get(claim.by.name) ?? 0) + 1);
    }
    return this.#hosts.workers().some(({ name }) => (inHand.get(name) ?? 0) < this.#world.plan.concurrency);
  }
}
