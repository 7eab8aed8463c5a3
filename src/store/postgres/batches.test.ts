import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoreUnavailable } from '../store.ts';
import { Batches } from './batches.ts';

/** Batches for a server that answers when it is told to. */
function batches(atOnce: number) {
  const begun: (readonly number[])[] = [];
  const answers: (() => void)[] = [];
  const line = new Batches<number, number>(atOnce, (jobs) => {
    begun.push(jobs);
    return new Promise((resolve) => answers.push(() => resolve(jobs)));
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const answerAll = async () => {
    while (answers.length > 0) {
      for (const answer of answers.splice(0)) answer();
      await turn();
      await turn();
    }
  };
  return { line, begun, turn, answerAll };
}

/** At once, that is: it does not wait. */
async function refused(asked: Promise<unknown>): Promise<void> {
  const turn = new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(
    Promise.race([asked, turn]),
    (error: unknown) => error instanceof StoreUnavailable && error.overloaded,
  );
}

describe('what waits for PostgreSQL', () => {
  test('is 30,000 rows at most, beside the batches under way, and there is room again afterwards', async () => {
    const { line, begun, turn, answerAll } = batches(1);
    const first = line.add(0, 1);
    await turn();
    const waiting = Array.from({ length: 30 }, (_, job) => line.add(job + 1, 1_000));
    await refused(line.add(99, 1));
    await refused(line.addEach([97, 98], 1));
    await answerAll();
    assert.deepEqual(
      await Promise.all([first, ...waiting]),
      Array.from({ length: 31 }, (_, job) => job),
    );
    assert.equal(begun.length, 11, 'each of 3,000 rows');
    const again = line.add(99, 30_000);
    await turn();
    await answerAll();
    assert.equal(await again, 99);
  });

  test('is 64 MB at most, in batches of eight', async () => {
    const { line, begun, turn, answerAll } = batches(1);
    const first = line.add(0, 1, 1);
    await turn();
    const waiting = Array.from({ length: 32 }, (_, job) => line.add(job + 1, 1, 2_000_000));
    await refused(line.add(99, 1, 1));
    await answerAll();
    await Promise.all([first, ...waiting]);
    assert.equal(begun.length, 9);
    assert.ok(begun.every((jobs) => jobs.length <= 4));
  });

  test('is one job that is larger than all the room, where nothing else waits', async () => {
    const { line, turn, answerAll } = batches(1);
    const large = line.add(7, 1_000_000, 1_000_000_000);
    await turn();
    await answerAll();
    assert.equal(await large, 7);
  });
});
