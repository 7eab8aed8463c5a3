import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearMiss, slipsBetween } from './near-miss.ts';

test('a slip is a letter more, less, other, or swapped with its neighbour', () => {
  for (const [one, other, distance] of [
    ['PORT', 'PORT', 0],
    ['PORT', 'PROT', 1],
    ['PORT', 'POR', 1],
    ['PORT', 'SPORT', 1],
    ['PORT', 'POST', 1],
    ['PORT', 'HOST', 2],
    ['', 'AB', 2],
    ['ABC', '', 3],
  ] as const) {
    assert.equal(slipsBetween(one, other), distance, `${one} ${other}`);
    assert.equal(slipsBetween(other, one), distance, `${other} ${one}`);
  }
});

test('the nearest word is meant, if it is near enough', () => {
  const known = ['get', 'list', 'cancel', 'retry', 'start', 'stats'];
  for (const [word, most, meant] of [
    ['cancle', 2, 'cancel'],
    ['stat', 1, 'start'],
    ['fly', 1, null],
    ['list', 0, 'list'],
    ['', 1, null],
  ] as const) {
    assert.equal(nearMiss(word, known, most), meant, word);
  }
});
