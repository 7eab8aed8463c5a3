import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

interface Result {
  readonly machine: object;
  readonly rows: readonly { readonly what: string; readonly unit: string; readonly figures: readonly number[] }[];
}

/** What each row of the table begins with: a bench that gives none has rotted. */
const WHATS = [
  ...['accept, single', 'accept, single, by processor time'],
  ...['accept, batches of 100', 'accept, batches of 100, by processor time'],
  ...['end to end, to the framework', 'end to end, to the peer'],
  ...['drain, SQLite', 'drain, SQLite, to the peer', 'drain, SQLite, to BullMQ alone'],
  ...['drain, PostgreSQL', 'drain, PostgreSQL, to the peer', 'drain, PostgreSQL, two workers to one'],
  ...['drain, PostgreSQL, to pg-boss alone', 'drain, PostgreSQL, to graphile-worker alone'],
  ...['latency p50, SQLite', 'latency p99, SQLite', 'latency p99, PostgreSQL'],
  ...['latency p99, PostgreSQL and Redis', 'latency p99, PostgreSQL and RabbitMQ', 'SMTP', 'webhook'],
  ...['accept with 5,000 finished', 'drain with 5,000 finished', 'slowest list, p99, with 5,000 finished'],
  ...['accept with 5,000 scheduled', 'late, p99, with 5,000 scheduled', 'late, the least, with 5,000 scheduled'],
  ...['ready after the start', 'memory, idle', 'memory, under load', 'memory, by backlog'],
  ...['bytes on disk, webhook', 'bytes on disk, in_app'],
];
/** Differences, which may be nothing or less. */
const DIFFERENCES = new Set(['memory, by backlog', 'late, the least, with 5,000 scheduled']);

test('every bench still runs and gives its figures', { timeout: 300_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-bench-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const json = join(folder, 'result.json');
  const program = join(import.meta.dirname, 'run.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--tiny', '--json', json]);

  const { rows } = JSON.parse(await readFile(json, 'utf8')) as Result;
  assert.deepEqual(
    rows.map(({ what }) => what),
    WHATS,
  );
  for (const { what, figures } of rows) {
    assert.ok(figures.length > 0 && figures.every(Number.isFinite), `${what}: ${String(figures)}`);
    if (!DIFFERENCES.has(what))
      assert.ok(
        figures.every((figure) => figure > 0),
        `${what}: ${String(figures)}`,
      );
    assert.ok(stdout.includes(what), `the table does not show ${what}`);
  }
});
