import { gzipSync } from 'node:zlib';
import { accepted, BATCH, OK, type Row, SEND, unread, withBody } from '../row.ts';

const text = JSON.stringify(OK);
const nested = (levels: number, open: string, close: string) => `${open.repeat(levels)}${close.repeat(levels)}`;
const withData = (data: string) => `{"recipient":"user@example.com","message":"x","data":${data}}`;

/** Bytes that are no JSON, or JSON that parsers and databases disagree about. */
export const JSON_ROWS: readonly Row[] = [
  ...(
    [
      ['nothing', ''],
      ['blanks only', ' \n\t'],
      ['half a document', '{"recipient":"a'],
      ['single quotes', "{'message':'a'}"],
      ['a trailing comma', '{"message":"a",}'],
      ['a leading comma', '{,"message":"a"}'],
      ['a comment', '{/* x */"message":"a"}'],
      ['a line comment', '{"message":"a"}//x'],
      ['no quotes', '{message:"a"}'],
      ['two documents', '{}{}'],
      ['two lines of JSON', `${text}\n${text}`],
      ['undefined', 'undefined'],
      ['NaN', withData('{"a":NaN}')],
      ['Infinity', withData('{"a":Infinity}')],
      ['1e999', withData('{"a":1e999}')],
      ['-1e999', withData('{"a":-1e999}')],
      ['a number with 400 digits', withData(`{"a":${'9'.repeat(400)}}`)],
      ['a leading zero', withData('{"a":01}')],
      ['a leading plus', withData('{"a":+1}')],
      ['a bare point', withData('{"a":.5}')],
      ['hexadecimal', withData('{"a":0x10}')],
      ['an exponent without digits', withData('{"a":1e}')],
      ['True', withData('{"a":True}')],
      ['a raw NUL', '{"message":"\0"}'],
      ['a raw line end in a string', '{"message":"a\nb"}'],
      ['a raw tab in a string', '{"message":"a\tb"}'],
      ['a bad escape', '{"message":"\\x41"}'],
      ['half an escape', '{"message":"\\u00"}'],
      ['an unclosed string', '{"message":"a}'],
      ['a closing bracket too many', `${text}}`],
      ['mixed brackets', '{"message":["a"}]'],
      ['a JSON guard', `)]}',\n${text}`],
      ['a form', 'recipient=user%40example.com&message=x'],
      ['XML', '<notification/>'],
      ['YAML', 'recipient: user@example.com\nmessage: x'],
      ['a non-breaking space outside of strings', `{\u00a0"message":"a"}`],
      ['a second byte order mark', `\ufeff\ufeff${text}`],
    ] as const
  ).map(([name, body]) => unread(name, body, '400 invalid_json')),
  ...(
    [
      ['bytes that are not UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
      ['a Latin-1 umlaut', Buffer.from(text.replace('Hello', 'Grüße'), 'latin1')],
      ['UTF-16 with its mark', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])],
      ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
      ['a surrogate as UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
      ['a code point beyond Unicode', Buffer.from([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22])],
      ['half a character at the end', Buffer.from([0x22, 0xe2, 0x82])],
      ['random bytes', Buffer.from('ff00fe80c1a5', 'hex')],
      ['a gzip without saying so', gzipSync(text)],
    ] as const
  ).map(([name, body]) => unread(name, body, '400 invalid_utf8')),
  unread('UTF-16 without its mark', Buffer.from(text, 'utf16le'), '400 invalid_json'),
  ...(
    [
      ['a key twice', '{"message":"a","message":"b"}'],
      ['a key twice by an escape', '{"message":"a","\\u006dessage":"b"}'],
      ['a key twice, far down', withData('[{"a":{"b":1,"c":{},"b":2}}]')],
      ['an empty key twice', withData('{"":1,"":2}')],
      ['a key many times', withData(`{${Array.from({ length: 1000 }, () => '"a":1').join(',')}}`)],
    ] as const
  ).map(([name, body]) => unread(name, body, '400 duplicate_key')),
  ...(
    [
      ['33 levels', withData(nested(32, '[', ']'))],
      ['10,000 lists', withData(nested(10_000, '[', ']'))],
      ['100,000 lists', nested(100_000, '[', ']')],
      ['10,000 objects', withData(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)],
    ] as const
  ).map(([name, body]) => unread(name, body, '400 too_deep')),
  ...(
    [
      ['an escaped NUL', '{"message":"\\u0000"}'],
      ['an escaped NUL in data', withData('{"a":"\\u0000"}')],
      ['an escaped NUL in a key', withData('{"\\u0000":1}')],
      ['an escape character', '{"message":"\\u001b[2J"}'],
      ['a bell', '{"message":"\\u0007"}'],
      ['a backspace', '{"message":"\\b"}'],
      ['a lone high surrogate', '{"message":"\\ud800"}'],
      ['a lone low surrogate in data', withData('{"a":["\\udc00"]}')],
      ['surrogates the wrong way round', '{"message":"\\udc00\\ud800"}'],
      ['a lone surrogate in a key', withData('{"\\ud800":1}')],
    ] as const
  ).map(([name, body]) => unread(name, body, '400 forbidden_character')),
  ...(
    [
      ['__proto__', '{"__proto__":{"polluted":1}}'],
      ['__proto__ by an escape', '{"\\u005f_proto__":{"polluted":1}}'],
      ['__proto__ in data', withData('{"a":[{"__proto__":{"polluted":1}}]}')],
      ['__proto__ in metadata', '{"recipient":"user@example.com","message":"x","metadata":{"__proto__":"1"}}'],
      [
        '__proto__ as a channel',
        '{"recipient":"user@example.com","message":"x","overrides":{"__proto__":{"email":{}}}}',
      ],
    ] as const
  ).map(([name, body]) => unread(name, body, '400 forbidden_key')),
  unread('a body over 1 MiB', withData(`{"x":"${'x'.repeat(1_048_576)}"}`), '413 too_large'),
  unread(
    '150,000 keys',
    withData(`{${Array.from({ length: 150_000 }, (_, n) => `"${n}":1`).join(',')}}`),
    '413 too_large',
  ),
  {
    ...unread(
      '100,000 keys',
      withData(`{${Array.from({ length: 100_000 }, (_, n) => `"${n}":1`).join(',')}}`),
      '422 invalid_request',
    ),
    faults: ['/data too_many_items'],
  },
  { ...unread('500,000 wrong items', `[${'0,'.repeat(500_000)}0]`, '422 invalid_request'), faults: [' invalid_type'] },
  { ...withBody('POST', BATCH, undefined, '415 unsupported_media_type'), name: 'a batch without a body' },
  {
    name: 'a batch of half a document',
    request: { method: 'POST', target: BATCH, body: '{"notifications":[' },
    expect: '400 invalid_json',
  },
  {
    name: 'a change of half a document',
    request: { method: 'PATCH', target: `${SEND}/x`, body: '{' },
    expect: '400 invalid_json',
  },
  {
    name: 'a retry of half a filter',
    request: { method: 'POST', target: '/api/v1/dead-letters/retry', body: '{"filter":' },
    expect: '400 invalid_json',
  },
  {
    name: 'half a mark',
    request: { method: 'POST', target: '/api/v1/users/u/inbox/mark', body: '{"as"' },
    expect: '400 invalid_json',
  },
];

export const ODD_JSON: readonly Row[] = [
  accepted('a byte order mark', `\ufeff${text}`),
  accepted('blanks around the document', `\r\n\t ${text} \n`),
  accepted('everything escaped', '{"\\u0072ecipient":"\\u0075ser@example.com","message":"\\ud83d\\ude00\\/"}'),
  accepted('32 levels', withData(`{"a":${nested(30, '[', ']')}}`)),
];
