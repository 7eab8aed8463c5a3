import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { idMaker } from '../../src/domain/ids.ts';
import type { InboxStore } from '../../src/store/inbox.ts';
import type { SandboxStore } from '../../src/store/sandbox.ts';
import type { Migration } from '../../src/store/schema.ts';
import type { NewNotification, Store } from '../../src/store/store.ts';
import { builders } from '../kit/builders.ts';
import { FIRST_PAGE, LIST_FILTERS } from '../kit/list-filters.ts';
import type { ManualClock } from '../kit/manual-clock.ts';
import { putIntoInbox } from '../kit/put-into-inbox.ts';
import { storeKit } from './store/store-kit.ts';

type Opened = Store & InboxStore & SandboxStore;

/** One database, which can be opened again and again, and whose schema a program that does not exist yet can change. */
export type OpenShared = (t: TestContext) => Promise<{
  readonly clock: ManualClock;
  /** What a table is called in SQL. */
  readonly table: (name: string) => string;
  readonly open: () => Promise<Opened>;
  /** As the start of a program would that knows these migrations too. */
  readonly migrate: (more: readonly Migration[]) => Promise<void>;
}>;

const GROWN = ['notifications', 'deliveries', 'attempts', 'idempotency_keys', 'counters', 'inbox', 'sandbox'];
const SAYS = '-- Programs that know 0002 work with this.\n';

/** Every table has a column more, of which the program of today knows nothing, and there is one table more. */
function addition(table: (name: string) => string): Migration {
  const columns = GROWN.flatMap((name) => [
    `ALTER TABLE ${table(name)} ADD COLUMN later TEXT;`,
    `ALTER TABLE ${table(name)} ADD COLUMN sooner INTEGER NOT NULL DEFAULT 7;`,
  ]);
  const more = `CREATE TABLE ${table('more')} (id INTEGER PRIMARY KEY); CREATE INDEX more_by_id ON ${table('more')} (id);`;
  return { number: 9001, name: '9001_more.sql', sql: `${SAYS}${columns.join('\n')}\n${more}` };
}

/** A program and the one that comes after it, on one schema at the same time. */
export function upgradeContract(name: string, open: OpenShared): void {
  describe(`an upgrade on ${name}`, () => {
    test('that adds to the schema is not noticed by programs that run, nor by one that starts on it', async (t) => {
      const shared = await open(t);
      const first = await trafficOn(t, shared.clock, await shared.open());
      await first.round();
      const goOn = async () => {
        for (let rounds = 0; rounds < 10; rounds++) await first.round();
      };
      await Promise.all([goOn(), shared.migrate([addition(shared.table)])]);
      const second = await trafficOn(t, shared.clock, await shared.open());
      for (let rounds = 0; rounds < 3; rounds++) await Promise.all([first.round(), second.round()]);
      // Each finds what the other has written.
      for (const [reader, parcels] of [
        [second, first.sent],
        [first, second.sent],
      ] as const) {
        for (const parcel of parcels) assert.equal((await reader.state(parcel)).status, 'sent');
      }
      await shared.migrate([addition(shared.table)]);
    });

    test('that takes something away is refused to programs that need it', async (t) => {
      const shared = await open(t);
      await (await shared.open()).probe();
      const sql = `CREATE TABLE ${shared.table('other')} (id INTEGER PRIMARY KEY)`;
      await shared.migrate([{ number: 9001, name: '9001_other.sql', sql }]);
      await assert.rejects(shared.open(), /the database is newer \(9001_other\.sql\) than this program/);
    });
  });
}

/** Everything that a program does all day. */
async function trafficOn(t: TestContext, clock: ManualClock, store: Opened) {
  const kit = await storeKit(t, async () => ({ store, clock }));
  const make = builders(() => clock.now(), idMaker(randomBytes));
  const sent: NewNotification[] = [];
  const userId = randomUUID();
  const round = async () => {
    const parcel = make.parcel();
    const key = randomUUID();
    const [accepted] = await store.accept([make.submission([parcel], { key })]);
    assert.deepEqual(accepted, { kind: 'accepted' });
    assert.equal((await store.findAnswer('POST /x', key))?.fingerprint, 'f1');
    await kit.send(parcel);
    const { id: notificationId } = parcel.notification;
    const entry = make.inboxEntry({ notificationId, userId });
    await putIntoInbox(store, [entry]);
    await store.markInbox(userId, 'read', { ids: [entry.id] }, clock.now());
    assert.equal((await store.listInbox(userId, null, { limit: 1, after: null })).items[0]?.readAt, clock.now());
    await store.addToSandbox([make.sandboxMessage({ notificationId })]);
    assert.equal((await store.listSandbox({ notificationId }, { limit: 9, after: null })).items.length, 1);
    for (const filter of LIST_FILTERS.slice(0, 3)) await store.list(filter, FIRST_PAGE);
    assert.ok((await store.stats(0)).accepted > 0);
    await store.purge({ keysBefore: 0, limit: 10 });
    sent.push(parcel);
  };
  return { round, sent, state: kit.state };
}
