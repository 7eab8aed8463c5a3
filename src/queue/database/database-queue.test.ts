import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueContract } from '../../../test/contract/queue-contract.ts';
import { databaseQueue } from './database-queue.ts';

queueContract('database', 'rings', async () => ({ queue: databaseQueue({ changes: null }), loseTakers: null }));

/** Another process, as the queue sees it. */
function neighbour() {
  const rings = new Set<() => void>();
  return {
    changes: {
      subscribe(ring: () => void) {
        rings.add(ring);
        return () => rings.delete(ring);
      },
    },
    commit: () => {
      for (const ring of rings) ring();
    },
    listeners: () => rings.size,
  };
}

test('rings for the commits of other processes: to those who wait, or to the next one', async () => {
  const { changes, commit } = neighbour();
  const queue = databaseQueue({ changes });
  const signal = new AbortController().signal;
  const takers = [queue.take(1, signal), queue.take(1, signal)];
  commit();
  assert.deepEqual(await Promise.all(takers), [[], []]);
  commit();
  commit();
  assert.deepEqual(await queue.take(1, signal), []);
});

test('listens to other processes until it is closed', async () => {
  const { changes, listeners } = neighbour();
  const queue = databaseQueue({ changes });
  assert.equal(listeners(), 1);
  await queue.close();
  assert.equal(listeners(), 0);
});
