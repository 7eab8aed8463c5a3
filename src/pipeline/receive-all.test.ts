import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveryId, firstIdAt } from '../domain/ids.ts';
import type { Receipt } from '../domain/receipt.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { Receive, Received } from './receive.ts';
import { receiveAll } from './receive-all.ts';

const RECEIPTS: readonly Receipt[] = Array.from({ length: 1_000 }, (_, index) => ({
  ...{ deliveryId: deliveryId(firstIdAt(1), 1), channel: 'email', provider: 'sendgrid', messageId: null },
  ...{ news: 'delivered', attempt: index + 1 },
}));

/** How many are heard at once at most, and in all. */
function hearing(answer: (receipt: Receipt) => Received) {
  const seen = { now: 0, most: 0, all: 0 };
  const receive: Receive = async (receipt) => {
    seen.now += 1;
    seen.all += 1;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise((resolve) => setImmediate(resolve));
    seen.now -= 1;
    return answer(receipt);
  };
  return { seen, receive };
}

test('each receipt of a request is heard once, a hundred at a time, and what came of them is counted', async () => {
  const { seen, receive } = hearing(({ attempt }) =>
    attempt % 4 === 0 ? 'stale' : attempt % 4 === 1 ? 'unknown' : 'applied',
  );
  const counts = await receiveAll(RECEIPTS, receive);
  assert.deepEqual(counts, { applied: 500, stale: 250, unknown: 250, too_early: 0 });
  assert.deepEqual(seen, { now: 0, most: 100, all: 1_000 });
  assert.deepEqual(await receiveAll([], receive), { applied: 0, stale: 0, unknown: 0, too_early: 0 });
});

test('after one that is too early no more are begun', async () => {
  const { seen, receive } = hearing(({ attempt }) => (attempt === 150 ? 'too_early' : 'applied'));
  const counts = await receiveAll(RECEIPTS, receive);
  assert.equal(counts.too_early, 1);
  assert.ok(seen.all < 300, `${seen.all} were begun`);
  assert.equal(counts.applied + 1, seen.all);
});

test('a store that is away is told when nothing is under way any more', async () => {
  const { seen, receive } = hearing(({ attempt }) => {
    if (attempt === 20) throw new StoreUnavailable('it is away');
    return 'applied';
  });
  await assert.rejects(receiveAll(RECEIPTS, receive), StoreUnavailable);
  assert.equal(seen.now, 0);
  assert.ok(seen.all < 300);
});
