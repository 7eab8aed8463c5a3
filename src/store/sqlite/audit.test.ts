import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { auditContract } from '../../../test/contract/audit-contract.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { auditStatements } from '../audit.ts';
import { ENTRY_ID, openSqliteAudit } from './audit.ts';
import { migrate, readMigrations } from './migrate.ts';
import { openSqliteStore } from './sqlite-store.ts';

auditContract('SQLite', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-audit-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const path = join(folder, 'tidings.db');
  const clock = new ManualClock();
  const store = openSqliteStore({ path, clock });
  atEnd(t, () => store.close());
  const audit = openSqliteAudit(path, clock);
  atEnd(t, () => audit.close());
  const db = new DatabaseSync(path);
  atEnd(t, () => db.close());
  return { store, clock, audit, table: (name) => name, sql: async (text) => db.exec(text) };
});

test('what is no database of ours is not gone through', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-audit-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const open = (name: string) => () => openSqliteAudit(at(name), new ManualClock());
  assert.throws(open('none.db'), /there is no database .*none\.db/);
  await writeFile(at('letter.txt'), 'Dear user,');
  assert.throws(open('letter.txt'), /letter\.txt is not a database of Tidings/);
  const other = new DatabaseSync(at('other.db'));
  other.exec('CREATE TABLE letters (id INTEGER)');
  other.close();
  assert.throws(open('other.db'), /other\.db is not a database of Tidings/);
});

test('no step walks over more than its stretch', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db, readMigrations(), 0);
  const table = (name: string) => name;
  const statements = auditStatements({
    table,
    from: '?1',
    to: '?2',
    entriesFrom: '?3',
    entriesTo: '?4',
    entry: ENTRY_ID,
    now: '?5',
  });
  for (const sql of Object.values(statements)) {
    const steps = db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail));
    assert.ok(
      steps.some((step) => /^SEARCH \w+ USING .*(?:>|<)/.test(step)),
      steps.join('\n'),
    );
    // What was gathered of a stretch is walked through; it is called `f`.
    assert.deepEqual(
      steps.filter((step) => /^SCAN (?!f\b|CONSTANT)/.test(step)),
      [],
      sql,
    );
  }
  db.close();
});
