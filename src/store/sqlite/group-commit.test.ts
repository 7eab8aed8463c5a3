import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { StoreUnavailable } from '../store.ts';
import { GroupCommit } from './group-commit.ts';

function commits(t: TestContext) {
  const db = new DatabaseSync(':memory:');
  t.after(() => db.close());
  db.exec('CREATE TABLE numbers (n INTEGER)');
  let begun = 0;
  const group = new GroupCommit(db, new ManualClock(), {
    beforeBegin() {
      begun += 1;
    },
    beforeCommit: () => {},
    committed: () => {},
    rolledBack: () => {},
  });
  const insert = db.prepare('INSERT INTO numbers VALUES (?)');
  const rows = () => db.prepare('SELECT count(*) AS count FROM numbers').get()?.count;
  return { group, add: (n: number) => () => insert.run(n), rows, begun: () => begun };
}

const overloaded = (error: unknown) => error instanceof StoreUnavailable && error.overloaded;

test('lets 20,000 rows wait and no more, takes them in transactions of 2,000, and then takes others again', async (t) => {
  const { group, add, rows, begun } = commits(t);
  const waiting = Array.from({ length: 200 }, (_, n) => group.run(100, add(n)));
  await assert.rejects(group.run(1, add(-1)), overloaded);
  await assert.rejects(group.runEach(1, [add(-1), add(-2)]), overloaded);
  await Promise.all(waiting);
  assert.equal(rows(), 200);
  assert.equal(begun(), 10);
  await group.run(20_000, add(200));
  assert.equal(rows(), 201);
});

test('takes one that is larger than all the room, where nobody else waits', async (t) => {
  const { group, add, rows } = commits(t);
  await group.run(50_000, add(1));
  assert.equal(rows(), 1);
});

test('has room for all of many or for none', async (t) => {
  const { group, add, rows } = commits(t);
  const first = group.run(19_998, add(0));
  await assert.rejects(group.runEach(1, [add(1), add(2), add(3)]), overloaded);
  await Promise.all([first, group.runEach(1, [add(1), add(2)])]);
  assert.equal(rows(), 3);
});
