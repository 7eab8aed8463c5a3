import type { Type as TypeBox } from 'typebox';

const builders = {
  Array: (items: object, options?: object) => ofKind('Array', { type: 'array', items }, options),
  Boolean: (options?: object) => ofKind('Boolean', { type: 'boolean' }, options),
  Integer: (options?: object) => ofKind('Integer', { type: 'integer' }, options),
  Null: (options?: object) => ofKind('Null', { type: 'null' }, options),
  Number: (options?: object) => ofKind('Number', { type: 'number' }, options),
  Object(properties: Readonly<Record<string, object>>, options?: object) {
    const required = Object.entries(properties).flatMap(([key, one]) => (Object.hasOwn(one, OPTIONAL) ? [] : [key]));
    const keywords = { type: 'object', ...(required.length === 0 ? {} : { required }), properties };
    return ofKind('Object', keywords, options);
  },
  Optional: (schema: object) => marked(schema, OPTIONAL, true),
  String: (options?: object) => ofKind('String', { type: 'string' }, options),
  Union: (anyOf: object, options?: object) => ofKind('Union', { anyOf }, options),
  Unknown: (options?: object) => ofKind('Unknown', {}, options),
  Unsafe: (schema: object) => marked(schema, '~unsafe', null),
};

/**
 * The builders of TypeBox that the contract is written with: the same schemas, of the same types. TypeBox itself, of
 * which only the types are used here, is hundreds of modules, and they were a tenth of the memory of an idle process.
 * That what is made is what its type says cannot be shown to the compiler; a test holds each builder against TypeBox's own.
 */
export const Type = builders as Pick<typeof TypeBox, keyof typeof builders>;

const OPTIONAL = '~optional';

function ofKind(kind: string, keywords: object, options: object = {}): object {
  return marked({ ...keywords, ...options }, '~kind', kind);
}

/** A copy with a mark, from which static types are read, and what is optional. It is hidden: it is no part of the JSON. */
function marked(schema: object, mark: string, value: string | boolean | null): object {
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema));
  Reflect.deleteProperty(copy, mark);
  return Object.defineProperty(copy, mark, { value, configurable: true, writable: true, enumerable: false });
}
