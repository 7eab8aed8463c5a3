import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { type AppliedMigration, type Migration, needsOf, schemaRefusal } from './schema.ts';

describe('a migration', () => {
  const cases: readonly [string, string, number][] = [
    ['that says nothing works with no program before it', 'CREATE TABLE x (a INTEGER);', 3],
    [
      'may say which program it works with',
      '-- Programs that know 0002 work with this.\nCREATE TABLE x (a INTEGER);',
      2,
    ],
    ['may say so further down', '-- A table.\n-- Programs that know 0001 work with this.\n', 1],
    ['does not say so inside of a line', 'SELECT 1; -- Programs that know 0001 work with this.', 3],
    ['cannot need a program that is newer than itself', '-- Programs that know 0009 work with this.', 3],
  ];
  for (const [name, sql, needs] of cases) {
    test(name, () => assert.equal(needsOf({ number: 3, name: '0003_x.sql', sql }), needs));
  }
});

describe('a program that knows migrations up to 2', () => {
  const row = (number: number, needs: number | null): AppliedMigration => {
    return { number, name: `000${number}_x.sql`, sha256: '', needs };
  };
  const cases: readonly [string, readonly AppliedMigration[], string | null][] = [
    ['works with its own schema', [row(1, null), row(2, 2)], null],
    ['works with an older one', [row(1, 1)], null],
    ['works with a newer one that only adds', [row(1, 1), row(2, 2), row(3, 2), row(4, 1)], null],
    ['refuses one that needs a newer program', [row(2, 2), row(3, 2), row(4, 3)], '0004_x.sql'],
    ['refuses a newer one that says nothing', [row(2, 2), row(3, null)], '0003_x.sql'],
  ];
  for (const [name, applied, refused] of cases) {
    test(name, () => {
      const sentence = schemaRefusal(applied, 2);
      if (refused === null) assert.equal(sentence, null);
      else assert.ok(sentence?.includes(refused), String(sentence));
    });
  }
});

/** Statements that an older program, which knows nothing of them, does not notice. */
const ADDS = [
  /^CREATE TABLE \S+ \(/,
  // Without a value for rows that are there, or for an older program's, it must be NULL.
  /^ALTER TABLE \S+ ADD COLUMN \w+ [\w[\]]+(?: COLLATE "?\w+"?)?(?: NOT NULL DEFAULT .+| DEFAULT .+)?$/,
];
const INDEX = /^CREATE (?:UNIQUE )?INDEX \w+ ON (\S+) /;

/** What is not only an addition in a migration; an index may come with its own table, as on an old one it locks out writers. */
function changesIn(sql: string): readonly string[] {
  const statements = sql
    .replaceAll(/--.*$/gm, '')
    .split(';')
    .map((statement) => statement.replaceAll(/\s+/g, ' ').trim())
    .filter((statement) => statement !== '');
  const made = statements.flatMap((statement) => /^CREATE TABLE (\S+) /.exec(statement)?.[1] ?? []);
  return statements.filter((statement) => {
    const indexed = INDEX.exec(statement)?.[1];
    if (indexed !== undefined) return !made.includes(indexed);
    return !ADDS.some((form) => form.test(statement));
  });
}

const FOLDERS = ['sqlite', 'postgres'];

describe('every migration that says an older program works with it', () => {
  for (const path of FOLDERS.flatMap((engine) => globSync(`${import.meta.dirname}/${engine}/migrations/*.sql`))) {
    const name = basename(path);
    const migration: Migration = { number: Number(name.slice(0, 4)), name, sql: readFileSync(path, 'utf8') };
    if (needsOf(migration) === migration.number) continue;
    test(`${path.split('/').slice(-3).join('/')} only adds`, () => assert.deepEqual(changesIn(migration.sql), []));
  }

  const cases: readonly [string, boolean][] = [
    ['CREATE TABLE a (b INTEGER NOT NULL) STRICT; CREATE INDEX c ON a (b);', true],
    ['CREATE TABLE tidings.a (b bigint); CREATE UNIQUE INDEX c ON tidings.a (b) WHERE b > 0;', true],
    ['ALTER TABLE a ADD COLUMN b TEXT; ALTER TABLE a ADD COLUMN c INTEGER NOT NULL DEFAULT 0;', true],
    ['ALTER TABLE a ADD COLUMN b INTEGER NOT NULL', false],
    ['ALTER TABLE a DROP COLUMN b', false],
    ['ALTER TABLE a RENAME COLUMN b TO c', false],
    ['ALTER TABLE a ALTER COLUMN b TYPE bigint', false],
    ['CREATE INDEX c ON deliveries (b)', false],
    ['UPDATE deliveries SET reason = NULL', false],
    ['CREATE TABLE a (b INTEGER); DROP TABLE deliveries', false],
  ];
  for (const [sql, adds] of cases) {
    test(`${adds ? 'an addition' : 'no addition'}: ${sql}`, () => assert.equal(changesIn(sql).length === 0, adds));
  }
});

test('every insert names its columns, so that one more does not break it', () => {
  const files = FOLDERS.flatMap((engine) => globSync(`${import.meta.dirname}/${engine}/*.ts`));
  assert.ok(files.length > 40);
  const nameless = files
    .filter((path) => !path.endsWith('test.ts'))
    .flatMap((path) => readFileSync(path, 'utf8').match(/INSERT INTO [\w.${}]+ (?!\()\S+/g) ?? []);
  assert.deepEqual(nameless, []);
});
