import assert from 'node:assert/strict';
import { copyFile, link, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { LEASE, storeKit } from '../../../test/contract/store/store-kit.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { putIntoInbox } from '../../../test/kit/put-into-inbox.ts';
import { TABLES } from '../transfer.ts';
import { sqliteBackups } from './backup.ts';
import { openSqliteStore, type SqliteStore } from './sqlite-store.ts';

const ALL = { rows: 100_000, bytes: 1e9 };

const LARGE = 'Your parcel has arrived. '.repeat(1_200);

/** A folder with a store that holds some of everything. */
async function bed(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-backup-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const clock = new ManualClock();
  const at = (name: string) => join(folder, name);
  const open = (name: string) => {
    const store = openSqliteStore({ path: at(name), clock });
    atEnd(t, () => store.close());
    return store;
  };
  const store = open('tidings.db');
  const kit = await storeKit(t, async () => ({ store, clock }));
  const parcels = Array.from({ length: 20 }, () => kit.make.parcel({ message: 'Your parcel has arrived: canary.' }));
  await kit.accept(...parcels);
  await kit.send(...parcels.slice(0, 10));
  await kit.fail(...parcels.slice(10, 15));
  const notificationId = parcels[0]?.notification.id ?? assert.fail();
  await putIntoInbox(store, [kit.make.inboxEntry({ notificationId })]);
  await store.addToSandbox([kit.make.sandboxMessage()]);
  const backups = (name: string) => sqliteBackups(at(name), clock);
  const made = async (name = 'a.backup') => {
    const result = await backups('tidings.db').backUp(at(name));
    assert.equal(result.kind, 'made', JSON.stringify(result));
    return at(name);
  };
  const sound = async (name: string) => (await backups('x').check(at(name))).kind;
  return { ...kit, folder, at, open, store, backups, made, sound, parcels };
}

async function contentOf(store: SqliteStore): Promise<object> {
  const tables = await Promise.all(TABLES.map(async (table) => [table, await store.readRows(table, null, ALL)]));
  return Object.fromEntries(tables) as object;
}

function refused(result: { readonly kind: string; readonly why?: string }, words: RegExp): void {
  assert.equal(result.kind, 'refused', JSON.stringify(result));
  assert.match(result.why ?? '', words);
}

describe('a backup', () => {
  test('of a store in use holds one moment of it, and comes back as it was', async (t) => {
    const { store, backups, at, open, make, accept } = await bed(t);
    // Too large for one step.
    await accept(...Array.from({ length: 200 }, () => make.parcel({ message: LARGE })));
    const before = await contentOf(store);
    const over = new AbortController();
    const writing = async () => {
      while (!over.signal.aborted) await accept(make.parcel());
    };
    const backingUp = async () => {
      const result = await backups('tidings.db').backUp(at('a.backup'));
      over.abort();
      return result;
    };
    const [result] = await Promise.all([backingUp(), writing()]);
    assert.ok(result.kind === 'made');
    assert.deepEqual(await readdir(at('.')), ['a.backup', 'tidings.db', 'tidings.db-shm', 'tidings.db-wal']);
    assert.equal((await stat(at('a.backup'))).mode & 0o777, 0o600);
    const restored = await backups('new.db').restore(at('a.backup'), { force: false });
    assert.ok(restored.kind === 'restored');
    assert.deepEqual([restored.aside, restored.inDoubt, restored.note], [null, 0, result.note]);
    // Nothing of what was written meanwhile is in it, as its one moment was the first.
    assert.deepEqual(await contentOf(open('new.db')), before);
    assert.ok((await store.countRows('notifications')) > 220);
    assert.equal((await stat(at('new.db'))).mode & 0o777, 0o600);
  });

  test('takes the place of an older one, and of nothing else', async (t) => {
    const { backups, at, made, sound, accept, make } = await bed(t);
    const older = await backups('tidings.db').check(await made());
    await accept(make.parcel());
    const newer = await backups('tidings.db').check(await made());
    assert.ok(older.kind === 'sound' && newer.kind === 'sound');
    assert.equal(newer.note.tables.notifications?.rows, 21);
    assert.notEqual(newer.note.tables.notifications?.sha256, older.note.tables.notifications?.sha256);
    await writeFile(at('letter.txt'), 'Dear user,');
    const backUp = (name: string) => backups('tidings.db').backUp(at(name));
    refused(await backUp('letter.txt'), /letter\.txt is there and is not a backup/);
    assert.equal(await readFile(at('letter.txt'), 'utf8'), 'Dear user,');
    refused(await backUp('tidings.db'), /is the database itself/);
    refused(await backUp('.'), /is not a file/);
    refused(await backUp('nowhere/a.backup'), /there is no folder .*nowhere/);
    refused(await backups('gone.db').backUp(at('b.backup')), /there is no database .*gone\.db/);
    refused(await backups('letter.txt').backUp(at('b.backup')), /is damaged, or not a database/);
    refused(await backups('a.backup').backUp(at('b.backup')), /is itself a backup/);
    assert.equal(await sound('a.backup'), 'sound');
  });

  test('that has changed since, in whatever place, is not believed', async (t) => {
    const { backups, at, made } = await bed(t);
    const bytes = await readFile(await made());
    const text = bytes.indexOf('canary');
    assert.ok(text > 0);
    bytes[text] = 'C'.charCodeAt(0);
    await writeFile(at('flipped.backup'), bytes);
    refused(await backups('x.db').check(at('flipped.backup')), /is not what it was: notifications has 20 rows/);
    refused(await backups('x.db').restore(at('flipped.backup'), { force: true }), /is not what it was: notifications/);
    await copyFile(at('a.backup'), at('less.backup'));
    const less = new DatabaseSync(at('less.backup'));
    less.exec('DELETE FROM attempts WHERE number = 1');
    less.close();
    refused(await backups('x.db').check(at('less.backup')), /attempts has 0 rows/);
    await truncate(at('a.backup'), 20_000);
    refused(await backups('x.db').restore(at('a.backup'), { force: true }), /is damaged/);
    assert.equal(
      (await readdir(at('.'))).some((name) => name.startsWith('x.db')),
      false,
      'nothing is left of the tries',
    );
  });

  test('says what is wrong with the place where it is to be', async (t) => {
    const { backups, folder } = await bed(t);
    const nowhere = join('/proc', basename(folder));
    refused(await backups('tidings.db').backUp(nowhere), /\/proc/);
  });

  test('is no database to start on', async (t) => {
    const { made } = await bed(t);
    const path = await made();
    assert.throws(() => openSqliteStore({ path, clock: new ManualClock() }), /the file is a backup; "tidings restore"/);
  });

  test('clears away what one left behind that was killed a day ago', async (t) => {
    const { at, clock, made } = await bed(t);
    const [old, young] = [at('a.backup.0123456789ab.part'), at('a.backup.ba9876543210.part')];
    for (const part of [old, young]) await writeFile(part, '');
    const seconds = clock.now() / 1_000;
    await utimes(old, seconds, seconds - 90_000);
    await utimes(young, seconds, seconds - 1_000);
    await made();
    assert.deepEqual(
      (await readdir(at('.'))).filter((name) => name.endsWith('.part')),
      ['a.backup.ba9876543210.part'],
    );
  });
});

describe('a restore', () => {
  test('is refused while anybody has the database open', async (t) => {
    const { backups, at, made, store } = await bed(t);
    const backup = await made();
    for (const force of [false, true]) {
      refused(await backups('tidings.db').restore(backup, { force }), /tidings\.db is in use; stop every Tidings/);
    }
    await store.probe();
    refused(await backups('tidings.db').restore(at('none.backup'), { force: true }), /there is no file .*none\.backup/);
    refused(
      await backups('tidings.db').restore(at('tidings.db'), { force: true }),
      /not a backup that "tidings backup"/,
    );
  });

  test('replaces what holds anything only by force, and keeps it', async (t) => {
    const { backups, made, store, open, accept, make, folder } = await bed(t);
    const backup = await made();
    await accept(make.parcel());
    const later = await contentOf(store);
    await store.close();
    refused(await backups('tidings.db').restore(backup, { force: false }), /tidings\.db is not empty; --force/);
    const unchanged = open('tidings.db');
    assert.deepEqual(await contentOf(unchanged), later);
    await unchanged.close();
    const restored = await backups('tidings.db').restore(backup, { force: true });
    assert.ok(restored.kind === 'restored' && restored.aside !== null);
    assert.equal((await open('tidings.db').readRows('notifications', null, ALL)).length, 20);
    assert.deepEqual(await contentOf(open(restored.aside.slice(folder.length + 1))), later);
  });

  test('takes back the second name that one killed before its end gave the database', async (t) => {
    const { backups, at, made, store } = await bed(t);
    const backup = await made();
    await store.close();
    await link(at('tidings.db'), at('tidings.db.before-2026-01-01T00-00-00.000Z'));
    await writeFile(at('tidings.db.before-2025-01-01T00-00-00.000Z'), 'that of another restore');
    refused(await backups('tidings.db').restore(backup, { force: false }), /is not empty/);
    assert.equal((await backups('tidings.db').restore(backup, { force: true })).kind, 'restored');
    const kept = (await readdir(at('.'))).filter((name) => name.includes('.before-'));
    assert.deepEqual(kept.length, 2);
    assert.ok(!kept.includes('tidings.db.before-2026-01-01T00-00-00.000Z'));
  });

  test('replaces an empty database without a word', async (t) => {
    const { backups, made, open } = await bed(t);
    const empty = open('empty.db');
    await empty.probe();
    await empty.close();
    const restored = await backups('empty.db').restore(await made(), { force: false });
    assert.ok(restored.kind === 'restored' && restored.aside === null);
    assert.equal(await open('empty.db').countRows('notifications'), 20);
  });

  test('leaves other programs their files', async (t) => {
    const { backups, at, made } = await bed(t);
    const other = new DatabaseSync(at('other.db'));
    other.exec('CREATE TABLE letters (id INTEGER)');
    other.close();
    const backup = await made();
    refused(await backups('other.db').restore(backup, { force: true }), /holds tables of another program/);
  });

  test('reads no log of another database into the new one, nor loses it', async (t) => {
    const { backups, at, made, store, open, accept, make, folder } = await bed(t);
    const backup = await made();
    await accept(make.parcel());
    // As a crash leaves it: what was written last is in the log alone.
    for (const side of ['', '-wal']) await copyFile(at(`tidings.db${side}`), at(`crashed.db${side}`));
    assert.ok((await stat(at('crashed.db-wal'))).size > 0);
    const restored = await backups('crashed.db').restore(backup, { force: true });
    assert.ok(restored.kind === 'restored' && restored.aside !== null);
    assert.equal(await open('crashed.db').countRows('notifications'), 20);
    assert.deepEqual(await contentOf(open(restored.aside.slice(folder.length + 1))), await contentOf(store));
  });

  test('replaces a database that cannot be read, or of which only the log is left', async (t) => {
    const { backups, at, made, open } = await bed(t);
    const backup = await made();
    await writeFile(at('broken.db'), 'x'.repeat(8_192));
    await writeFile(at('broken.db-wal'), 'y'.repeat(8_192));
    refused(await backups('broken.db').restore(backup, { force: false }), /broken\.db cannot be read/);
    const restored = await backups('broken.db').restore(backup, { force: true });
    assert.ok(restored.kind === 'restored' && restored.aside !== null);
    assert.equal(await readFile(restored.aside, 'utf8'), 'x'.repeat(8_192));
    assert.equal(await open('broken.db').countRows('notifications'), 20);
    await copyFile(at('tidings.db-wal'), at('gone.db-wal'));
    refused(await backups('gone.db').restore(backup, { force: false }), /there is no .*gone\.db, but .*gone\.db-wal/);
    assert.equal((await backups('gone.db').restore(backup, { force: true })).kind, 'restored');
    assert.equal(await open('gone.db').countRows('notifications'), 20);
  });

  test('makes all leases void: what was being sent is in doubt at once', async (t) => {
    const { backups, made, open, clock, claimDue, store } = await bed(t);
    const old = await claimDue(2);
    clock.advance(LEASE + 1);
    const young = await claimDue(2);
    assert.deepEqual([old.length, young.length, (await store.expiredLeases(9)).length], [2, 2, 2]);
    const restored = await backups('new.db').restore(await made(), { force: false });
    assert.ok(restored.kind === 'restored');
    assert.equal(restored.inDoubt, 4);
    const lost = await open('new.db').expiredLeases(9);
    const ids = (claims: typeof lost) => claims.map(({ delivery }) => delivery.id).sort();
    assert.deepEqual(ids(lost), ids([...old, ...young]));
  });

  test('lets nobody go on reading a stream where the lost one had come to, but anew', async (t) => {
    const { backups, made, open, store, make, accept } = await bed(t);
    const file = await made();
    const inboxed = async (to: SqliteStore) => {
      const entry = make.inboxEntry();
      await putIntoInbox(to, [entry]);
      await to.markInbox('user-1', 'read', { ids: [entry.id] }, 1);
    };
    const points = async (of: SqliteStore) => [await of.endOfMoves(), await of.endOfInboxes()] as const;
    const before = await points(store);
    await accept(make.parcel());
    await inboxed(store);
    const later = await points(store);
    await backups('new.db').restore(file, { force: false });
    const restored = open('new.db');
    const anew = await points(restored);
    for (let count = 0; count < 3; count++) {
      await restored.accept([make.submission([make.parcel()])]);
      await inboxed(restored);
    }
    for (const [moves, inboxes] of [before, later]) {
      assert.equal(await restored.movesAfter(moves, 9), null);
      assert.equal(await restored.inboxAfter('user-1', inboxes, 9), null);
    }
    assert.equal((await restored.movesAfter(anew[0], 10))?.length, 9);
    assert.equal((await restored.inboxAfter('user-1', anew[1], 9))?.happenings.length, 6);
  });

  test('of a newer program that this one does not know is refused', async (t) => {
    const { backups, at, store, made } = await bed(t);
    await store.close();
    const newer = new DatabaseSync(at('tidings.db'));
    newer.exec("INSERT INTO tidings_migrations VALUES (9001, '9001_later.sql', '', 0, 9001)");
    newer.close();
    refused(
      await backups('new.db').restore(await made(), { force: false }),
      /newer \(9001_later\.sql\) than this program/,
    );
  });
});
