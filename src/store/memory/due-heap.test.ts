import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Due, DueHeap } from './due-heap.ts';

const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), dueAt: fc.nat({ max: 9 }) }),
  fc.record({ do: fc.constant('remove' as const), pick: fc.nat() }),
  fc.record({ do: fc.constant('first' as const), limit: fc.nat({ max: 5 }), until: fc.nat({ max: 9 }) }),
);

test('a heap knows its earliest after any adds and removals, as a sorted list does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const heap = new DueHeap<Due>();
      const naive: Due[] = [];
      for (const [index, each] of steps.entries()) {
        if (each.do === 'add') {
          const item = { id: `${(index * 37) % 101}`.padStart(3, '0'), dueAt: each.dueAt, place: -1 };
          heap.add(item);
          naive.push(item);
          naive.sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
        } else if (each.do === 'remove') {
          const [item] = naive.splice(each.pick % Math.max(1, naive.length), 1);
          if (item !== undefined) heap.remove(item);
        } else {
          const expected = naive.filter((item) => item.dueAt <= each.until).slice(0, each.limit);
          assert.deepEqual(
            heap.first(each.limit, (item) => item.dueAt <= each.until),
            expected,
          );
        }
        assert.equal(heap.peek(), naive[0]);
        assert.equal(heap.size, naive.length);
      }
    }),
  );
});
