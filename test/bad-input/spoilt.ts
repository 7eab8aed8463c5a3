import * as fc from 'fast-check';
import type { Generated } from './generated.ts';
import type { BadRequest } from './request.ts';

/** One thing that is done to a good request. Places are numbers of which the remainder counts, so that any fits. */
export type Spoil =
  | { readonly kind: 'replace'; readonly at: number; readonly value: unknown }
  | { readonly kind: 'drop'; readonly at: number }
  | { readonly kind: 'add'; readonly at: number; readonly key: string; readonly value: unknown }
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'insert'; readonly at: number; readonly text: string }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  | { readonly kind: 'method'; readonly method: string }
  | { readonly kind: 'target'; readonly at: number; readonly text: string };

const JUNK: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 2 ** 53, 1e308, -1e-320],
  ...[
    '',
    ' ',
    '0',
    'x'.repeat(300),
    'x'.repeat(11_000),
    '\0',
    '\ud800',
    '\u202e',
    '\u2028',
    '__proto__',
    'constructor',
    '\ufeff',
  ],
  ...[
    'a@b',
    'a@b.co\r\nBcc: c@d.co',
    '+0',
    '2026-02-30T00:00:00Z',
    '10000-01-01T00:00:00Z',
    '-1s',
    '999999999d',
    'javascript:alert(1)',
  ],
  ...[
    'http://127.0.0.1/',
    'file:///etc/passwd',
    "' OR 1=1 --",
    '%',
    '<%= 7*7 %>',
    '{{7*7}}',
    '../../etc/passwd',
    'NaN',
  ],
  ...[[], {}, [[]], [null], { a: 1 }, { constructor: { prototype: 1 } }, Array.from({ length: 1100 }, (_, n) => n)],
  Array.from({ length: 40 }).reduce<unknown>((inner) => [inner], 1),
];
const TEXTS = [
  '\0',
  '\u0080',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '1e999',
  '-0',
  '"__proto__":1,',
  '\xff\xfe',
  '\n',
  '/*',
];
const PATHS = [
  '%',
  '%00',
  '%zz',
  '%ff',
  '%2f',
  '%2e%2e',
  '/',
  '//',
  '..',
  '?',
  '&',
  '=',
  '#',
  ';',
  ' ',
  'é',
  '\x7f',
  '[',
  '&limit=x',
  '?cursor=x',
  '&__proto__=1',
  '%F0%9F%98%80',
];
const HEADERS: readonly (readonly [string, string])[] = [
  ...(['text/plain', 'application/json; charset=latin1', 'application/json ', '', 'multipart/form-data'] as const).map(
    (type) => ['Content-Type', type] as const,
  ),
  ...(['', 'a b', 'é', 'x'.repeat(256), 'k1', 'k2', '\x7f'] as const).map((key) => ['Idempotency-Key', key] as const),
  ...(['gzip', 'identity', 'br'] as const).map((encoding) => ['Content-Encoding', encoding] as const),
  ...(['', 'Bearer', 'Bearer x', 'Basic eDp5'] as const).map(
    (authorization) => ['Authorization', authorization] as const,
  ),
  ['Traceparent', '00-00000000000000000000000000000000-0000000000000000-00'],
  ['Accept', 'x'],
  ['X-Forwarded-For', "'"],
  ['Cookie', 'x'.repeat(8000)],
  ['X-A', 'x'.repeat(17_000)],
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'BREW'];

const at = fc.nat({ max: 5000 });
const junk = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...JUNK) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

const spoil: fc.Arbitrary<Spoil> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('replace' as const), at, value: junk }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      at,
      key: fc.oneof(fc.constantFrom('__proto__', 'bogus', 'message', 'x-\u0000', ''), fc.string({ unit: 'binary' })),
      value: junk,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat({ max: 7 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('insert' as const), at, text: fc.constantFrom(...TEXTS) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('repeat' as const), at, length: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...HEADERS).map(([name, value]) => ({ kind: 'header' as const, name, value })),
  },
  { weight: 1, arbitrary: fc.constantFrom(...METHODS).map((method) => ({ kind: 'method' as const, method })) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('target' as const), at, text: fc.constantFrom(...PATHS) }) },
);

/** None in a third of the cases: a request that only follows the document. */
export const spoils: fc.Arbitrary<readonly Spoil[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.array(spoil, { minLength: 1, maxLength: 3 }) },
);

/** The request that is left. */
export function spoilt(good: Generated, list: readonly Spoil[]): BadRequest {
  let { body: value } = good;
  for (const one of list) value = spoiltValue(value, one);
  let body: Buffer | null = value === undefined ? null : Buffer.from(JSON.stringify(value) ?? 'null');
  for (const one of list) body = body === null ? null : spoiltBytes(body, one);
  let target = targetOf(good);
  let { method } = good.operation;
  const headers = new Map(Object.entries(good.headers).map(([name, text]) => [name.toLowerCase(), sendable(text)]));
  for (const one of list) {
    if (one.kind === 'method') method = one.method;
    if (one.kind === 'header') headers.set(one.name.toLowerCase(), one.value);
    if (one.kind === 'target') {
      const place = 1 + (one.at % target.length);
      target = target.slice(0, place) + one.text + target.slice(place);
    }
  }
  return { method, target, headers: [...headers], ...(body === null ? {} : { body }) };
}

function targetOf({ operation, params, query }: Generated): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent((params[name] ?? '').toWellFormed()),
  );
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

/** A header that ended early would be another request, and another test. */
function sendable(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

type Holder = Record<string, unknown> | unknown[];

/** Every place in a value where something stands, with what holds it; the whole value has none. */
function placesIn(value: unknown, found: [Holder, string][] = []): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return found;
  const holder = value as Holder;
  for (const key of Object.keys(holder)) {
    found.push([holder, key]);
    placesIn(Reflect.get(holder, key), found);
  }
  return found;
}

function spoiltValue(given: unknown, spoil: Spoil): unknown {
  if (given === undefined || (spoil.kind !== 'replace' && spoil.kind !== 'drop' && spoil.kind !== 'add')) return given;
  const value = structuredClone(given);
  const places = placesIn(value);
  const place = places[spoil.at % (places.length + 1)];
  if (place === undefined) return spoil.kind === 'replace' ? spoil.value : value;
  const [holder, key] = place;
  if (spoil.kind === 'replace') set(holder, key, spoil.value);
  else if (spoil.kind === 'drop') Reflect.deleteProperty(holder, key);
  else set(holder, spoil.key, spoil.value);
  return value;
}

function set(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function spoiltBytes(body: Buffer, spoil: Spoil): Buffer {
  const at = 'at' in spoil ? spoil.at % (body.length + 1) : 0;
  switch (spoil.kind) {
    case 'flip': {
      const flipped = Buffer.from(body);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << spoil.bit);
      return flipped;
    }
    case 'cut':
      return body.subarray(0, at);
    case 'insert':
      return Buffer.concat([body.subarray(0, at), Buffer.from(spoil.text, 'latin1'), body.subarray(at)]);
    case 'repeat':
      return Buffer.concat([body.subarray(0, at), body.subarray(at, at + spoil.length), body.subarray(at)]);
    case 'replace':
    case 'drop':
    case 'add':
    case 'header':
    case 'method':
    case 'target':
      return body;
  }
}
