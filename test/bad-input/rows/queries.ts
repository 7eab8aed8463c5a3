import { get, type Row, SEND } from '../row.ts';
import { SEED_USER, seedId } from '../seeds.ts';

const LISTS = [
  SEND,
  '/api/v1/dead-letters',
  '/api/v1/sandbox/messages',
  '/api/v1/users/u/notifications',
  '/api/v1/users/u/inbox',
];
const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const position = seedId('sent');

function refused(query: string, ...faults: readonly string[]): Row {
  return get(`${SEND}?${query}`, '422 invalid_request', ...faults);
}

/** Filters, limits and cursors. */
export const QUERIES: readonly Row[] = [
  ...LISTS.flatMap((list) => [
    get(`${list}?bogus=1`, '422 invalid_request', '/query/bogus unknown_field'),
    get(`${list}?limit=0`, '422 invalid_request', '/query/limit out_of_range'),
    get(`${list}?limit=101`, '422 invalid_request', '/query/limit out_of_range'),
    get(`${list}?cursor=x`, '400 invalid_cursor'),
    get(`${list}?cursor=${cursor([1, 'AAAAAAAAAAAA', position])}`, '400 invalid_cursor'),
  ]),
  ...['', '-1', '1e1', '1.0', '+5', '%201', '0x10', '9999999999', 'NaN', '१'].map((limit) =>
    refused(`limit=${limit}`, `/query/limit ${limit === '' ? 'too_short' : 'out_of_range'}`),
  ),
  refused('limit=1&limit=2', '/query/limit invalid_type'),
  refused('limit[]=1', '/query/limit[] unknown_field'),
  refused('Limit=1', '/query/Limit unknown_field'),
  refused('__proto__[x]=1', '/query/__proto__[x] unknown_field'),
  refused('__proto__=1', '/query/__proto__ unknown_field'),
  refused('constructor=1', '/query/constructor unknown_field'),
  refused('filter[$gt]=', '/query/filter[$gt] unknown_field'),
  refused('category=x', '/query/category unknown_field'),
  refused('a=1&b=2&limit=x', '/query/limit out_of_range', '/query/a unknown_field', '/query/b unknown_field'),
  ...['done', 'SENT', 'sent,failed', 'toString'].map((status) =>
    refused(`status=${status}`, '/query/status invalid_value'),
  ),
  refused('status=', '/query/status too_short'),
  refused('status=sent&status=failed', '/query/status invalid_type'),
  ...['pigeon', 'EMAIL', 'email%00x'].map((channel) =>
    refused(`channel=${channel}`, `/query/channel ${channel.includes('%') ? 'invalid_format' : 'unknown_channel'}`),
  ),
  ...['1', '2026', '2026-02-30T00:00:00Z', 'infinity', '2026-01-01T00:00:00+01:00'].map((time) =>
    refused(`created_after=${time}`, '/query/created_after invalid_time'),
  ),
  refused(
    'created_after=2026-02-01T00:00:00Z&created_before=2026-01-01T00:00:00Z',
    '/query/created_before conflicting_fields',
  ),
  refused(
    'created_before=2026-02-01T00:00:00Z&created_after=2026-02-01T00:00:00Z',
    '/query/created_before conflicting_fields',
  ),
  ...['%00', '%0a', '%7f', '%c2%85'].map((q) => refused(`q=${q}`, '/query/q invalid_format')),
  refused(`q=${'a'.repeat(501)}`, '/query/q too_long'),
  refused('q=', '/query/q too_short'),
  refused(`tag=${'a'.repeat(501)}`, '/query/tag too_long'),
  refused('request_id=%0a', '/query/request_id invalid_format'),
  get('/api/v1/users/u/notifications?user_id=v', '422 invalid_request', '/query/user_id unknown_field'),
  get('/api/v1/users/u/inbox?status=new', '422 invalid_request', '/query/status invalid_value'),
  get('/api/v1/dead-letters?status=failed', '422 invalid_request', '/query/status unknown_field'),
  get('/api/v1/dead-letters?code=nonsense', '422 invalid_request', '/query/code invalid_value'),
  get('/api/v1/dead-letters?code=constructor', '422 invalid_request', '/query/code invalid_value'),
  ...['31d', '59s', '0s', 'P99999D'].map((window) =>
    get(`/api/v1/stats?window=${window}`, '422 invalid_request', '/query/window out_of_range'),
  ),
  ...['soon', '-1h', '1w', '24'].map((window) =>
    get(`/api/v1/stats?window=${window}`, '422 invalid_request', '/query/window invalid_duration'),
  ),
  get('/api/v1/stats?limit=1', '422 invalid_request', '/query/limit unknown_field'),
  get('/api/v1/sandbox/messages?notification_id=1', '422 invalid_request', '/query/notification_id invalid_format'),
  get('/api/v1/sandbox/messages?channel=pigeon', '422 invalid_request', '/query/channel unknown_channel'),
  ...['%20', '%20u', 'u%20', '%00', '%0a', 'x'.repeat(256), '%e2%80%a8'].flatMap((user) => [
    get(`/api/v1/users/${user}/inbox`, '422 invalid_request', '/path/user_id invalid_user_id'),
    get(`/api/v1/users/${user}/notifications`, '422 invalid_request', '/path/user_id invalid_user_id'),
  ]),
  ...[
    cursor([2, 'x', position]),
    cursor([1, 'x']),
    cursor({ 0: 1 }),
    cursor(null),
    cursor([1, 'x', { $gt: '' }]),
    cursor([1, 'x', "' OR 1=1 --"]),
    'a'.repeat(201),
    '%2b%2f%3d',
    '..%2f..%2fx',
    '0',
  ].map((value) => get(`${SEND}?cursor=${value}`, '400 invalid_cursor')),
];

/** Searches that look hostile and only find nothing. */
export const ODD_QUERIES: readonly Row[] = [
  ...[
    '%25',
    '_',
    '%5c',
    '%25%25%25',
    "'",
    '%22',
    '%e2%80%ae',
    '%f0%9f%98%80',
    "'%20OR%201=1--",
    '%5c_%25%5c',
    '$.*',
    '%25'.repeat(160),
  ].map((q) => get(`${SEND}?q=${q}`, '200')),
  ...["'", '%25', 'a%40b', '%2b1', '{%22$gt%22:1}', "x'%20UNION%20SELECT%201--"].map((text) =>
    get(`${SEND}?recipient=${text}&tag=${text}&user_id=${text}`, '200'),
  ),
  get(`${SEND}?created_after=0000-01-01T00:00:00Z&created_before=9999-12-31T23:59:59Z`, '200'),
  get(`${SEND}?created_before=9999-12-31T23:59:59.999Z&limit=100`, '200'),
  get('/api/v1/dead-letters?code=no_address&channel=email&q=%25', '200'),
  get('/api/v1/sandbox/messages?to=%25', '200'),
  get('/api/v1/sandbox/messages?q=%25_%5C%27', '200'),
  get('/api/v1/sandbox/messages?q=', '422 invalid_request', '/query/q too_short'),
  get('/api/v1/status', '200'),
  get(`/api/v1/users/${SEED_USER}/inbox?limit=1&status=unread`, '200'),
  get('/api/v1/users/%f0%9f%98%80/notifications', '200'),
  get('/api/v1/users/..%2f..%2fetc/inbox', '200'),
  get('/api/v1/stats?window=720h', '200'),
];
