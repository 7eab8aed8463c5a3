import type { TestContext } from 'node:test';
import { inboxContract } from '../../../test/contract/inbox-contract.ts';
import { moveContract } from '../../../test/contract/move-contract.ts';
import { retentionContract } from '../../../test/contract/retention-contract.ts';
import { sandboxContract } from '../../../test/contract/sandbox-contract.ts';
import { storeContract } from '../../../test/contract/store-contract.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { openPostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();

const open = async (t: TestContext) => {
  const clock = new ManualClock();
  const store = await openPostgresStore({ url: await postgres.database(t), clock: systemClock, time: clock });
  atEnd(t, () => store.close());
  return { store, clock };
};

storeContract('PostgreSQL', open, { claimsAfterWrites: false });
inboxContract('PostgreSQL', open);
sandboxContract('PostgreSQL', open);
moveContract('PostgreSQL', open);
retentionContract('PostgreSQL', open);
