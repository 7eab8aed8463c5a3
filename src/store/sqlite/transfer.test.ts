import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transferContract } from '../../../test/contract/transfer-contract.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { openSqliteStore } from './sqlite-store.ts';

transferContract('SQLite to SQLite', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-copy-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const clock = new ManualClock();
  const open = (name: string) => {
    const store = openSqliteStore({ path: join(folder, name), clock });
    atEnd(t, () => store.close());
    return store;
  };
  return { source: open('a.db'), target: open('b.db'), clock, sourceAgain: async () => open('a.db') };
});
