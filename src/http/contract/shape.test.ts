import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { map, word } from './forms.ts';
import { BatchItemIn, NotificationIn } from './notification-in.ts';
import { DeadLetterRetryIn, InboxMarkIn } from './other.ts';
import { Type } from './schema.ts';
import { shapeOf } from './shape.ts';

const small = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: 3 }),
    count: Type.Optional(Type.Integer({ minimum: 0, maximum: 5 })),
    either: Type.Optional(
      Type.Union([Type.String(), Type.Object({ x: Type.Boolean() }, { additionalProperties: false })]),
    ),
    list: Type.Optional(Type.Array(word(['a', 'b'] as const), { minItems: 1, maxItems: 2 })),
    map: Type.Optional(map<string>(Type.String(), { maxProperties: 2 })),
  },
  { additionalProperties: false },
);

/** Values that often come near to the schema: its own field names, right and wrong values mixed. */
function near(names: readonly string[]) {
  const leaf = fc.oneof(
    fc.constantFrom('a', 'b', 'email', 'sms', 'all', '', 'abc', 'abcd'),
    fc.integer({ min: -1, max: 6 }),
    fc.boolean(),
    fc.constant(null),
    fc.double(),
  );
  return fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
    object: fc.dictionary(fc.constantFrom(...names, 'x', 'email', 'user_id', 'bogus'), tie('value'), { maxKeys: 4 }),
  })).object;
}

const SCHEMAS: readonly (readonly [string, TSchema, readonly string[]])[] = [
  ['a small schema', small, Object.keys(small.properties)],
  ['a notification', NotificationIn, Object.keys(NotificationIn.properties)],
  ['an item of a batch', BatchItemIn, Object.keys(BatchItemIn.properties)],
  ['a mark', InboxMarkIn, Object.keys(InboxMarkIn.properties)],
  ['a retry of dead letters', DeadLetterRetryIn, ['filter', 'dry_run', 'q', 'code']],
];
for (const [name, schema, names] of SCHEMAS) {
  test(`agrees with TypeBox about ${name}`, () => {
    const shape = shapeOf(schema);
    let right = 0;
    fc.assert(
      fc.property(fc.oneof(near(names), fc.constant({ text: 'abc' })), (value) => {
        const verdict = Check(schema, value);
        right += verdict ? 1 : 0;
        assert.equal(shape(value).length === 0, verdict);
      }),
      { numRuns: 1500 },
    );
    if (schema === small) assert.ok(right > 50);
  });
}

test('names every fault with its place, and for a union those of the branch that was meant', () => {
  const faults = shapeOf(small)({ text: '', count: 1.5, either: { x: 1, y: 2 }, list: ['c'], map: { 'a/b': 1 }, z: 0 });
  assert.deepEqual(
    faults.map(({ pointer, code }) => `${pointer} ${code}`),
    [
      '/text too_short',
      '/count invalid_type',
      '/either/x invalid_type',
      '/either/y unknown_field',
      '/list/0 invalid_value',
      '/map/a~1b invalid_type',
      '/z unknown_field',
    ],
  );
});

test('counts characters, not UTF-16 units', () => {
  assert.deepEqual(shapeOf(small)({ text: '😀😀😀' }), []);
  assert.equal(shapeOf(small)({ text: '😀😀😀😀' })[0]?.code, 'too_long');
});

test('names a hundred faults at most', () => {
  assert.equal(shapeOf(Type.Array(Type.String()))(Array.from({ length: 5000 }, () => 1)).length, 100);
});

test('refuses to be made of what it does not understand', () => {
  assert.throws(() => shapeOf(Type.String({ format: 'email' })));
});
