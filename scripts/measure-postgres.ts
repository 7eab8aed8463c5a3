import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { Pool } from 'undici';

/**
 * What a notification costs a PostgreSQL database: rows, bytes, WAL, commits, and how fast it goes. Real processes, one
 * webhook per notification to a receiver in this process, first all accepted, then all delivered.
 * DATABASE_URL=postgres://… npx node scripts/measure-postgres.ts --count 200000 (an empty database, of a role that may CHECKPOINT)
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200000' },
    /** Notifications in one request. */
    batch: { type: 'string', default: '100' },
    /** Requests at once. */
    clients: { type: 'string', default: '32' },
    workers: { type: 'string', default: '1' },
  },
});
const { DATABASE_URL = '' } = process.env;
if (!DATABASE_URL.startsWith('postgres')) throw new Error('DATABASE_URL must name an empty PostgreSQL database');
const count = Number(values.count);
const batch = Number(values.batch);

const SETTINGS = {
  API_PORT: '0',
  LOG_LEVEL: 'error',
  RATE_LIMIT: 'off',
  WEBHOOK_ALLOW_PRIVATE: 'true',
  WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 1).toString('base64')}`,
};

/** What the server tells: sums since its start. */
interface Figures {
  readonly lsn: string;
  readonly commits: number;
  readonly syncs: number;
  readonly images: number;
}

interface Look extends Figures {
  /** Before and after it, in ms: looking takes a while. */
  readonly begun: number;
  readonly ended: number;
}

const LOOK = `SELECT pg_current_wal_insert_lsn()::text AS lsn, wal_sync::int AS syncs, wal_fpi::int AS images,
  (SELECT xact_commit::int FROM pg_stat_database WHERE datname = current_database()) AS commits FROM pg_stat_wal`;

const TABLES = `SELECT relname AS "table", (n_tup_ins - n_tup_del)::int AS rows,
  round(pg_table_size(relid)::numeric / $1, 1)::float AS table_bytes, round(pg_indexes_size(relid)::numeric / $1, 1)::float AS index_bytes,
  n_tup_upd::int AS updates, n_tup_hot_upd::int AS heap_only, n_dead_tup::int AS dead, autovacuum_count::int AS vacuums
  FROM pg_stat_user_tables WHERE schemaname = 'tidings' AND n_tup_ins > 0 ORDER BY pg_total_relation_size(relid) DESC`;

const database = new Client({ connectionString: DATABASE_URL });
await database.connect();
let received = 0;
const receiver = http.createServer((request, response) => {
  received += 1;
  request.resume().on('end', () => response.writeHead(204).end());
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
const children: ChildProcess[] = [];
try {
  const url = await started('api');
  await database.query('CHECKPOINT');
  const before = await look();
  await acceptAll(url);
  const accepted = await look();
  for (let worker = 0; worker < Number(values.workers); worker++) await started('worker');
  await allFinished();
  const finished = await look();
  process.stdout.write(`accepted  ${inWords(before, accepted)}\ndelivered ${inWords(accepted, finished)}\n`);
  process.stdout.write(`the receiver was called ${received} times; bytes below are for one notification\n`);
  console.table((await database.query(TABLES, [count])).rows);
} finally {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit')));
  receiver.closeAllConnections();
  receiver.close();
  await database.end();
}

/** Starts one process and answers where its API is. */
async function started(role: 'api' | 'worker'): Promise<string> {
  const program = join(import.meta.dirname, '..', 'bin', 'tidings.js');
  const env = { ...process.env, ...SETTINGS };
  const child = spawn(process.execPath, [program, role], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let told = '';
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    told += text;
    if (told.includes('is up')) break;
  }
  child.stdout.resume();
  return /^ {2}API +(\S+)\/api\/v1$/m.exec(told)?.[1] ?? '';
}

async function acceptAll(url: string): Promise<void> {
  const clients = Number(values.clients);
  const pool = new Pool(url, { connections: clients });
  let next = 0;
  const client = async () => {
    while (next < count) {
      const from = next;
      next += batch;
      const all = Array.from({ length: Math.min(batch, count - from) }, (_, index) => notification(from + index));
      const { statusCode, body } = await pool.request({
        path: batch === 1 ? '/api/v1/notifications' : '/api/v1/notifications/batch',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(batch === 1 ? all[0] : { notifications: all }),
      });
      const text = await body.text();
      if (statusCode !== 202) throw new Error(`answered with ${statusCode}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  await pool.close();
}

/** Of the size of a usual message: a heading, two sentences, an address, a user. */
function notification(number: number): object {
  return {
    recipient: { user_id: `user-${number % 50_000}`, webhook_url: hook },
    channels: ['webhook'],
    title: 'Your order is on its way',
    message: `Order ${number} has left our warehouse and will be with you on Friday. You can follow it in your account.`,
    ...(batch > 1 ? { idempotency_key: `order-${number}` } : {}),
  };
}

async function allFinished(): Promise<void> {
  const unfinished = `SELECT EXISTS (SELECT 1 FROM tidings.deliveries WHERE status IN ('scheduled', 'pending', 'retrying'))
    OR EXISTS (SELECT 1 FROM tidings.deliveries WHERE status = 'sending') AS yes`;
  const isUnfinished = async () => (await database.query<{ yes: boolean }>(unfinished)).rows[0]?.yes !== false;
  while (await isUnfinished()) await new Promise((done) => setTimeout(done, 100));
}

async function look(): Promise<Look> {
  const begun = performance.now();
  // So long a server process that is idle keeps its figures to itself.
  await new Promise((done) => setTimeout(done, 11_000));
  const [row] = (await database.query<Figures>(LOOK)).rows;
  if (row === undefined) throw new Error('the server tells no figures');
  return { begun, ended: performance.now(), ...row };
}

function inWords(from: Look, to: Look): string {
  const wal = position(to.lsn) - position(from.lsn);
  const seconds = (to.begun - from.ended) / 1000;
  const images = to.images - from.images;
  return `${count} in ${seconds.toFixed(1)} s: ${Math.round(count / seconds)}/s; WAL ${Math.round(wal / count)} bytes each, ${images} page images; ${((to.commits - from.commits) / count).toFixed(4)} commits each, ${to.syncs - from.syncs} syncs`;
}

function position(lsn: string): number {
  const [high = '0', low = '0'] = lsn.split('/');
  return Number.parseInt(high, 16) * 2 ** 32 + Number.parseInt(low, 16);
}
