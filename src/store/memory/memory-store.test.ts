import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inboxContract } from '../../../test/contract/inbox-contract.ts';
import { moveContract } from '../../../test/contract/move-contract.ts';
import { sandboxContract } from '../../../test/contract/sandbox-contract.ts';
import { storeContract } from '../../../test/contract/store-contract.ts';
import { builders } from '../../../test/kit/builders.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { StoreUnavailable } from '../store.ts';
import { memoryStore } from './memory-store.ts';

const open = async () => {
  const clock = new ManualClock();
  return { store: memoryStore({ clock }), clock };
};

storeContract('memory', open, { claimsAfterWrites: true, random: false });
inboxContract('memory', open);
sandboxContract('memory', open);
moveContract('memory', open);

describe('a memory store that is full', () => {
  const clock = new ManualClock();
  const make = builders(() => clock.now());
  const overloaded = (error: unknown) => error instanceof StoreUnavailable && error.overloaded;

  test('refuses a call that would not fit, and does nothing of it', async () => {
    const store = memoryStore({ clock, capacity: 2 });
    await store.accept([make.submission([make.parcel()])]);
    const pair = [make.submission([make.parcel()]), make.submission([make.parcel()])];
    await assert.rejects(store.accept(pair), overloaded);
    assert.deepEqual(await store.accept(pair.slice(0, 1)), [{ kind: 'accepted' }]);
    assert.equal((await store.backlog()).depth, 2);
  });

  test('takes keys again after the old ones are purged', async () => {
    const store = memoryStore({ clock, capacity: 1 });
    await store.accept([make.submission([], { key: 'a' })]);
    await assert.rejects(store.accept([make.submission([], { key: 'b' })]), overloaded);
    await store.purge({ keysBefore: clock.now() + 1, limit: 1 });
    assert.deepEqual(await store.accept([make.submission([], { key: 'b' })]), [{ kind: 'accepted' }]);
  });
});
