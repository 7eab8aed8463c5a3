import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { readdir, readlink, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { realClock } from '../../src/domain/clock.ts';
import { PRIORITIES } from '../../src/domain/notification.ts';
import { sqliteBackups } from '../../src/store/sqlite/backup.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { atEnd } from '../kit/at-end.ts';
import { builders } from '../kit/builders.ts';
import { startService } from '../kit/service.ts';
import { runTidings, spawnTidings, temporaryFolder } from '../kit/tidings-process.ts';
import { seen, until } from '../kit/until.ts';

/** So large that a copy of it takes a while, in few rows. */
const LARGE = 'Your parcel has arrived. '.repeat(400);

/** A database with so many large notifications, of which so many are being sent by somebody who is gone. */
async function filled(path: string, count: number, leased = 0): Promise<void> {
  const store = openSqliteStore({ path, clock: realClock });
  const make = builders(() => Date.now());
  for (let batch = 0; batch < count; batch += 50) {
    const parcels = Array.from({ length: Math.min(50, count - batch) }, () => make.parcel({ message: LARGE }));
    await store.accept(parcels.map((parcel) => make.submission([parcel])));
  }
  await store.claimDue({ limit: leased, order: PRIORITIES, leaseMs: 3_600_000 });
  await store.close();
}

/** How many notifications a database or a backup holds that is sound to its last page. */
function soundRows(path: string): number {
  const db = new DatabaseSync(path);
  try {
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    return Number(db.prepare('SELECT count(*) AS n FROM notifications').get()?.n);
  } finally {
    db.close();
  }
}

/** Whether it is time, at each change in the folder: of which file, and how many there were. */
type Moment = (name: string, changes: number) => boolean;

const after =
  (count: number): Moment =>
  (_, changes) =>
    changes === count;
/** The first change of a file whose name begins like this. */
const at =
  (start: string): Moment =>
  (name) =>
    name.startsWith(start);
/** The first change of one after another has changed. */
const atAfter = (start: string, name: string): Moment => {
  let armed = false;
  return (changed) => {
    armed ||= changed.startsWith(start);
    return armed && changed === name;
  };
};

/** kill -9 at a moment, or when it has ended; answers whether it was killed. */
async function killedAt(t: TestContext, folder: string, isTime: Moment, args: readonly string[]): Promise<boolean> {
  const child = spawnTidings(args, { cwd: folder, env: { DATABASE_URL: 'sqlite:tidings.db' } });
  atEnd(t, () => child.running && child.kill('SIGKILL'));
  let changes = 0;
  const watcher = watch(folder, (_, name) => {
    changes += 1;
    if (isTime(name ?? '', changes)) child.kill('SIGKILL');
  });
  try {
    const { signal, code } = await until(child.exited, () => `${args.join(' ')} does not end: ${child.stderr}`);
    assert.ok(signal === 'SIGKILL' || code === 0, child.stderr);
    return signal === 'SIGKILL';
  } finally {
    watcher.close();
  }
}

describe('kill -9', () => {
  test('in the middle of a backup leaves the older one, or the new one, and the database', async (t) => {
    const folder = await temporaryFolder(t);
    const [database, backup] = [join(folder, 'tidings.db'), join(folder, 'a.backup')];
    await filled(database, 100);
    const older = await sqliteBackups(database, realClock).backUp(backup);
    assert.equal(older.kind, 'made');
    await filled(database, 300);
    const found: number[] = [];
    let killed = 0;
    for (const moment of [after(1), after(12), atAfter('a.backup.', 'a.backup')]) {
      if (await killedAt(t, folder, moment, ['backup', 'a.backup'])) killed += 1;
      assert.equal((await sqliteBackups(database, realClock).check(backup)).kind, 'sound');
      assert.equal(soundRows(database), 400);
      found.push(soundRows(backup));
    }
    t.diagnostic(`killed ${killed} of ${found.length}, which left ${found.join(', ')} notifications`);
    assert.ok(killed >= 1, 'it was killed in the middle at least once');
    assert.ok(found.every((rows) => rows === 100 || rows === 400));
    assert.equal(found[0], 100);
  });

  test('in the middle of a restore leaves the old database or the new one', async (t) => {
    const folder = await temporaryFolder(t);
    const [database, backup] = [join(folder, 'tidings.db'), join(folder, 'a.backup')];
    await filled(database, 300);
    assert.equal((await sqliteBackups(database, realClock).backUp(backup)).kind, 'made');
    await filled(database, 20);
    const found: number[] = [];
    let killed = 0;
    const aside = 'tidings.db.before-';
    for (const moment of [at('tidings.db.'), after(12), at(aside), atAfter(aside, 'tidings.db')]) {
      if (await killedAt(t, folder, moment, ['restore', 'a.backup', '--force'])) killed += 1;
      found.push(soundRows(database));
    }
    t.diagnostic(`killed ${killed} of ${found.length}, which left ${found.join(', ')} notifications`);
    assert.ok(killed >= 1, 'it was killed in the middle at least once');
    assert.ok(found.every((rows) => rows === 320 || rows === 300));
    assert.equal(found[0], 320);
  });
});

test('what was being sent when the backup was made is in doubt after the restore, and goes out again', async (t) => {
  const folder = await temporaryFolder(t);
  await filled(join(folder, 'old.db'), 3, 1);
  const run = (args: readonly string[], database: string) =>
    runTidings(t, args, { cwd: folder, env: { DATABASE_URL: `sqlite:${database}` } });
  const made = await run(['backup', '.', '--keep', '1'], 'old.db');
  assert.equal(made.code, 0, made.stderr);
  const [name = ''] = (await readdir(folder)).filter((one) => one.startsWith('tidings-'));
  assert.match(made.stdout, /tidings-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db is sound: .* 3 notifications, 3 deliveries/);
  const restored = await run(['restore', name], 'new.db');
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stdout, /^1 deliveries were being sent, and it is not known whether they left\.$/m);
  const dryRun = await run(['reconcile'], 'new.db');
  assert.equal(dryRun.code, 0, dryRun.stderr);
  assert.match(
    dryRun.stdout,
    /^ {2}in doubt +1 were being sent, under a lease that has ended 1: 1 go out again, 0 end/m,
  );
  assert.match(dryRun.stdout, /^ {2}due +2, the oldest for \d+ s$/m);
  assert.match(dryRun.stdout, /\n\nIt adds up\.\n$/);

  const place = { DATABASE_URL: `sqlite:${join(folder, 'new.db')}`, QUEUE_URL: 'database' };
  const service = await startService(t, { place });
  const list = await service.get<{ data: { id: string; status: string }[] }>('/notifications');
  assert.equal(list.body.data.length, 3);
  const logs = [];
  for (const { id } of list.body.data) {
    const { attempts } = await service.waitFor(id, 'sent');
    logs.push(attempts.map(({ outcome, code }) => `${outcome} ${code}`).join(', '));
  }
  assert.deepEqual(logs.sort(), ['accepted null', 'accepted null', 'unknown worker_lost, accepted null']);
  const taken = await run(['restore', name, '--force'], 'new.db');
  assert.deepEqual([taken.code, taken.stdout], [1, '']);
  assert.match(taken.stderr, /^tidings: .*new\.db is in use; stop every Tidings that works with it\.\n$/);

  const db = new DatabaseSync(join(folder, 'new.db'));
  db.exec("DELETE FROM attempts WHERE outcome = 'unknown'");
  db.close();
  const found = await run(['reconcile', '--json'], 'new.db');
  assert.equal(found.code, 1);
  const { ok, faults } = JSON.parse(found.stdout) as { ok: boolean; faults: { code: string; count: number }[] };
  assert.deepEqual([ok, faults.map(({ code, count }) => `${code} ${count}`)], [false, ['attempts_miscounted 1']]);
});

test('a process that waited for a database while it was replaced does not start on the old one', async (t) => {
  const folder = await temporaryFolder(t);
  const [database, other] = [join(folder, 'tidings.db'), join(folder, 'other.db')];
  await filled(database, 1);
  await filled(other, 2);
  const held = new DatabaseSync(database);
  held.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  const waiting = spawnTidings(['migrate'], { cwd: folder, env: { DATABASE_URL: 'sqlite:tidings.db' } });
  atEnd(t, () => waiting.running && waiting.kill('SIGKILL'));
  await seen(
    async () => {
      const files = await readdir(`/proc/${waiting.pid}/fd`);
      const open = await Promise.all(files.map((file) => readlink(`/proc/${waiting.pid}/fd/${file}`).catch(() => '')));
      return open.includes(database) || undefined;
    },
    () => `it has not opened its database: ${waiting.stderr}`,
  );
  // As a restore does.
  await rename(other, database);
  held.close();
  assert.equal((await until(waiting.exited, () => 'it still waits')).code, 1);
  assert.match(waiting.stderr, /tidings\.db was replaced while it was being opened; start again/);
  assert.equal(soundRows(database), 2);
});

test('on PostgreSQL its own tools are named, and no password', async (t) => {
  const env = { DATABASE_URL: 'postgres://user:canary@127.0.0.1:1/things' };
  for (const args of [
    ['backup', 'x'],
    ['restore', 'x'],
  ]) {
    const { code, stdout, stderr } = await runTidings(t, args, { env });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /pg_dump --format=custom --schema=tidings --file=tidings\.dump things/);
    assert.doesNotMatch(stderr, /canary|\n {4}at /);
  }
});
