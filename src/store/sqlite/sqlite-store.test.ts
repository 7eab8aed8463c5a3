import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { inboxContract } from '../../../test/contract/inbox-contract.ts';
import { moveContract } from '../../../test/contract/move-contract.ts';
import { retentionContract } from '../../../test/contract/retention-contract.ts';
import { sandboxContract } from '../../../test/contract/sandbox-contract.ts';
import { LEASE, next, storeKit } from '../../../test/contract/store/store-kit.ts';
import { storeContract } from '../../../test/contract/store-contract.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { PRIORITIES } from '../../domain/notification.ts';
import { StoreUnavailable } from '../store.ts';
import { askRows } from './ask-rows.ts';
import { openRowStore } from './row-store.ts';
import { serveRows } from './serve-rows.ts';
import { inWords, openSqliteStore } from './sqlite-store.ts';

const open = async (t: TestContext) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-sqlite-'));
  const clock = new ManualClock();
  const store = openSqliteStore({ path: join(folder, 'tidings.db'), clock });
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { store, clock };
};

/** The same store at the other end of a line, as on its own thread; but on a clock that a test can set. */
const openBehindLine = async (t: TestContext) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-sqlite-'));
  const clock = new ManualClock();
  const rows = openRowStore({ path: join(folder, 'tidings.db'), clock });
  const { port1, port2 } = new MessageChannel();
  // Nobody else writes to the file; to look for them every 20 ms of a clock that a test sets on by a month takes minutes.
  serveRows({ ...rows, subscribe: () => () => undefined }, port2);
  const store = inWords({ ...askRows(port1), migrated: rows.migrated });
  t.after(async () => {
    await store.close();
    port1.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { store, clock };
};

storeContract('SQLite', open, { claimsAfterWrites: true });
inboxContract('SQLite', open);
sandboxContract('SQLite', open);
moveContract('SQLite', open);
retentionContract('SQLite', open);

storeContract('SQLite behind a line', openBehindLine, { claimsAfterWrites: true });
inboxContract('SQLite behind a line', openBehindLine);
sandboxContract('SQLite behind a line', openBehindLine);
moveContract('SQLite behind a line', openBehindLine);
retentionContract('SQLite behind a line', openBehindLine);

test('tells of a write before the claim that it made possible', async (t) => {
  const { store, clock, make, accept, claimDue } = await storeKit(t, open);
  await accept(make.parcel({}, [{ chain: ['sms'] }]));
  const [claim] = await claimDue();
  assert.ok(claim);
  const again = { type: 'released' } as const;
  const told: string[] = [];
  await Promise.all([
    store.write([[{ after: next(claim.delivery, again, clock.now()), attempts: [] }]]).then(() => told.push('written')),
    store
      .claimDue({ limit: 1, order: PRIORITIES, leaseMs: LEASE })
      .then(({ length }) => told.push(`${length} claimed`)),
  ]);
  assert.deepEqual(told, ['written', '1 claimed']);
});

test('refuses writes once its file was deleted: nobody would find them again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-gone-'));
  t.after(() => rm(folder, { recursive: true }));
  const clock = new ManualClock();
  const path = join(folder, 'tidings.db');
  const store = openSqliteStore({ path, clock });
  t.after(() => store.close());
  await store.probe();
  await rm(path);
  clock.advance(1_000);
  await assert.rejects(store.probe(), StoreUnavailable);
});

test('on a disk that is nearly full takes and claims nothing, while the rest goes on', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-room-'));
  t.after(() => rm(folder, { recursive: true }));
  let free = 1_000_000n;
  const statfs = () => ({ bavail: free, blocks: 1_000_000n, bsize: 4096n });
  const openShort = async (context: TestContext) => {
    const clock = new ManualClock();
    const store = openSqliteStore({ path: join(folder, 'tidings.db'), clock, statfs });
    context.after(() => store.close());
    return { store, clock };
  };
  const { store, clock, make, accept, claimDue } = await storeKit(t, openShort);
  const [inHand, waiting] = [make.parcel(), make.parcel()];
  await accept(inHand);
  const [claim] = await claimDue();
  assert.ok(claim);
  await accept(waiting);

  free = 1_000n;
  clock.advance(10);
  const refused = (error: unknown) => error instanceof StoreUnavailable && !error.overloaded;
  await assert.rejects(accept(make.parcel()), refused);
  await assert.rejects(claimDue(), refused);
  await assert.rejects(
    store.claim(
      [...waiting.deliveries].map(({ id }) => id),
      LEASE,
    ),
    refused,
  );
  await assert.rejects(store.probe(), refused);
  const { id, version } = claim.delivery;
  assert.deepEqual(await store.renew([{ id, version }], LEASE), [true]);
  const after = next(claim.delivery, { type: 'released' }, clock.now());
  assert.deepEqual(await store.write([[{ after, attempts: [] }]]), [true]);
  assert.notEqual(await store.find(waiting.notification.id), null);
  assert.equal(await store.purge({ keysBefore: clock.now(), limit: 1 }), 0);

  free = 1_000_000n;
  clock.advance(10);
  await store.probe();
  await accept(make.parcel());
  assert.equal((await claimDue()).length, 3);
});

test('makes its file for its own user only', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-mode-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'data', 'tidings.db');
  const store = openSqliteStore({ path, clock: new ManualClock() });
  t.after(() => store.close());
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(folder, 'data'))).mode & 0o777, 0o700);
});
