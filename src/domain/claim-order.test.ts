import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimOrder } from './claim-order.ts';
import { PRIORITIES } from './notification.ts';

const TURNS = Array.from({ length: 160 }, (_, turn) => claimOrder(turn));

function firsts(priority: string): number {
  return TURNS.filter(([first]) => first === priority).length;
}

test('every turn goes through all priorities', () => {
  for (const order of TURNS) assert.deepEqual(order.toSorted(), [...PRIORITIES].sort());
});

test('of 16 turns one begins with low, one with normal, the others with high', () => {
  assert.deepEqual([firsts('low'), firsts('normal'), firsts('high')], [10, 10, 140]);
});

test('usually the order is that of importance', () => {
  assert.deepEqual(claimOrder(0), ['high', 'normal', 'low']);
  assert.deepEqual(claimOrder(7), ['normal', 'low', 'high']);
  assert.deepEqual(claimOrder(15), ['low', 'normal', 'high']);
});
