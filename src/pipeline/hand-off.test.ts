import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bell } from '../../test/kit/bell.ts';
import { builders } from '../../test/kit/builders.ts';
import { promisesSettled } from '../../test/kit/virtual-time.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { TripEvent } from '../domain/events.ts';
import { createHandOff } from './hand-off.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const make = builders(() => NOW);

describe('hand-off', () => {
  test('names to a queue that carries what is ready, by id and priority and nothing else', async () => {
    const queue = { ...bell(), carries: true };
    const ready = [delivery({ priority: 'high' }), delivery({ priority: 'low' })];
    const handOff = createHandOff(queue, unexpected);
    handOff([...ready, delivery({ status: 'retrying' }), delivery({ status: 'scheduled' })]);
    handOff([delivery({ status: 'retrying' })]);
    await promisesSettled();
    assert.deepEqual(queue.published, [ready.map(({ id, priority }) => ({ v: 1, id, priority }))]);
  });

  test('rings a bell for what waits for its time too, as that may be earlier than the worker sleeps for', async () => {
    for (const status of ['pending', 'scheduled', 'retrying'] as const) {
      const queue = bell();
      createHandOff(queue, unexpected)([delivery({ status })]);
      await promisesSettled();
      assert.equal(queue.published.length, 1);
    }
  });

  test('stays silent where everything is finished', async () => {
    const queue = bell();
    const handOff = createHandOff(queue, unexpected);
    handOff([delivery({ status: 'sent', dueAt: null }), delivery({ status: 'failed', dueAt: null })]);
    handOff([]);
    await promisesSettled();
    assert.deepEqual(queue.published, []);
  });

  test('tells a fault of the queue and fails nobody', async () => {
    const queue = bell();
    queue.fail(true);
    const events: TripEvent[] = [];
    createHandOff(queue, (event) => void events.push(event))([delivery()]);
    await promisesSettled();
    assert.deepEqual(
      events.map((event) => event.type === 'fault' && event.where),
      ['hand-off'],
    );
  });
});

function delivery(over: Partial<Delivery> = {}): Delivery {
  const [built] = make.parcel().deliveries;
  assert.ok(built);
  return { ...built, ...over };
}

function unexpected(event: TripEvent): void {
  assert.fail(`nothing was to be told, but ${event.type} was`);
}
