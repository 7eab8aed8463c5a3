import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FAULTS, PROBLEMS } from './problem.ts';

const CODE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

describe('problems', () => {
  for (const [code, { status, title }] of Object.entries(PROBLEMS)) {
    test(`${code} has a plain code, an error status and a title that is no sentence`, () => {
      assert.match(code, CODE);
      assert.ok(Number.isInteger(status) && status >= 400 && status <= 599);
      assert.match(title, /^[A-Z].*[^.\s]$/);
    });
  }

  test('have titles that tell them apart', () => {
    const titles = Object.values(PROBLEMS).map(({ title }) => title);
    assert.equal(new Set(titles).size, titles.length);
  });

  test('blame us for one thing only', () => {
    const ours = Object.entries(PROBLEMS).flatMap(([code, { status }]) => (status === 500 ? [code] : []));
    assert.deepEqual(ours, ['internal']);
  });
});

describe('faults', () => {
  for (const [code, detail] of Object.entries(FAULTS)) {
    test(`${code} has a plain code and a sentence`, () => {
      assert.match(code, CODE);
      assert.match(detail, /^[A-Z].*\.$/);
    });
  }

  test('have sentences that tell them apart', () => {
    assert.equal(new Set(Object.values(FAULTS)).size, Object.keys(FAULTS).length);
  });

  test('share no code with problems but the one that a batch reports of a single item', () => {
    const shared = Object.keys(FAULTS).filter((code) => code in PROBLEMS);
    assert.deepEqual(shared, ['unroutable']);
  });
});
