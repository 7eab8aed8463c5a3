import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openDatabase } from './database.ts';

/** A process that has made the file and is about to do the same, for so many ms. */
const ANOTHER = `
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const db = new DatabaseSync(workerData.path, { timeout: 15_000 });
  db.exec('BEGIN IMMEDIATE');
  parentPort.postMessage('holds it');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerData.ms);
  db.exec('COMMIT');
  db.close();
`;

test('waits for another process that makes the same new file', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-database-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'tidings.db');
  const another = new Worker(ANOTHER, { eval: true, workerData: { path, ms: 200 } });
  await once(another, 'message');
  const db = openDatabase(path);
  t.after(() => db.close());
  assert.equal(db.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal');
  await once(another, 'exit');
});
