import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { hunt } from './hunt.ts';
import { MUTANTS } from './mutants.ts';

/** How long one may be at large, in seconds. */
const PATIENCE = 60;

describe('the simulator', () => {
  for (const { name, says } of MUTANTS) {
    test(`catches ${name}: ${says}`, async () => {
      assert.notEqual(await hunt(name, { seed: '1', seconds: PATIENCE }), null);
    });
  }

  test('finds a short way to a broken promise', async () => {
    const file = new URL('mutated.ts', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [file, 'no-sweeper', '1', '60', '20']);
    const sends = stdout.split('\n').filter((line) => /^ {2}\d.*send #/.test(line));
    assert.ok(sends.length >= 1 && sends.length <= 3, stdout);
    assert.match(stdout, /breaks the promise "unstuck"/);
  });
});

test('every mutant still fits the sources', () => {
  for (const { name, patches } of MUTANTS) {
    for (const { file, find } of patches) {
      const source = readFileSync(new URL(`../../../src/${file}`, import.meta.url), 'utf8');
      assert.equal(source.split(find).length, 2, `${name}: in ${file}: ${find}`);
    }
  }
});
