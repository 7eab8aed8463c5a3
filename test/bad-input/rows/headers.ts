import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { KEY, OMIT } from '../request.ts';
import { BATCH, OK, type Row, SEND, unread } from '../row.ts';

const text = JSON.stringify(OK);
const typed = (type: string) =>
  unread(`the media type ${JSON.stringify(type)}`, text, '415 unsupported_media_type', [['Content-Type', type]]);
const encoded = (encoding: string, body: string | Buffer) =>
  unread(`the encoding ${encoding}, ${body.length} bytes`, body, '415 unsupported_media_type', [
    ['Content-Encoding', encoding],
  ]);
const refusedKey = (name: string, ...keys: readonly string[]) =>
  unread(
    name,
    text,
    '400 invalid_idempotency_key',
    keys.map((key) => ['Idempotency-Key', key]),
  );
const health = (name: string, ...headers: readonly (readonly [string, string])[]): Row => ({
  name,
  request: { method: 'GET', target: '/health/live', headers },
  expect: '200',
});

/** What stands around a body. */
export const HEADERS: readonly Row[] = [
  ...[
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/json garbage',
    'application/json\ta',
    'application/json;',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; x=y',
    'application/json, text/plain',
    'application/jsonx',
    'application/problem+json',
    'application/vnd.api+json',
    'application/ld+json',
    '"application/json"',
    'application /json',
    'json',
    '*/*',
    '',
  ].map(typed),
  unread('no media type', text, '415 unsupported_media_type', [['Content-Type', OMIT]]),
  unread('two media types', text, '400 bad_request', [
    ['Content-Type', 'application/json'],
    ['Content-Type', 'application/json'],
  ]),
  unread('two different media types', text, '400 bad_request', [
    ['Content-Type', 'application/json'],
    ['Content-Type', 'text/plain'],
  ]),
  encoded('gzip', text),
  encoded('gzip', gzipSync(text)),
  encoded('gzip', gzipSync(Buffer.alloc(20_000_000))),
  encoded('deflate', deflateSync(text)),
  encoded('br', brotliCompressSync(text)),
  encoded('zstd', text),
  encoded('identity, gzip', text),
  encoded('', text),
  refusedKey('an empty idempotency key', ''),
  refusedKey('an idempotency key of 256 characters', 'x'.repeat(256)),
  refusedKey('an idempotency key with a blank', 'a b'),
  refusedKey('an idempotency key with a tab', 'a\tb'),
  refusedKey('an idempotency key beyond ASCII', 'schl\u00fcssel'),
  refusedKey('two idempotency keys', 'a', 'b'),
  refusedKey('the same idempotency key twice', 'a', 'a'),
  {
    ...refusedKey('an empty idempotency key of a batch', ''),
    request: {
      method: 'POST',
      target: BATCH,
      headers: [['Idempotency-Key', '']],
      body: JSON.stringify({ notifications: [OK] }),
    },
  },
  {
    name: 'a method that is overridden',
    request: { method: 'POST', target: SEND, headers: [['X-HTTP-Method-Override', 'DELETE']], body: '{}' },
    expect: '422 invalid_request',
    faults: ['/message missing_field', '/recipient missing_field'],
  },
  health(
    'a forwarded host and address',
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Forwarded-Host', 'evil.example'],
    ['Forwarded', 'for=127.0.0.1'],
  ),
  health('an origin of elsewhere', ['Origin', 'https://evil.example']),
  health('a strange Accept', ['Accept', 'application/xml;q=1']),
  health('a condition that cannot hold', ['If-Match', '"x"'], ['If-Modified-Since', 'yesterday']),
  health('a range', ['Range', 'bytes=0-0']),
  health('an old upgrade', ['Upgrade', 'h2c'], ['HTTP2-Settings', 'x']),
  {
    ...health('a request id with markup'),
    request: { method: 'GET', target: '/health/live', headers: [['X-Request-Id', '<script>']] },
  },
  {
    ...health('a request id of 10 KB'),
    request: { method: 'GET', target: '/health/live', headers: [['X-Request-Id', 'x'.repeat(10_000)]] },
  },
  {
    ...health('a request id with an escape'),
    request: { method: 'GET', target: '/health/live', headers: [['X-Request-Id', 'a%0d%0aX: y']] },
  },
];

const STATS = '/api/v1/stats';
const key = (name: string, ...headers: readonly (readonly [string, string])[]): Row => ({
  name: `without access: ${name}`,
  request: {
    method: 'GET',
    target: STATS,
    headers: headers.some(([header]) => header === 'X-API-Key') ? headers : [...headers, ['X-API-Key', OMIT]],
  },
  expect: '401 unauthorized',
  headers: { 'www-authenticate': 'Bearer' },
});

/** Who may not come in: told nothing but that. */
export const ACCESS: readonly Row[] = [
  key('no key'),
  key('an empty key', ['X-API-Key', '']),
  key('a wrong key', ['X-API-Key', 'corpus-key-0123456789abcdee']),
  key('half a key', ['X-API-Key', KEY.slice(0, -1)]),
  key('a key and more', ['X-API-Key', `${KEY}x`]),
  key('a key in capitals', ['X-API-Key', KEY.toUpperCase()]),
  key('a key of 10 KB', ['X-API-Key', 'x'.repeat(10_000)]),
  key('the key twice', ['X-API-Key', KEY], ['X-API-Key', KEY]),
  key('SQL as a key', ['X-API-Key', "' OR '1'='1"]),
  key('a bearer of nothing', ['Authorization', 'Bearer']),
  key('an empty bearer', ['Authorization', 'Bearer ']),
  key('two words after Bearer', ['Authorization', `Bearer ${KEY} x`]),
  key('Basic', ['Authorization', `Basic ${Buffer.from(`x:${KEY}`).toString('base64')}`]),
  key('the key without Bearer', ['Authorization', KEY]),
  key('a quoted key', ['Authorization', `Bearer "${KEY}"`]),
  key('two authorizations', ['Authorization', `Bearer ${KEY}`], ['Authorization', `Bearer ${KEY}`]),
  key('a wrong bearer beside the right key', ['Authorization', 'Bearer x'], ['X-API-Key', KEY]),
  key('a token that says it is not signed', ['Authorization', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyLTEifQ.']),
  key('the key in a cookie', ['Cookie', `x-api-key=${KEY}`]),
  {
    ...key('the key in the query'),
    request: { method: 'GET', target: `${STATS}?api_key=${KEY}`, headers: [['X-API-Key', OMIT]] },
  },
  {
    ...key('a path that is not there'),
    request: { method: 'GET', target: '/api/v1/nothing', headers: [['X-API-Key', OMIT]] },
  },
  {
    ...key('a method that is not there'),
    request: { method: 'PUT', target: SEND, headers: [['X-API-Key', OMIT]], body: '{}' },
  },
  {
    ...key('a body that cannot be read'),
    request: { method: 'POST', target: SEND, headers: [['X-API-Key', OMIT]], body: '{' },
  },
  {
    ...key('a body that is too large'),
    request: { method: 'POST', target: SEND, headers: [['X-API-Key', OMIT]], body: 'x'.repeat(300_000) },
  },
  {
    name: 'with the key as a bearer in lower case',
    request: { method: 'GET', target: STATS, headers: [['Authorization', `bearer ${KEY}`]] },
    expect: '200',
  },
];
