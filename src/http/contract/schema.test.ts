import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type TSchema, Type as TypeBox } from 'typebox';
import { Type } from './schema.ts';

/** TypeBox drops what could change a prototype; the contract has no such names. */
const name = fc.string().filter((key) => !['__proto__', 'constructor', 'prototype'].includes(key));

/** Makes a schema with the builders that it is lent. */
type Recipe = (from: typeof Type) => TSchema;

const options = fc.option(
  fc.record(
    {
      $id: fc.string(),
      description: fc.string(),
      examples: fc.array(fc.jsonValue(), { maxLength: 2 }),
      default: fc.jsonValue(),
      additionalProperties: fc.constant(false),
      maxLength: fc.nat(),
      minItems: fc.nat(),
      'x-fault': fc.constantFrom('unknown_channel', undefined),
      // What is said already can be said again.
      type: fc.constant('string'),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);

const recipes = fc.letrec<{ schema: Recipe; plain: Recipe }>((tie) => ({
  schema: fc.oneof(
    { weight: 3, arbitrary: tie('plain') },
    { weight: 2, arbitrary: tie('schema').map<Recipe>((inner) => (from) => from.Optional(inner(from))) },
  ),
  plain: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(fc.constantFrom('Boolean', 'Integer', 'Null', 'Number', 'String', 'Unknown'), options).map<Recipe>(
      ([builder, about]) =>
        (from) =>
          from[builder](about),
    ),
    fc.dictionary(name, fc.jsonValue(), { maxKeys: 3 }).map<Recipe>((json) => (from) => from.Unsafe(json)),
    tie('schema').map<Recipe>((inner) => (from) => from.Unsafe(inner(from))),
    fc.tuple(tie('schema'), options).map<Recipe>(
      ([items, about]) =>
        (from) =>
          from.Array(items(from), about),
    ),
    fc.tuple(fc.array(tie('schema'), { maxLength: 3 }), options).map<Recipe>(([branches, about]) => (from) => {
      const anyOf = branches.map((branch) => branch(from));
      return from.Union(anyOf, about);
    }),
    fc
      .tuple(fc.dictionary(name, tie('schema'), { maxKeys: 4 }), options)
      .map<Recipe>(([properties, about]) => (from) => {
        const made = Object.entries(properties).map(([key, one]) => [key, one(from)] as const);
        return from.Object(Object.fromEntries(made), about);
      }),
  ),
}));

/** Every property in its order, the hidden ones included, with whether it can be seen. */
function laidOpen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(Object.getOwnPropertyDescriptors(value)).map(([key, { value: inner, ...how }]) => [
    key,
    how,
    laidOpen(inner),
  ]);
}

test('makes what TypeBox makes of the same words, hidden marks included', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(recipes.schema, (recipe) => {
      const ours = recipe(Type);
      const json = JSON.stringify(ours);
      for (const keyword of ['"required"', '"anyOf"', '"items"', '"properties"', '"x-fault"']) {
        if (json.includes(keyword)) seen.add(keyword);
      }
      const theirs = recipe(TypeBox);
      assert.equal(json, JSON.stringify(theirs));
      assert.deepEqual(laidOpen(ours), laidOpen(theirs));
    }),
    { numRuns: 600 },
  );
  assert.equal(seen.size, 5);
});

test('leaves the schema as it was that it makes optional', () => {
  const text = Type.String();
  const both = Type.Object({ may: Type.Optional(text), must: text });
  assert.deepEqual(both.required, ['must']);
});
