import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { auditContract } from '../../../test/contract/audit-contract.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { openSqliteAudit } from './audit.ts';
import { openSqliteStore } from './sqlite-store.ts';

auditContract('SQLite', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-audit-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const path = join(folder, 'tidings.db');
  const clock = new ManualClock();
  const store = openSqliteStore({ path, clock });
  atEnd(t, () => store.close());
  const audit = openSqliteAudit(path, clock);
  atEnd(t, () => audit.close());
  const db = new DatabaseSync(path);
  atEnd(t, () => db.close());
  return { store, clock, audit, table: (name) => name, sql: async (text) => db.exec(text) };
});
