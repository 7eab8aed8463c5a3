import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'pg';
import { auditContract } from '../../../test/contract/audit-contract.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { openPostgresAudit } from './audit.ts';
import { openPostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();

auditContract('PostgreSQL', async (t) => {
  const url = await postgres.database(t);
  const clock = new ManualClock();
  const store = await openPostgresStore({ url, clock: systemClock, time: clock, connections: 4 });
  atEnd(t, () => store.close());
  const audit = await openPostgresAudit({ url, clock: systemClock, time: clock });
  atEnd(t, () => audit.close());
  const sql = async (text: string) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  return { store, clock, audit, table: (name) => `tidings.${name}`, sql };
});

test('a database without our tables is not gone through', async (t) => {
  const url = await postgres.database(t, 'empty');
  await assert.rejects(openPostgresAudit({ url, clock: systemClock }), /there are no tables of Tidings yet/);
});
