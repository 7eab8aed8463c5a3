import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { inboxContract } from '../../../test/contract/inbox-contract.ts';
import { sandboxContract } from '../../../test/contract/sandbox-contract.ts';
import { storeContract } from '../../../test/contract/store-contract.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { openSqliteStore } from './sqlite-store.ts';

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

storeContract('SQLite', open);
inboxContract('SQLite', open);
sandboxContract('SQLite', open);
