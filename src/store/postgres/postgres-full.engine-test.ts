import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { atEnd } from '../../../test/kit/at-end.ts';
import { builders } from '../../../test/kit/builders.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { seen } from '../../../test/kit/until.ts';
import { PRIORITIES } from '../../domain/notification.ts';
import { StoreUnavailable } from '../store.ts';
import { openPostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();
const make = builders(() => Date.now());

/**
 * A server with a full disk refuses what writes, and so does one that was made read-only, which is easier to have. No
 * gate is needed for it: a claim is a write, so whoever could not record a result is given nothing to send.
 */
test('a server that refuses writes gives nothing to send, answers reads, and works again by itself', async (t) => {
  const url = await postgres.database(t);
  const store = await openPostgresStore({ url, clock: systemClock, connections: 4 });
  atEnd(t, () => store.close());
  const parcel = make.parcel();
  await store.accept([make.submission([parcel])]);
  const claimDue = () => store.claimDue({ limit: 10, order: PRIORITIES, leaseMs: 30_000 });
  const ids = parcel.deliveries.map(({ id }) => id);

  await only(t, url, 'reads');
  for (const refused of [claimDue, () => store.claim(ids, 30_000), () => store.probe()]) {
    await assert.rejects(refused(), StoreUnavailable);
  }
  await assert.rejects(store.accept([make.submission([make.parcel()])]), StoreUnavailable);
  assert.equal((await store.find(parcel.notification.id))?.deliveries[0]?.status, 'pending');
  assert.equal((await store.backlog()).depth, 1);

  await only(t, url, 'writes');
  await seen(
    async () => (await claimDue().catch(() => [])).length === 1 || undefined,
    () => 'it does not write again',
  );
});

/** What transactions may do that begin from now on, also over connections that are there already. */
async function only(t: TestContext, url: string, may: 'reads' | 'writes'): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  atEnd(t, () => client.end());
  await client.query('SET default_transaction_read_only = off');
  await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${may === 'reads' ? 'on' : 'off'}`);
  await client.query('SELECT pg_reload_conf()');
  const probe = new Client({ connectionString: url });
  await probe.connect();
  atEnd(t, () => probe.end());
  await seen(
    async () => {
      const { rows } = await probe.query<{ readonly off: boolean }>(
        "SELECT current_setting('default_transaction_read_only') = 'off' AS off",
      );
      return rows[0]?.off === (may === 'writes') || undefined;
    },
    () => 'the server did not take the setting',
  );
}
