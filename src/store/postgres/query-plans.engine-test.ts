import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'pg';
import { atEnd } from '../../../test/kit/at-end.ts';
import { builders } from '../../../test/kit/builders.ts';
import { FIRST_PAGE, LIST_FILTERS } from '../../../test/kit/list-filters.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { putIntoInbox } from '../../../test/kit/put-into-inbox.ts';
import { PRIORITIES } from '../../domain/notification.ts';
import { openPostgresAudit } from './audit.ts';
import { openPostgresStore, type PostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();
const make = builders(() => Date.now());

/** What grows with what was accepted: a walk over all of it gets slower every day. */
const GROWING = [
  'notifications',
  'deliveries',
  'attempts',
  'idempotency_keys',
  'inbox',
  'sandbox',
  'inbox_marks',
  'counters',
];

/** Everything that is asked for all day. */
async function aDay(store: PostgresStore): Promise<void> {
  await store.accept(Array.from({ length: 20 }, () => make.submission([make.parcel()])));
  const claims = await store.claimDue({ limit: 5, order: PRIORITIES, leaseMs: 1_000 });
  await store.claim(
    claims.map(({ delivery }) => delivery.id),
    1_000,
  );
  await store.renew(
    claims.map(({ delivery: { id, version } }) => ({ id, version })),
    1_000,
  );
  await store.write(claims.map(({ delivery }) => [{ after: { ...delivery, version: 99 }, attempts: [] }]));
  await store.expiredLeases(10);
  await store.nextDueAt();
  await store.findAnswer('scope', 'key');
  await store.backlog();
  for (const { notification } of claims) await store.find(notification.id);
  for (const filter of LIST_FILTERS) await store.list(filter, FIRST_PAGE);
  for (const filter of LIST_FILTERS) await store.deadLetters(filter, FIRST_PAGE);
  await store.purge({ keysBefore: 0, limit: 10 });
  const entry = make.inboxEntry();
  const point = await store.endOfInboxes();
  await putIntoInbox(store, [entry]);
  await store.markInboxEntry(entry.userId, entry.id, 'read', 0);
  await store.markInbox(entry.userId, 'seen', { before: null }, 0);
  await store.inboxAfter(entry.userId, point, 10);
  await store.inboxesAfter(point, 10);
  await store.forgetMarks(1, 10);
  await store.movesAfter(await store.endOfMoves(), 10);
  const endedBefore = { sent: Date.now() + 1_000, failed: Date.now() + 1_000 };
  await store.forget({ endedBefore, after: null, rows: 10 });
  await store.forgetCaught(Date.now(), 10);
  await store.forgetCounters(Date.now(), 10);
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

interface Explained {
  readonly 'QUERY PLAN': readonly { readonly Plan: Plan }[];
}

function* steps(plan: Plan): Generator<Plan> {
  yield plan;
  for (const part of plan.Plans ?? []) yield* steps(part);
}

test('every statement has an index for what it looks for in a table that grows', async (t) => {
  const url = await postgres.database(t);
  const store = await openPostgresStore({ url, clock: systemClock });
  atEnd(t, () => store.close());
  const query = t.mock.method(Client.prototype, 'query');
  await aDay(store);
  const audit = await openPostgresAudit({ url, clock: systemClock });
  atEnd(t, () => audit.close());
  await audit.stretch(null, null, 10);
  await audit.inDoubt(10);
  const asked = new Map(query.mock.calls.map(({ arguments: [text, values] }) => [text, values]));
  query.mock.restore();
  const statements = [...asked].filter(([text]) => /^\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(text));
  assert.ok(statements.length >= 20, `${statements.length} statements`);

  const client = new Client({ connectionString: url });
  await client.connect();
  atEnd(t, () => client.end());
  // The tables are small: where there is another way, it is to be shown.
  await client.query(
    'BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off',
  );
  const slow: string[] = [];
  for (const [text, values] of statements) {
    const { rows } = await client.query<Explained>(`EXPLAIN (FORMAT JSON) ${text}`, values as unknown[] | undefined);
    const [plan] = rows[0]?.['QUERY PLAN'] ?? [];
    assert.ok(plan, text);
    for (const step of steps(plan.Plan)) {
      const table = step['Relation Name'] ?? '';
      if (step['Node Type'] === 'Seq Scan' && GROWING.includes(table)) slow.push(`walks over ${table}: ${text}`);
      if (step['Node Type'] === 'Sort' && /LIMIT \$\d+$/.test(text)) slow.push(`sorts: ${text}`);
    }
  }
  assert.deepEqual(slow, []);
});

/** So many that one walk over all of them costs less than a look for each of a stretch. */
const ROWS = 20_000;
/** Eight hexadecimal digits, past those that are counted. */
const MANY = 0x10000000;

/** Rows like the only one that a table has, each of a notification of its own. */
function grow(table: string, columns: readonly string[]): string {
  const id = (column: string) => `'${column}', overlay(t.${column}::text PLACING to_hex(i) FROM 27)`;
  const own = columns.map((column) => (column === 'seq' ? "'seq', t.seq + i" : id(column)));
  return `INSERT INTO tidings.${table} OVERRIDING SYSTEM VALUE SELECT r.* FROM tidings.${table} t, generate_series(${MANY + 1}, ${MANY + ROWS}) i,
    jsonb_populate_record(t, jsonb_build_object(${own.join(', ')})) r; ANALYZE tidings.${table}`;
}

test('what belongs to a stretch is looked up by its key, whatever the planner expects', async (t) => {
  const url = await postgres.database(t);
  const store = await openPostgresStore({ url, clock: systemClock });
  atEnd(t, () => store.close());
  await putIntoInbox(store, [make.inboxEntry()]);
  const client = new Client({ connectionString: url });
  await client.connect();
  atEnd(t, () => client.end());
  await client.query(grow('notifications', ['id']));
  for (const table of ['deliveries', 'attempts']) await client.query(grow(table, ['notification_id']));
  await client.query(grow('inbox', ['seq', 'id', 'notification_id']));
  const audit = await openPostgresAudit({ url, clock: systemClock });
  atEnd(t, () => audit.close());
  const query = t.mock.method(Client.prototype, 'query');
  const { notifications, deliveries, faults } = await audit.stretch(null, null, 2_000);
  const asked = query.mock.calls.map(({ arguments: [text, values] }) => ({ text, values }));
  query.mock.restore();
  assert.deepEqual([notifications, deliveries[0]?.count, faults], [2_000, 2_000, []]);

  const plans: Plan[] = [];
  for (const { text, values } of asked) {
    const isRead = text.startsWith('SELECT * FROM (');
    const { rows } = await client.query<Explained>(
      isRead ? `EXPLAIN (FORMAT JSON) ${text}` : text,
      values as unknown[],
    );
    if (isRead) plans.push(...(rows[0]?.['QUERY PLAN'] ?? []).map(({ Plan: plan }) => plan));
  }
  assert.equal(plans.length, 3);
  const taken = plans.flatMap((plan) => [...steps(plan)].map((step) => step['Node Type']));
  assert.deepEqual(
    taken.filter((step) => /^(?:Seq Scan|Hash Join|Merge Join|Gather.*)$/.test(step)),
    [],
  );
});
