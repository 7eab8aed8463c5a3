import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { promisesSettled } from '../../test/kit/virtual-time.ts';
import { type BatchLine, createBatchLine } from './batch-line.ts';

describe('a batch line', () => {
  test('passes on by batches of at most 1,000, in order, one after the other', async () => {
    const { line, batches, answer } = slow(10_000);
    line.add([0]);
    line.add(numbers(1, 2_500));
    await promisesSettled();
    assert.deepEqual(batches, [[0]]);
    for (let more = 0; more < 4; more++) {
      answer();
      await promisesSettled();
    }
    assert.deepEqual(batches, [[0], numbers(1, 1_000), numbers(1_001, 1_000), numbers(2_001, 500)]);
  });

  test('takes all or none of what it has room for', async () => {
    const { line, batches, answer } = slow(3);
    assert.equal(line.add([0]), true, 'on its way, it needs no room');
    await promisesSettled();
    assert.equal(line.add([1, 2]), true);
    assert.equal(line.add([3, 4]), false);
    assert.equal(line.add([5]), true);
    answer();
    await promisesSettled();
    assert.deepEqual(batches, [[0], [1, 2, 5]]);
  });

  test('keeps nothing for a receiver that fails, and goes on with what comes later', async () => {
    const { line, batches, fail, faults } = slow(10);
    line.add([0]);
    await promisesSettled();
    line.add([1]);
    fail(new Error('gone'));
    await promisesSettled();
    line.add([2]);
    await promisesSettled();
    assert.deepEqual(batches, [[0], [2]]);
    assert.equal(faults.length, 1);
  });

  test('is idle when everything was passed on, not before', async () => {
    const { line, answer } = slow(10);
    await line.idle();
    line.add([0]);
    line.add([1]);
    let idle = false;
    const becoming = line.idle().finally(() => {
      idle = true;
    });
    await promisesSettled();
    answer();
    await promisesSettled();
    assert.equal(idle, false, 'the second batch is on its way');
    answer();
    await becoming;
  });
});

/** One whose receiver answers when told to. */
function slow(room: number) {
  const batches: (readonly number[])[] = [];
  const faults: unknown[] = [];
  let current = Promise.withResolvers<void>();
  const line: BatchLine<number> = createBatchLine({
    pass(batch) {
      batches.push(batch);
      current = Promise.withResolvers<void>();
      return current.promise;
    },
    onFault: (error) => faults.push(error),
    room,
  });
  return { line, batches, faults, answer: () => current.resolve(), fail: (error: Error) => current.reject(error) };
}

function numbers(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}
