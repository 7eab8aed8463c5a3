import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Delivery } from '../../../src/domain/delivery.ts';
import { PRIORITIES } from '../../../src/domain/notification.ts';
import { type DeliveryEvent, transition } from '../../../src/domain/transition.ts';
import { memoryStore } from '../../../src/store/memory/memory-store.ts';
import type { Claim, Store, Submission } from '../../../src/store/store.ts';
import { attempt, builders, POLICY, receiptOf } from '../../kit/builders.ts';
import type { ManualClock } from '../../kit/manual-clock.ts';
import { ACCEPTED, DEFERRED, LEASE, type OpenStore, REJECTED, SECOND } from './store-kit.ts';

/** One step of a random trip; numbers choose among what is there at that time. */
type Step =
  | { readonly do: 'accept'; readonly legs: readonly number[]; readonly delay: number; readonly key: number | null }
  | { readonly do: 'claimDue'; readonly limit: number; readonly turn: number }
  | { readonly do: 'claim'; readonly picks: readonly number[] }
  | { readonly do: 'settle'; readonly pick: number; readonly event: number }
  | { readonly do: 'renew'; readonly picks: readonly number[] }
  | { readonly do: 'reclaim' }
  | { readonly do: 'touch'; readonly pick: number; readonly event: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'list'; readonly limit: number; readonly scan: number };

const pick = fc.nat({ max: 1000 });
const picks = fc.array(pick, { maxLength: 5 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      legs: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 3 }),
      delay: fc.oneof(fc.constant(0), fc.integer({ min: -5, max: 90 })),
      key: fc.option(fc.nat({ max: 3 })),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('claimDue' as const),
      limit: fc.integer({ min: 0, max: 4 }),
      turn: fc.nat({ max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('claim' as const), picks }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('settle' as const), pick, event: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('renew' as const), picks }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reclaim' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('touch' as const), pick, event: pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      limit: fc.integer({ min: 1, max: 3 }),
      scan: fc.integer({ min: 1, max: 5 }),
    }),
  },
);

export function modelTests(open: OpenStore): void {
  describe('random trips', () => {
    test('get the same answers as from the memory store', async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
          const { store, clock } = await open(t);
          const trip = new Trip([memoryStore({ clock }), store], clock);
          for (const each of steps) await trip.take(each);
          await trip.compareEverything();
          await store.close();
        }),
        { numRuns: 50 },
      );
    });
  });
}

const SETTLEMENTS: readonly DeliveryEvent[] = [ACCEPTED, REJECTED, DEFERRED, { type: 'released' }];
const TOUCHES: readonly ((delivery: Delivery) => DeliveryEvent)[] = [
  () => ({ type: 'cancel' }),
  () => ({ type: 'retry' }),
  () => ({ type: 'discard' }),
  (delivery) => receiptOf(delivery, 'delivered'),
  (delivery) => receiptOf(delivery, 'bounced'),
  (delivery) => receiptOf(delivery, 'delivered', 'unknown'),
];

/**
 * Does everything to both stores and compares what they answer. The clock moves by whole seconds, and the milliseconds
 * of every due time are its own number: so no two are due at the same time, where the order is the store's choice.
 */
class Trip {
  readonly #stores: readonly [model: Store, tested: Store];
  readonly #clock: ManualClock;
  readonly #make: ReturnType<typeof builders>;
  #numbers = 0;
  #known: Delivery[] = [];
  #claims: readonly Claim[] = [];

  constructor(stores: readonly [Store, Store], clock: ManualClock) {
    this.#stores = stores;
    this.#clock = clock;
    this.#make = builders(() => clock.now());
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'accept':
        return this.#accept(step.legs, step.delay, step.key);
      case 'claimDue': {
        const order = [...PRIORITIES.slice(step.turn), ...PRIORITIES.slice(0, step.turn)];
        return this.#remember(await this.#both((store) => store.claimDue({ ...step, order, leaseMs: LEASE })));
      }
      case 'claim': {
        const ids = this.#pickKnown(step.picks).map((delivery) => delivery.id);
        return this.#remember(await this.#both(async (store) => byId(await store.claim(ids, LEASE))));
      }
      case 'settle':
        return this.#happen(choose(this.#claims, step.pick)?.delivery, choose(SETTLEMENTS, step.event));
      case 'touch':
        return this.#touch(choose(this.#known, step.pick), choose(TOUCHES, step.event));
      case 'renew': {
        const leases = step.picks.flatMap((number) => choose(this.#claims, number)?.delivery ?? []);
        await this.#both((store) => store.renew(leases, 2 * LEASE));
        return;
      }
      case 'reclaim': {
        const lost = await this.#both(async (store) => byId(await store.expiredLeases(1000)));
        for (const { delivery } of lost) await this.#happen(delivery, { type: 'lease_expired' });
        return;
      }
      case 'wait':
        return this.#clock.advance(step.seconds * SECOND);
      case 'list':
        return this.#readAll(step.limit, step.scan);
    }
  }

  async compareEverything(): Promise<void> {
    await this.#readAll(100, 1000);
    for (const { notificationId } of this.#known) await this.#both((store) => store.find(notificationId));
  }

  async #accept(legs: readonly number[], delay: number, key: number | null): Promise<void> {
    const dueAt = () => this.#clock.now() + delay * SECOND + this.#number();
    const parcel = this.#make.parcel(
      {},
      legs.map((priority) => ({ chain: ['email', 'sms'], priority: PRIORITIES[priority] ?? 'low', dueAt: dueAt() })),
    );
    const about =
      key === null ? null : { key: `${key >> 1}`, fingerprint: `${key & 1}`, answer: parcel.notification.id };
    const submission: Submission = this.#make.submission([parcel], about);
    const [result] = await this.#both((store) => store.accept([submission]));
    if (result?.kind === 'accepted') this.#known.push(...parcel.deliveries);
  }

  async #touch(
    known: Delivery | undefined,
    eventOf: ((delivery: Delivery) => DeliveryEvent) | undefined,
  ): Promise<void> {
    if (known === undefined) return;
    const record = await this.#both((store) => store.find(known.notificationId));
    const stored = record?.deliveries.find((delivery) => delivery.id === known.id);
    if (stored !== undefined) await this.#happen(stored, eventOf?.(stored));
  }

  /** `before` may be long out of date: then both must refuse. */
  async #happen(before: Delivery | undefined, event: DeliveryEvent | undefined): Promise<void> {
    if (before === undefined || event === undefined) return;
    const after = transition(before, event, this.#clock.now() + this.#number(), POLICY);
    if (after === null) return;
    const log = event.type === 'tried' ? [attempt({ number: after.attempts, outcome: event.outcome.kind })] : [];
    await this.#both((store) => store.write([[{ after, attempts: log }]]));
  }

  async #readAll(limit: number, scan: number): Promise<void> {
    await this.#both((store) => store.nextDueAt());
    await this.#both((store) => store.backlog());
    await this.#both((store) => store.stats(this.#clock.now() - 60 * SECOND));
    await this.#both(async (store) => (await store.list({}, { limit, after: null, scan })).items);
    await this.#both(async (store) => (await store.list({ status: 'sent' }, { limit, after: null, scan: 1000 })).items);
    await this.#both(async (store) => (await store.deadLetters({}, { limit, after: null, scan: 1000 })).items);
  }

  async #both<T>(ask: (store: Store) => Promise<T>): Promise<T> {
    const [model, tested] = this.#stores;
    const expected = await ask(model);
    assert.deepEqual(await ask(tested), expected);
    return expected;
  }

  #remember(claims: readonly Claim[]): void {
    this.#claims = [...this.#claims, ...claims].slice(-20);
  }

  #pickKnown(picks: readonly number[]): Delivery[] {
    return picks.flatMap((number) => choose(this.#known, number) ?? []);
  }

  #number(): number {
    return ++this.#numbers;
  }
}

function choose<T>(from: readonly T[], number: number): T | undefined {
  return from[number % Math.max(1, from.length)];
}

function byId(claims: readonly Claim[]): Claim[] {
  return claims.toSorted((a, b) => (a.delivery.id < b.delivery.id ? -1 : 1));
}
