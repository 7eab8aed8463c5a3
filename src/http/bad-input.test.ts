import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { NOW, testServer } from '../../test/kit/test-server.ts';
import { PROBLEMS, type ProblemCode } from '../domain/problem.ts';
import { memoryStore } from '../store/memory/memory-store.ts';

const clock = { now: () => NOW, after: () => () => undefined };
const store = memoryStore({ clock });
const { app } = testServer(store);
after(() => app.close());

const ok = { recipient: 'user@example.com', message: 'Hello' };
const json = { 'content-type': 'application/json' };

interface Answer {
  readonly code: ProblemCode;
  readonly request_id: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
}

/** Every refusal is a problem document, leaks nothing and writes nothing. */
async function refused(request: InjectOptions, code: ProblemCode): Promise<Answer> {
  const answer = await app.inject(request);
  assert.equal(answer.statusCode, PROBLEMS[code].status, answer.body);
  assert.match(answer.headers['content-type']?.toString() ?? '', /^application\/problem\+json/);
  const problem = answer.json<Answer & { status: number; type: string }>();
  assert.equal(problem.code, code, answer.body);
  assert.equal(problem.status, answer.statusCode);
  assert.equal(problem.type, `/docs/errors#${code}`);
  assert.equal(problem.request_id, answer.headers['x-request-id']);
  assert.doesNotMatch(answer.body, /FST_|node_modules|at .*\.ts/);
  assert.equal((await store.list({}, { limit: 1, after: null, scan: 10 })).items.length, 0);
  return problem;
}

const wrong = (field: string, value: unknown, fault: string, pointer = `/${field}`) =>
  [`${field}: ${JSON.stringify(value)?.slice(0, 60)}`, { ...ok, [field]: value }, `${pointer} ${fault}`] as const;
const email = (override: object, fault: string, pointer: string) =>
  wrong('overrides', { email: override }, fault, `/overrides/email/${pointer}`);
const later = (days: number) => new Date(NOW + days * 86_400_000).toISOString();

const FAULTY: readonly (readonly [string, unknown, ...string[]])[] = [
  ['an empty object', {}, '/message missing_field', '/recipient missing_field'],
  ['a list', [], ' invalid_type'],
  ['null', null, ' invalid_type'],
  ['a text', 'x', ' invalid_type'],
  ['true', true, ' invalid_type'],
  [
    'everything wrong at once',
    { recipient: 'a@b', bogus: 1, title: 5 },
    '/message missing_field',
    '/bogus unknown_field',
    '/title invalid_type',
    '/recipient invalid_email',
  ],
  ...['topic', 'template', 'category', 'escalate_after', 'callback_url', 'locale', 'to'].map((field) =>
    wrong(field, 'x', 'unknown_field'),
  ),
  ...[123, null, true, ['a@x.co']].map((value) => wrong('recipient', value, 'invalid_type')),
  ...[{}, { locale: 'en' }, '', '   '].map((value) => wrong('recipient', value, 'no_recipient')),
  ...[
    '@b',
    'a@',
    'a@b',
    'a@-b.co',
    'a..b@c.co',
    'a@b..co',
    'x@y.co\r\nBcc: z@y.co',
    '"a b"@c.co',
    '<a@b.co>',
    'a@b.co (x)',
    'a@b.co,c@d.co',
    `${'a'.repeat(65)}@b.co`,
    'a@[127.0.0.1]',
    'a@localhost',
  ].map((value) => wrong('recipient', value, 'invalid_email')),
  ...['+', '+0123456', '+1 (415) 555', `+${'1'.repeat(16)}`, '+١٤١٥٥٥٥٢٦٧١', '+14155552671;ext=1'].map((value) =>
    wrong('recipient', value, 'invalid_phone'),
  ),
  wrong('recipient', { email: 'a' }, 'invalid_email', '/recipient/email'),
  wrong('recipient', { phone: '0049123' }, 'invalid_phone', '/recipient/phone'),
  wrong('recipient', { whatsapp: '123' }, 'invalid_phone', '/recipient/whatsapp'),
  wrong('recipient', { telegram: '@x y' }, 'invalid_telegram', '/recipient/telegram'),
  wrong('recipient', { telegram: '9223372036854775808' }, 'invalid_telegram', '/recipient/telegram'),
  wrong('recipient', { telegram: 1.5 }, 'invalid_type', '/recipient/telegram'),
  wrong('recipient', { push_token: 'x'.repeat(10_000) }, 'too_long', '/recipient/push_token'),
  wrong('recipient', { push_token: '' }, 'invalid_format', '/recipient/push_token'),
  wrong('recipient', { push_token: 'a', push_tokens: ['b'] }, 'conflicting_fields', '/recipient/push_token'),
  wrong('recipient', { webhook_url: 'ftp://example.com' }, 'invalid_url', '/recipient/webhook_url'),
  wrong('recipient', { webhook_url: 'https://a:b@example.com' }, 'invalid_url', '/recipient/webhook_url'),
  wrong('recipient', { user_id: 'x', locale: 'xx_!!' }, 'invalid_locale', '/recipient/locale'),
  wrong('recipient', { user_id: 'x', timezone: 'Mars/One' }, 'invalid_timezone', '/recipient/timezone'),
  wrong('recipient', { user_id: 'x', timezone: '+01:00' }, 'invalid_timezone', '/recipient/timezone'),
  wrong('recipient', { user_id: 'x', colour: 'red' }, 'unknown_field', '/recipient/colour'),
  wrong('recipients', ['a@example.com'], 'conflicting_fields'),
  [
    '1,001 recipients',
    { message: 'x', recipients: Array.from({ length: 1001 }, () => 'u') },
    '/recipients too_many_items',
  ],
  ['no recipients', { message: 'x', recipients: [] }, '/recipients too_few_items'],
  [
    'bad ones of many',
    { message: 'x', recipients: ['u', 'a@b', { user_id: 'u', data: [] }] },
    '/recipients/2/data invalid_type',
  ],
  wrong('message', '', 'too_short'),
  wrong('message', ' \n ', 'too_short'),
  wrong('message', 'x'.repeat(10_001), 'too_long'),
  wrong('message', 'e\u0301'.repeat(5001), 'too_long'),
  wrong('message', 'a\u007fb', 'invalid_format'),
  wrong('title', 'a\nb', 'invalid_format'),
  wrong('title', 'a\u2028b', 'invalid_format'),
  wrong('title', 'x'.repeat(501), 'too_long'),
  ...['javascript:alert(1)', 'JaVa\tScript:x', '//evil.example', 'data:text/html,x', 'https://example.com/\u202e'].map(
    (value) => wrong('action_url', value, 'invalid_url'),
  ),
  wrong('data', 'x', 'invalid_type'),
  wrong('data', [], 'invalid_type'),
  wrong('data', Object.fromEntries(Array.from({ length: 2001 }, (_, index) => [`k${index}`, 1])), 'too_many_items'),
  wrong('channels', 'sms', 'invalid_type'),
  wrong('channels', [], 'too_few_items'),
  wrong('channels', ['pigeon'], 'unknown_channel', '/channels/0'),
  wrong(
    'channels',
    Array.from({ length: 1001 }, () => 'sms'),
    'too_many_items',
  ),
  wrong('channels', ['email', 'email'], 'duplicate_item', '/channels/1'),
  wrong('channels', ['in_app', ['email', 'sms']], 'conflicting_fields', '/channels/1'),
  ...[true, null, 5, ['1h']].map((value) => wrong('delay', value, 'invalid_type')),
  ...['-1s', '5', 'P', '1w', ''].map((value) => wrong('delay', value, 'invalid_duration')),
  wrong('delay', '366d', 'too_far_ahead'),
  wrong('send_at', later(366), 'too_far_ahead'),
  ...[
    '2026-02-30T00:00:00Z',
    '2026-13-01',
    '1',
    '2026',
    'Tue',
    'infinity',
    '2026-03-01T00:00:00',
    '2026-03-01T00:00:00+99:99',
    '2026-03-01T24:00:00Z',
  ].map((value) => wrong('send_at', value, 'invalid_time')),
  ['send_at and delay', { ...ok, send_at: later(1), delay: '1h' }, '/delay conflicting_fields'],
  ['expires_at and ttl', { ...ok, expires_at: later(1), ttl: '1h' }, '/ttl conflicting_fields'],
  wrong('expires_at', later(-1), 'already_past'),
  ['expiry before the send', { ...ok, send_at: later(2), expires_at: later(1) }, '/expires_at expires_before_send'],
  wrong('ttl', '0s', 'out_of_range'),
  wrong('ttl', '999999999d', 'too_far_ahead'),
  wrong('priority', 9_007_199_254_740_992, 'invalid_type'),
  wrong('priority', 'urgent', 'invalid_value'),
  wrong('on_unknown', 'maybe', 'invalid_value'),
  wrong('retry', {}, 'too_few_items'),
  wrong('retry', { max_attempts: 51 }, 'out_of_range', '/retry/max_attempts'),
  wrong('retry', { max_attempts: '3' }, 'invalid_type', '/retry/max_attempts'),
  wrong('retry', { schedule: ['25h'] }, 'out_of_range', '/retry/schedule/0'),
  wrong('retry', { schedule: ['soon'] }, 'invalid_duration', '/retry/schedule/0'),
  wrong('retry', { schedule: Array.from({ length: 50 }, () => '1s') }, 'too_many_items', '/retry/schedule'),
  wrong('metadata', { a: 1 }, 'invalid_type', '/metadata/a'),
  wrong('metadata', Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 'v'])), 'too_many_items'),
  wrong(
    'tags',
    Array.from({ length: 21 }, (_, index) => `t${index}`),
    'too_many_items',
  ),
  wrong('tags', ['a', 'a'], 'duplicate_item', '/tags/1'),
  wrong('overrides', { fax: {} }, 'unknown_field', '/overrides/fax'),
  wrong('overrides', { sms: { text: 'x'.repeat(1601) } }, 'too_long', '/overrides/sms/text'),
  wrong('overrides', { in_app: { action_url: 'vbscript:x' } }, 'invalid_url', '/overrides/in_app/action_url'),
  email({ from: 'Name <a@b>' }, 'invalid_email', 'from'),
  email({ reply_to: 'Name <a@b.co>, c@d.co' }, 'invalid_email', 'reply_to'),
  email({ cc: ['a@b.co', 'x'] }, 'invalid_email', 'cc/1'),
  email({ subject: 'a\r\nBcc: x@y.co' }, 'invalid_format', 'subject'),
  email({ headers: { Bcc: 'a@b.co' } }, 'header_not_allowed', 'headers/Bcc'),
  email({ headers: { 'DKIM-Signature': 'x' } }, 'header_not_allowed', 'headers/DKIM-Signature'),
  email({ headers: { 'X-A\r\nBcc': 'x' } }, 'header_not_allowed', 'headers/X-A\r\nBcc'),
  email({ headers: { 'X-A': 'x\r\nBcc: y@z.co' } }, 'header_not_allowed', 'headers/X-A'),
  email({ attachments: [{ filename: '../../x', content: '' }] }, 'invalid_format', 'attachments/0/filename'),
  email({ attachments: [{ filename: 'x', content: 'a' }] }, 'invalid_base64', 'attachments/0/content'),
  email({ attachments: [{ filename: 'x', path: '/etc/passwd', content: '' }] }, 'unknown_field', 'attachments/0/path'),
  email(
    { attachments: [{ filename: 'x', href: 'http://example.com', content: '' }] },
    'unknown_field',
    'attachments/0/href',
  ),
  email({ html: { path: '/etc/passwd' } }, 'invalid_type', 'html'),
];
for (const [name, body, ...faults] of FAULTY) {
  test(`names what is wrong: ${name}`, async () => {
    const payload = JSON.stringify(body);
    const { errors = [] } = await refused(
      { method: 'POST', url: '/api/v1/notifications', headers: json, payload },
      'invalid_request',
    );
    const named = errors.map(({ pointer, code }) => `${pointer} ${code}`);
    assert.deepEqual(named, faults);
  });
}

test('stays calm when a hundred faults hide others', async () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`bogus${index}`, 1]));
  const payload = JSON.stringify({ ...many, message: 5, recipient: { a: 1 }, overrides: null });
  const { errors } = await refused(
    { method: 'POST', url: '/api/v1/notifications', headers: json, payload },
    'invalid_request',
  );
  assert.equal(errors?.length, 100);
});

const post = (payload: string | Buffer, headers: Record<string, string> = json) =>
  ({ method: 'POST', url: '/api/v1/notifications', headers, payload }) as const;
const UNREADABLE: readonly (readonly [string, InjectOptions, ProblemCode])[] = [
  ['an empty body', post(''), 'invalid_json'],
  ['half a body', post('{"recipient":"a'), 'invalid_json'],
  ['a key twice', post('{"message":"a","message":"b"}'), 'duplicate_key'],
  ['10,000 levels', post(`{"data":${'['.repeat(10_000)}${']'.repeat(10_000)}}`), 'too_deep'],
  ['an escaped NUL', post('{"message":"\\u0000"}'), 'forbidden_character'],
  ['bytes that are not UTF-8', post(Buffer.from([0x22, 0xc3, 0x28, 0x22])), 'invalid_utf8'],
  ['__proto__', post('{"__proto__":{}}'), 'forbidden_key'],
  ['a body over 1 MiB', post(JSON.stringify({ ...ok, data: { x: 'x'.repeat(1_048_576) } })), 'too_large'],
  ['no media type', post(JSON.stringify(ok), {}), 'unsupported_media_type'],
  ['plain text', post(JSON.stringify(ok), { 'content-type': 'text/plain' }), 'unsupported_media_type'],
  ['a form', post('a=1', { 'content-type': 'application/x-www-form-urlencoded' }), 'unsupported_media_type'],
  [
    'garbage after the media type',
    post('{}', { 'content-type': 'application/json garbage' }),
    'unsupported_media_type',
  ],
  ['a tab after the media type', post('{}', { 'content-type': 'application/json\ta' }), 'unsupported_media_type'],
  ['another charset', post('{}', { 'content-type': 'application/json; charset=latin1' }), 'unsupported_media_type'],
  ['a compressed body', post('{}', { ...json, 'content-encoding': 'gzip' }), 'unsupported_media_type'],
  ['an empty idempotency key', post(JSON.stringify(ok), { ...json, 'idempotency-key': '' }), 'invalid_idempotency_key'],
  [
    'a long idempotency key',
    post(JSON.stringify(ok), { ...json, 'idempotency-key': 'x'.repeat(256) }),
    'invalid_idempotency_key',
  ],
  [
    'an idempotency key beyond ASCII',
    post(JSON.stringify(ok), { ...json, 'idempotency-key': 'schl\u00fcssel' }),
    'invalid_idempotency_key',
  ],
  ['nobody to reach', post(JSON.stringify({ ...ok, channels: ['sms'] })), 'unroutable'],
  ['a bad path', { method: 'GET', url: '/api/v1/notifications/%zz' }, 'bad_request'],
  ['a path that climbs', { method: 'GET', url: '/api/v1/notifications/%2e%2e%2fetc%2fpasswd' }, 'not_found'],
  ['an id that is none', { method: 'GET', url: '/api/v1/notifications/tpl_1' }, 'not_found'],
  ['an unknown id', { method: 'GET', url: '/api/v1/notifications/019a0000-0000-7000-8000-000000000000' }, 'not_found'],
  ['a long URL', { method: 'GET', url: `/${'a'.repeat(5000)}` }, 'uri_too_long'],
  ['an unknown path', { method: 'GET', url: '/api/v2/notifications' }, 'not_found'],
  ['a doubled slash', { method: 'GET', url: '//api/v1/notifications' }, 'not_found'],
  [
    'an unknown mark',
    { method: 'POST', url: '/api/v1/users/u/inbox/019a0000-0000-7000-8000-000000000001/burn' },
    'not_found',
  ],
  [
    'a body where none belongs',
    { method: 'POST', url: '/api/v1/notifications/x/cancel', headers: json, payload: '{"a":1}' },
    'invalid_request',
  ],
  ['a user id that is none', { method: 'GET', url: '/api/v1/users/%20/inbox' }, 'invalid_request'],
  [
    'explain, which is not here yet',
    { method: 'POST', url: '/api/v1/explain', headers: json, payload: '{}' },
    'not_found',
  ],
  [
    'an empty batch',
    { method: 'POST', url: '/api/v1/notifications/batch', headers: json, payload: '{"notifications":[]}' },
    'invalid_request',
  ],
  [
    'a dead-letter retry without a filter',
    { method: 'POST', url: '/api/v1/dead-letters/retry', headers: json, payload: '{}' },
    'invalid_request',
  ],
  [
    'a dead-letter retry with a bad filter',
    { method: 'POST', url: '/api/v1/dead-letters/retry', headers: json, payload: '{"filter":{"channel":"x"}}' },
    'invalid_request',
  ],
  [
    'ids and before',
    {
      method: 'POST',
      url: '/api/v1/users/u/inbox/mark',
      headers: json,
      payload: '{"as":"read","ids":["x"],"before":"y"}',
    },
    'invalid_request',
  ],
];
for (const [name, request, code] of UNREADABLE) {
  test(`refuses ${name}`, async () => {
    await refused(request, code);
  });
}

const QUERIES: readonly (readonly [string, string])[] = [
  ['notifications?bogus=1', '/query/bogus unknown_field'],
  ['notifications?category=x', '/query/category unknown_field'],
  ['notifications?__proto__[x]=1', '/query/__proto__[x] unknown_field'],
  ['notifications?limit=0', '/query/limit out_of_range'],
  ['notifications?limit=101', '/query/limit out_of_range'],
  ['notifications?limit=1e1', '/query/limit out_of_range'],
  ['notifications?limit=1&limit=2', '/query/limit invalid_type'],
  ['notifications?status=done', '/query/status invalid_value'],
  ['notifications?channel=pigeon', '/query/channel unknown_channel'],
  ['notifications?created_after=1', '/query/created_after invalid_time'],
  [
    'notifications?created_after=2026-02-01T00:00:00Z&created_before=2026-01-01T00:00:00Z',
    '/query/created_before conflicting_fields',
  ],
  ['notifications?q=%00', '/query/q invalid_format'],
  ['users/u/notifications?user_id=v', '/query/user_id unknown_field'],
  ['users/u/inbox?status=new', '/query/status invalid_value'],
  ['dead-letters?code=nonsense', '/query/code invalid_value'],
  ['stats?window=31d', '/query/window out_of_range'],
  ['stats?window=soon', '/query/window invalid_duration'],
  ['sandbox/messages?notification_id=1', '/query/notification_id invalid_format'],
];
for (const [url, expected] of QUERIES) {
  test(`refuses the query ${url}`, async () => {
    const { errors = [] } = await refused({ method: 'GET', url: `/api/v1/${url}` }, 'invalid_request');
    assert.deepEqual(
      errors.map(({ pointer, code }) => `${pointer} ${code}`),
      [expected],
    );
  });
}

test('tells which methods a path has', async () => {
  const answer = await app.inject({ method: 'PUT', url: '/api/v1/notifications', headers: json, payload: '{}' });
  assert.equal(answer.statusCode, 405);
  assert.equal(answer.headers.allow, 'GET, HEAD, POST');
  await refused({ method: 'DELETE', url: '/health' }, 'method_not_allowed');
});

test('never answers with a fault of its own, whatever the body', async () => {
  const fields = [
    'recipient',
    'recipients',
    'message',
    'title',
    'data',
    'overrides',
    'channels',
    'retry',
    'delay',
    'ttl',
    'send_at',
    'expires_at',
    'metadata',
    'tags',
    'action_url',
    'email',
    'attachments',
    'schedule',
    'telegram',
    'timezone',
  ];
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('email', '1h', '@', '+1', 'P9D', '2026-01-31T09:30:00Z', 'a@b.co'),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.string()), tie('value'), { maxKeys: 8 }),
    ),
  }));
  // Without a `message` that is right nothing is accepted, so the store stays empty for the other tests.
  const body = fc.dictionary(fc.constantFrom(...fields), value).map((given) => ({ ...given, message: 7 }));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('', '/batch'), fc.oneof(value, body), async (route, one) => {
      const payload = JSON.stringify(route === '' ? one : { notifications: [one] });
      const { statusCode } = await app.inject({ ...post(payload), url: `/api/v1/notifications${route}` });
      assert.ok(statusCode === 202 || (statusCode >= 400 && statusCode < 500), `${statusCode}: ${payload}`);
    }),
    { numRuns: 1000 },
  );
});
