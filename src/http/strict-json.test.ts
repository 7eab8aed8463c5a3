import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MAX_DEPTH, strictJson } from './strict-json.ts';

function read(text: string | Buffer) {
  return strictJson(Buffer.isBuffer(text) ? text : Buffer.from(text));
}

test('reads any JSON value back as it was written', () => {
  const value = fc
    .jsonValue({ maxDepth: 6, noUnicodeString: false })
    .filter((one) => !/\\u00[01]|\\[bf]|\\ud|__proto__/.test(JSON.stringify(one)));
  fc.assert(
    fc.property(value, fc.boolean(), (one, indent) => {
      const text = JSON.stringify(one, null, indent ? 2 : 0);
      assert.deepEqual(read(text), { ok: true, value: JSON.parse(text) as unknown });
    }),
  );
});

test('never throws, whatever the bytes', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    '\\u0000',
    '"a"',
    '1',
    'null',
    '__proto__',
    ' ',
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
    fc.array(pieces, { maxLength: 30 }).map((some) => Buffer.from(some.join(''))),
  );
  fc.assert(
    fc.property(bytes, (one) => typeof read(one).ok === 'boolean'),
    { numRuns: 2000 },
  );
});

test('names the place of a key that stands twice, however it is written', () => {
  const duplicates = fc
    .tuple(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }))
    .filter(
      ([key, value]) =>
        key !== '__proto__' &&
        key !== 'first,' &&
        !/\\u00[01]|\\[bf]|\\ud|__proto__/.test(JSON.stringify([key, value])),
    );
  fc.assert(
    fc.property(duplicates, ([key, value]) => {
      const written = JSON.stringify(key);
      const escaped = `"${Array.from(key)
        .map((c) => (c.length > 1 ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`))
        .join('')}"`;
      const result = read(`{"x":[0,{"first,":":",${written}:${JSON.stringify(value)} , ${escaped}\n :1}]}`);
      const step = key.replaceAll('~', '~0').replaceAll('/', '~1');
      assert.deepEqual(result, { ok: false, code: 'duplicate_key', pointer: `/x/1/${step}` });
    }),
  );
});

const REFUSED: readonly (readonly [string, string | Buffer, string, string | null])[] = [
  ['nothing', '', 'invalid_json', null],
  ['half a document', '{"to":"a","te', 'invalid_json', null],
  ['single quotes', "{'to':'a'}", 'invalid_json', null],
  ['a trailing comma', '{"a":1,}', 'invalid_json', null],
  ['a comment', '{"a":1}//', 'invalid_json', null],
  ['two documents', '{}{}', 'invalid_json', null],
  ['a raw newline in a text', '{"a":"\n"}', 'invalid_json', null],
  ['a raw NUL', '{"a":"\0"}', 'invalid_json', null],
  ['a number beyond a double', '{"a":[1e999]}', 'invalid_json', '/a/0'],
  ['a number with 10,000 digits', `{"a":${'9'.repeat(10_000)}}`, 'invalid_json', '/a'],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), 'invalid_utf8', null],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), 'invalid_json', null],
  ['an escaped NUL', '{"a":{"b/c":"x\\u0000"}}', 'forbidden_character', '/a/b~1c'],
  ['an escaped NUL in a key', '{"a":{"\\u0000":1}}', 'forbidden_character', '/a'],
  ['a backspace', '["\\b"]', 'forbidden_character', '/0'],
  ['a lone surrogate', '{"a":"\\ud800"}', 'forbidden_character', '/a'],
  ['__proto__', '{"a":{"__proto__":{}}}', 'forbidden_key', '/a/__proto__'],
  ['__proto__ in escapes', '{"\\u005f_proto__":1}', 'forbidden_key', '/__proto__'],
  ['a key twice', '{"a":1,"a":2}', 'duplicate_key', '/a'],
  ['a key twice by an escape', '{"to":1,"\\u0074o":2}', 'duplicate_key', '/to'],
  ['a key twice in a list', '[{},{"a":"{","b":1,"b":2}]', 'duplicate_key', '/1/b'],
  ['nesting one too deep', `${'['.repeat(MAX_DEPTH + 1)}${']'.repeat(MAX_DEPTH + 1)}`, 'too_deep', null],
  ['a million levels', `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`, 'too_deep', null],
  ['a deep value that a second one hides', `{"a":${'['.repeat(99)}${']'.repeat(99)},"a":1}`, 'too_deep', null],
];
for (const [name, text, code, pointer] of REFUSED) {
  test(`refuses ${name}`, () => {
    assert.deepEqual(read(text), { ok: false, code, pointer });
  });
}

const TAKEN: readonly (readonly [string, string, unknown])[] = [
  ['a byte order mark', '\ufeff{"a":1}', { a: 1 }],
  ['line ends and tabs', '{"a":"\\r\\n\\t"}', { a: '\r\n\t' }],
  ['constructor as a key', '{"constructor":"acme"}', { constructor: 'acme' }],
  ['colons, braces and lists in texts, nothing escaped', '{"a:{":[":}{[",""]}', { 'a:{': [':}{[', ''] }],
  ['colons and braces in texts', '{"a:{":"\\":{["}', { 'a:{': '":{[' }],
  [
    'the deepest nesting',
    `${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}`,
    JSON.parse(`${'['.repeat(32)}${']'.repeat(32)}`),
  ],
  ['an escaped pair of surrogates', '["\\ud83d\\ude00"]', ['😀']],
];
for (const [name, text, value] of TAKEN) {
  test(`takes ${name}`, () => {
    assert.deepEqual(read(text), { ok: true, value });
  });
}
