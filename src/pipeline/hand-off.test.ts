import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bell } from '../../test/kit/bell.ts';
import { builders } from '../../test/kit/builders.ts';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { promisesSettled } from '../../test/kit/virtual-time.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { TripEvent } from '../domain/events.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import { createHandOff } from './hand-off.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const make = builders(() => NOW);

describe('hand-off', () => {
  test('names to a queue what is ready and trusted to it, by id and priority and nothing else', async () => {
    const { queue, bell, handOff } = withQueue();
    const trusted = [delivery({ priority: 'high', dueAt: NOW + 1 }), delivery({ priority: 'low', dueAt: NOW + 1 })];
    handOff(trusted);
    await promisesSettled();
    assert.deepEqual(queue.published, [trusted.map(({ id, priority }) => ({ v: 1, id, priority }))]);
    assert.deepEqual(bell.published, []);
  });

  test('leaves to the store what is due there, or waits for its time, and rings', async () => {
    for (const left of [
      delivery({ status: 'pending', dueAt: NOW }),
      delivery({ status: 'retrying', dueAt: NOW + 1 }),
      delivery({ status: 'scheduled', dueAt: NOW + 1 }),
    ]) {
      const { queue, bell, handOff } = withQueue();
      handOff([left]);
      await promisesSettled();
      assert.deepEqual([queue.published.length, bell.published.length], [0, 1]);
    }
  });

  test('without a queue rings for everything that is open, and trusts nobody', async () => {
    const { bell, handOff, handedOverUntil } = withoutQueue();
    for (const status of ['pending', 'scheduled', 'retrying'] as const) handOff([delivery({ status, dueAt: NOW + 1 })]);
    await promisesSettled();
    assert.equal(bell.published.length, 3);
    assert.equal(handedOverUntil(NOW), null);
  });

  test('stays silent where everything is finished', async () => {
    const { bell, handOff } = withoutQueue();
    handOff([delivery({ status: 'sent', dueAt: null }), delivery({ status: 'failed', dueAt: null })]);
    handOff([]);
    await promisesSettled();
    assert.deepEqual(bell.published, []);
  });

  test('gathers what comes while a batch is on its way', async () => {
    const { queue, handOff } = withQueue();
    const trusted = Array.from({ length: 5 }, () => delivery({ dueAt: NOW + 1 }));
    for (const one of trusted) handOff([one]);
    await promisesSettled();
    assert.deepEqual(
      queue.published.map((tasks) => tasks.length),
      [1, 4],
    );
  });

  test('tells a fault of the queue, fails nobody, and trusts it no more for a while', async () => {
    const { queue, handOff, handedOverUntil, events } = withQueue();
    assert.equal(handedOverUntil(NOW), NOW + 30_000);
    queue.fail(true);
    handOff([delivery({ dueAt: NOW + 1 })]);
    await promisesSettled();
    assert.deepEqual(
      events.map((event) => event.type === 'fault' && event.where),
      ['hand-off'],
    );
    assert.equal(handedOverUntil(NOW), null);
    assert.equal(handedOverUntil(NOW + 4_999), null);
    assert.equal(handedOverUntil(NOW + 5_000), NOW + 35_000);
  });
});

describe('a queue that fails', () => {
  test('gives back what it was to carry, and what waited behind that: it is due in the store at once', async () => {
    const { queue, bell, handOff, written } = withQueue();
    queue.fail(true);
    const trusted = Array.from({ length: 3 }, () => delivery({ dueAt: NOW + 30_000 }));
    for (const one of trusted) handOff([one]);
    await promisesSettled();
    assert.deepEqual(
      written,
      trusted.map((one) => ({ ...one, dueAt: NOW, version: one.version + 1 })),
    );
    assert.deepEqual(
      bell.published.flat().map(({ id }) => id),
      trusted.map(({ id }) => id),
    );
  });

  test('is not idle before that is done, and a store that fails too is told of', async () => {
    const { queue, handOff, idle, events, store } = withQueue();
    queue.fail(true);
    store.fault = new StoreUnavailable('away');
    handOff([delivery({ dueAt: NOW + 30_000 })]);
    await idle();
    assert.equal(events.length, 2);
    assert.deepEqual(events[1], { type: 'fault', where: 'hand-off', error: store.fault });
  });
});

function withQueue() {
  const queue = { ...bell(), carries: true };
  const ringing = bell();
  const events: TripEvent[] = [];
  const clock = new ManualClock(NOW);
  const written: Delivery[] = [];
  const store = {
    fault: null as Error | null,
    async write(groups: Parameters<Store['write']>[0]) {
      if (store.fault !== null) throw store.fault;
      written.push(...groups.flat().map(({ after }) => after));
      return groups.map(() => true);
    },
  };
  const made = createHandOff({ bell: ringing, queue, store, clock, emit: (event) => void events.push(event) });
  return { ...made, queue, bell: ringing, events, store, written };
}

function withoutQueue() {
  const ringing = bell();
  return {
    ...createHandOff({
      ...{ bell: ringing, queue: null, clock: new ManualClock(NOW), emit: unexpected },
      store: { write: () => Promise.reject(new Error('nothing was handed to anybody')) },
    }),
    bell: ringing,
  };
}

function delivery(over: Partial<Delivery> = {}): Delivery {
  const [built] = make.parcel().deliveries;
  assert.ok(built);
  return { ...built, ...over };
}

function unexpected(event: TripEvent): void {
  assert.fail(`nothing was to be told, but ${event.type} was`);
}
