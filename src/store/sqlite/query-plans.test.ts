import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, DatabaseSync, type StatementSync } from 'node:sqlite';
import { test } from 'node:test';
import { FIRST_PAGE, LIST_FILTERS } from '../../../test/kit/list-filters.ts';
import { deliveryId, type NotificationId } from '../../domain/ids.ts';
import { prepareAccept } from './accept.ts';
import { prepareClaims } from './claim.ts';
import { prepareInbox } from './inbox.ts';
import { migrate, readMigrations } from './migrate.ts';
import { prepareMoves } from './moves.ts';
import { prepareReads } from './read.ts';
import { prepareRetention } from './retention.ts';
import { prepareSandbox } from './sandbox.ts';
import { prepareWrite } from './write.ts';

/** Notes every statement that is made. */
class Watched extends DatabaseSync {
  readonly statements = new Set<string>();

  override prepare(sql: string): StatementSync {
    this.statements.add(sql);
    return super.prepare(sql);
  }
}

const ID = '01890a5d-ac96-774b-bcce-b302099a8057' as NotificationId;

/** Every statement that the store makes, and those that its lists make when they are asked. */
function everyStatement(): Watched {
  const db = new Watched(':memory:');
  migrate(db, readMigrations(), 0);
  db.statements.clear();
  prepareAccept(db);
  prepareWrite(db);
  prepareClaims(db);
  prepareSandbox(db);
  prepareMoves(db);
  prepareRetention(db);
  const reads = prepareReads(db);
  for (const filter of LIST_FILTERS) {
    reads.list(filter, FIRST_PAGE);
    reads.deadLetters({ ...filter, code: 'invalid_recipient' }, FIRST_PAGE);
  }
  reads.stats(0);
  reads.backlog(0);
  const inbox = prepareInbox(db);
  for (const status of [null, 'unread', 'read', 'archived'] as const) inbox.list('42', status, FIRST_PAGE);
  inbox.markMany('42', 'read', { before: null }, 0);
  inbox.mark('42', deliveryId(ID, 1), 'read', 0);
  return db;
}

/** What grows with what was accepted: a walk over all of it gets slower every day. */
const GROWING = [
  'notifications',
  'n',
  'deliveries',
  'd',
  'f',
  'attempts',
  'idempotency_keys',
  'inbox',
  'sandbox',
  'moves',
  'inbox_marks',
  'counters',
];

test('no statement walks over a table, or sorts what an index could have in order', () => {
  const db = everyStatement();
  assert.ok(db.statements.size > 30, `${db.statements.size} statements`);
  const slow: string[] = [];
  for (const sql of [...db.statements]) {
    for (const { detail } of db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()) {
      const step = String(detail);
      const [, table = ''] = /^SCAN (\w+)/.exec(step) ?? [];
      // The indexes of what is not finished are walked to be counted, up to a limit.
      if (/^SCAN deliveries USING COVERING INDEX deliveries_(?:ready|leased)$/.test(step)) continue;
      if (GROWING.includes(table) || step === 'USE TEMP B-TREE FOR ORDER BY') slow.push(`${step}: ${sql}`);
    }
  }
  assert.deepEqual(slow, []);
  db.close();
});

test('no condition of an index makes SQLite fill a table of its own for every row that is written', () => {
  const db = everyStatement();
  // An insert opens none otherwise; an update that sorts out its rows first may.
  const inserts = [...db.statements].filter((sql) =>
    /^INSERT INTO (?:notifications|deliveries|attempts|inbox)\b/.test(sql),
  );
  const update = "UPDATE deliveries SET status = 'sent', due_at = NULL WHERE notification_id = ? AND leg = ?";
  assert.ok(inserts.length >= 4, `${inserts.length} statements`);
  for (const sql of [...inserts, update]) {
    const opened = db
      .prepare(`EXPLAIN ${sql}`)
      .all()
      .filter(({ opcode }) => opcode === 'OpenEphemeral');
    assert.equal(opened.length, 0, sql);
  }
  db.close();
});

test('no statement has a bare parameter for its LIMIT, and so claims are not made anew for each run', async () => {
  for await (const file of glob('*.ts', { cwd: import.meta.dirname })) {
    if (file.endsWith('.test.ts')) continue;
    assert.doesNotMatch(readFileSync(join(import.meta.dirname, file), 'utf8'), /LIMIT [?:]\w*(?!\w| \+ 0)/, file);
  }
  const db = everyStatement();
  const claims = prepareClaims(db);
  const runAll = (limit: number) => {
    claims.claimDue({ limit, order: ['high', 'normal', 'low'], leaseMs: 1 }, 0);
    claims.expiredLeases(limit, 0);
    claims.nextDueAt();
  };
  let made = 0;
  // It is asked for every table and column of a statement that is made; setting it makes all of them anew once.
  db.setAuthorizer(() => {
    made += 1;
    return constants.SQLITE_OK;
  });
  runAll(1);
  assert.ok(made > 0);
  made = 0;
  runAll(2);
  assert.equal(made, 0);
  db.close();
});
