import { StoreUnavailable } from '../../src/store/store.ts';
import type { FaultPlan, QueueTrouble, StoreTrouble, VendorTrouble } from './plan.ts';
import type { Seeded } from './seeded.ts';

/** A fault that the simulation has put in: everything else that is thrown is a bug. */
export class PlannedStoreFault extends StoreUnavailable {}
export class PlannedFault extends Error {}

export function isPlanned(error: unknown): boolean {
  return error instanceof PlannedStoreFault || error instanceof PlannedFault;
}

/** How long a trouble can be felt after its end, in ms: whoever waits for an answer of the store gives up after 20 s. */
const FELT = 25_000;

type Spell = Extract<FaultPlan, { readonly from: number }>;

/** Which of the planned troubles a call meets. Times are ms from the start of the episode. */
export class Weather {
  readonly #spells: readonly Spell[];

  constructor(faults: readonly FaultPlan[]) {
    this.#spells = faults.filter((fault): fault is Spell => 'from' in fault);
  }

  store(now: number, host: string, chance: Seeded): StoreTrouble | null {
    const spell = this.#hit(now, 'store', chance, (one) => one.host === null || one.host === host);
    return spell?.how ?? null;
  }

  queue(now: number, chance: Seeded): QueueTrouble | null {
    return this.#hit(now, 'queue', chance, () => true)?.how ?? null;
  }

  /** The ring of the bell is not heard. */
  isDeaf(now: number, chance: Seeded): boolean {
    return this.#hit(now, 'bell', chance, () => true) !== null;
  }

  vendor(now: number, provider: string, chance: Seeded): VendorTrouble | null {
    for (const one of this.#spells) {
      if (one.kind !== 'vendor' || one.provider !== provider || !isOn(one, now)) continue;
      if (chance.chance(one.rate)) return chance.pick(one.how);
    }
    return null;
  }

  /** Nothing is wrong with anything at this time, nor was it lately. */
  isCalm(now: number): boolean {
    return !this.#spells.some(({ from, ms }) => now >= from && now < from + ms + FELT);
  }

  #hit<K extends Spell['kind']>(
    now: number,
    kind: K,
    chance: Seeded,
    fits: (spell: Extract<Spell, { readonly kind: K }>) => boolean,
  ): Extract<Spell, { readonly kind: K }> | null {
    for (const one of this.#spells) {
      if (one.kind !== kind || !isOn(one, now)) continue;
      const spell = one as Extract<Spell, { readonly kind: K }>;
      if (fits(spell) && chance.chance(spell.rate)) return spell;
    }
    return null;
  }
}

function isOn(spell: Spell, now: number): boolean {
  return now >= spell.from && now < spell.from + spell.ms;
}
