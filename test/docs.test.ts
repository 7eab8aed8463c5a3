import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FILES, readDoc, withTables } from '../scripts/docs-tables.ts';

for (const file of FILES) {
  test(`${file} shows what the code has, no more and no less (npm run docs writes it)`, () => {
    const text = readDoc(file);
    assert.match(text, /<!-- table: /, 'the file holds at least one table');
    assert.equal(text, withTables(text));
  });
}
