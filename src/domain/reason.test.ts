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

test('a code means one thing: a reason that the API answers too says the same there', () => {
  const answers: Readonly<Record<string, string | object>> = { ...PROBLEMS, ...FAULTS };
  const shared = Object.entries(REASONS).filter(([code]) => code in answers);
  assert.deepEqual(
    shared.map(([code]) => code),
    ['url_not_allowed'],
  );
  for (const [code, text] of shared) assert.equal(answers[code], text);
});
