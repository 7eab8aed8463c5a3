import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';

/** What can be seen in a store's tables, past the store itself. */
export interface Inventory {
  /** Rows of every table, and how often what can change has changed: for every refused request of the corpus. */
  snapshot(): Promise<string>;
  /** The newest row of every table that grows, found without counting: for every request of the storm. */
  mark(): Promise<string>;
  close(): Promise<void>;
}

type Row = Readonly<Record<string, unknown>>;

/** These are written by looking, not by asking. */
const NOT_COUNTED = new Set(['probe', 'lanes', 'tidings_migrations']);

const CHANGES = [
  'SELECT coalesce(sum(version), 0) AS n FROM deliveries',
  'SELECT count(seen_at) + count(read_at) * 10000 + count(archived_at) * 100000000 AS n FROM inbox',
];
const NEWEST = [
  ['notifications', 'id'],
  ['deliveries', 'notification_id'],
  ['attempts', 'notification_id'],
  ['idempotency_keys', 'created_at'],
  ['inbox', 'seq'],
  ['sandbox', 'id'],
] as const;

export function sqliteInventory(path: string): Inventory {
  const db = new DatabaseSync(path, { readOnly: true });
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'").all();
  const snapshot = db.prepare(
    snapshotSql(
      tables.map(({ name }) => String(name)),
      '',
    ),
  );
  const mark = db.prepare(markSql('', 'hex'));
  return {
    snapshot: async () => written(snapshot.all()),
    mark: async () => written(mark.all()),
    close: async () => db.close(),
  };
}

export async function postgresInventory(url: string): Promise<Inventory> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'tidings'",
  );
  const snapshot = snapshotSql(
    rows.map(({ name }) => name),
    'tidings.',
  );
  const mark = markSql('tidings.', '');
  return {
    snapshot: async () => written((await client.query<Row>(snapshot)).rows),
    mark: async () => written((await client.query<Row>({ name: 'mark', text: mark })).rows),
    close: () => client.end(),
  };
}

function snapshotSql(tables: readonly string[], schema: string): string {
  const counted = tables.filter((table) => !NOT_COUNTED.has(table)).toSorted();
  const counts = counted.map((table) => `SELECT '${table}' AS what, count(*) AS n FROM ${schema}${table}`);
  const changes = CHANGES.map(
    (sql, index) => `SELECT 'changes ${index + 1}' AS what, (${sql.replace('FROM ', `FROM ${schema}`)}) AS n`,
  );
  return [...counts, ...changes].join(' UNION ALL ');
}

function markSql(schema: string, text: string): string {
  const newest = NEWEST.map(
    ([table, column]) =>
      `(SELECT ${text}(${column}) FROM ${schema}${table} ORDER BY ${column} DESC LIMIT 1) AS ${table}`,
  );
  return `SELECT ${newest.join(', ')}`;
}

function written(rows: readonly Row[]): string {
  return rows
    .map((row) =>
      Object.entries(row)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' '),
    )
    .join('\n');
}
