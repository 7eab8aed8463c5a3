import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULTS, PROBLEMS } from './problem.ts';
import { REASONS } from './reason.ts';

for (const [code, text] of Object.entries(REASONS)) {
  test(`${code} has a plain code and whole sentences`, () => {
    assert.match(code, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
    assert.match(text, /^[A-Z`].*\.$/);
  });
}

test('reasons have sentences that tell them apart', () => {
  assert.equal(new Set(Object.values(REASONS)).size, Object.keys(REASONS).length);
});

test('reasons share no code with what the API answers, so that a code means one thing', () => {
  const shared = Object.keys(REASONS).filter((code) => code in PROBLEMS || code in FAULTS);
  assert.deepEqual(shared, []);
});
