import { createHmac } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { KEY, OMIT, SECRET, SITE } from '../request.ts';
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

const INBOX = '/api/v1/users/user-1/inbox';
const CLAIMS = { iss: 'tidings', aud: 'tidings:inbox', sub: 'user-1' };
/** A user's token of a form that is right, in which one thing or the other is not. */
function token(claims: object, { alg = 'HS256', secret = SECRET, ...header }: Record<string, string> = {}): string {
  const iat = Math.floor(Date.now() / 1_000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg, ...header })}.${part({ ...CLAIMS, iat, exp: iat + 900, ...claims })}`;
  return `${signed}.${alg === 'none' ? '' : createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
const shown = (name: string, text: string, expect: string, target = INBOX): Row => ({
  name: `with a user's token ${name}`,
  request: { method: 'GET', target, headers: [['Authorization', `Bearer ${text}`]] },
  expect,
});

/** Users who show a token. */
export const TOKENS: readonly Row[] = [
  shown('that is good', token({}), '200'),
  shown("for somebody else's inbox", token({}), '403 forbidden', '/api/v1/users/user-2/inbox'),
  shown('for what is not theirs', token({}), '401 unauthorized', '/api/v1/notifications'),
  shown('for a path that is not there', token({}), '401 unauthorized', '/api/v1/users/user-1/nothing'),
  shown('that has expired', token({ iat: 1_600_000_000, exp: 1_600_000_900 }), '401 token_expired'),
  shown('from another time', token({ iat: 1_600_000_000, exp: 4_070_908_800 }), '401 token_expired'),
  shown('that never expires', token({ exp: undefined }), '401 invalid_token'),
  shown('that is not signed', token({}, { alg: 'none' }), '401 invalid_token'),
  shown('signed with the key', token({}, { secret: KEY }), '401 invalid_token'),
  shown('for another audience', token({ aud: 'account' }), '401 invalid_token'),
  shown('whose key is a path', token({}, { kid: '../../../../dev/null', secret: '' }), '401 invalid_token'),
  shown('whose key is SQL', token({}, { kid: "' UNION SELECT 'x", secret: 'x' }), '401 invalid_token'),
  shown('of 8 KB', token({ x: 'x'.repeat(8_192) }), '401 unauthorized'),
  shown('that is encrypted', 'eyJhbGciOiJkaXIifQ..aaaa.bbbb.cccc', '401 unauthorized'),
  {
    name: 'a user token for a user who is none',
    request: { method: 'POST', target: '/api/v1/users/%20/token' },
    expect: '422 invalid_request',
    faults: ['/path/user_id invalid_user_id'],
  },
  {
    name: 'a user token with wishes',
    request: { method: 'POST', target: '/api/v1/users/user-1/token', body: '{"ttl":"10y"}' },
    expect: '422 invalid_request',
    faults: ['/ttl unknown_field'],
  },
  {
    name: 'a question of a page that may ask',
    request: { method: 'OPTIONS', target: INBOX, headers: [['Origin', SITE]] },
    expect: '204',
    headers: { 'access-control-allow-origin': SITE, 'access-control-allow-methods': 'GET, HEAD' },
  },
];
