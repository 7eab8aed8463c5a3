import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bell } from '../../test/kit/bell.ts';
import { builders } from '../../test/kit/builders.ts';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { promisesSettled } from '../../test/kit/virtual-time.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { TripEvent } from '../domain/events.ts';
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

function withQueue() {
  const queue = { ...bell(), carries: true };
  const ringing = bell();
  const events: TripEvent[] = [];
  const clock = new ManualClock(NOW);
  const made = createHandOff({ bell: ringing, queue, clock, emit: (event) => void events.push(event) });
  return { ...made, queue, bell: ringing, events };
}

function withoutQueue() {
  const ringing = bell();
  return {
    ...createHandOff({ bell: ringing, queue: null, clock: new ManualClock(NOW), emit: unexpected }),
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
