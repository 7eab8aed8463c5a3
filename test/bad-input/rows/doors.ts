import type { BadRequest } from '../request.ts';
import { get, post, type Row, renamed, times, withBody } from '../row.ts';
import { SEED_USER, seedDelivery, seedId } from '../seeds.ts';

const OK = { user_id: 1, type: 'in_app', message: 'Hello' };
const FORM = '/send-notification';
const NOBODY = '019a0000-0000-7000-8000-000000000000';

function refused(target: string, body: unknown, ...faults: readonly string[]): Row {
  return post(target, body, '422 invalid_request', ...faults);
}

function taken(target: string, body: unknown, expect: string, more: Partial<Row> = {}): Row {
  return {
    ...renamed(`good at ${target}: ${JSON.stringify(body).slice(0, 80)}`, post(target, body, expect)),
    makes: 1,
    ...more,
  };
}

/** A form as a program sends it that wants no page. */
function form(
  body: string,
  expect: string,
  more: Partial<Row> & { headers?: never; also?: BadRequest['headers'] } = {},
): Row {
  const { also = [], ...rest } = more;
  const headers = [
    ['Content-Type', 'application/x-www-form-urlencoded'],
    ['Accept', 'application/json'],
    ...also,
  ] as const;
  return {
    name: `the form ${body.slice(0, 60)} ${JSON.stringify(also)}`,
    request: { method: 'POST', target: FORM, headers, body },
    expect,
    ...rest,
  };
}

/** The doors for existing clients. */
export const DOORS: readonly Row[] = [
  get('/', '200'),
  get('/?x=1', '200'),
  withBody('POST', '/', {}, '405 method_not_allowed'),

  taken('/notifications', OK, '201'),
  taken('/notifications', { ...OK, user_id: '1', notification_type: 'inapp', type: undefined }, '201'),
  taken('/notifications', { user_id: '👩‍👩‍👧', type: 'sms', message: '‮', email: null }, '201'),
  taken('/notifications', { ...OK, user_id: Number.MAX_SAFE_INTEGER }, '201'),
  refused('/notifications', {}, '/user_id missing_field', '/message missing_field', '/type missing_field'),
  ...[[], null, 'x', 1].map((body) => refused('/notifications', body, ' invalid_type')),
  ...[null, true, [], {}, 1.5].map((value) =>
    refused('/notifications', { ...OK, user_id: value }, '/user_id invalid_type'),
  ),
  refused('/notifications', { ...OK, user_id: 2 ** 53 }, '/user_id out_of_range'),
  refused('/notifications', { ...OK, user_id: '' }, '/user_id invalid_user_id'),
  refused('/notifications', { ...OK, user_id: 'x'.repeat(256) }, '/user_id too_long'),
  ...['EMAIL', 'push', '', 'constructor'].map((type) =>
    refused('/notifications', { ...OK, type }, '/type invalid_value'),
  ),
  ...[null, 5, ['sms']].map((type) => refused('/notifications', { ...OK, type }, '/type invalid_type')),
  refused('/notifications', { ...OK, notification_type: 'sms' }, '/notification_type conflicting_fields'),
  refused('/notifications', { ...OK, message: 'x'.repeat(10_001) }, '/message too_long'),
  post('/notifications', { ...OK, message: 'a\u0007b' }, '400 forbidden_character'),
  refused('/notifications', { ...OK, email: 'a@b', phone: '5551234' }, '/email invalid_email', '/phone invalid_phone'),
  refused('/notifications', { ...OK, channels: ['email'] }, '/channels unknown_field'),
  refused('/notifications', { ...OK, metadata: {} }, '/metadata unknown_field'),
  renamed(
    '100 faults at a door',
    refused(
      '/notifications',
      Object.fromEntries(times(200, (n) => [`x${n}`, 1])),
      '/user_id missing_field',
      '/message missing_field',
      ...times(98, (n) => `/x${n} unknown_field`),
    ),
  ),
  get('/notifications', '405 method_not_allowed'),
  withBody('DELETE', '/notify', undefined, '405 method_not_allowed'),

  get(`/users/${SEED_USER}/notifications`, '200'),
  get('/users/1/notifications?type=inapp', '200'),
  get('/users/%f0%9f%98%80/notifications', '200'),
  get('/users/1/notifications?type=fax', '422 invalid_request', '/query/type unknown_channel'),
  get('/users/1/notifications?type=', '422 invalid_request', '/query/type too_short'),
  get('/users/1/notifications?type=sms&type=sms', '422 invalid_request', '/query/type invalid_type'),
  get(
    '/users/%20/notifications?limit=5',
    '422 invalid_request',
    '/path/user_id invalid_user_id',
    '/query/limit unknown_field',
  ),
  get('/users//notifications', '422 invalid_request', '/path/user_id invalid_user_id'),

  ...[NOBODY, '1', '__proto__', seedDelivery('sent')].map((id) =>
    post(`/notifications/${id}/retry`, undefined, '404 not_found'),
  ),
  post(`/notifications/${seedId('sent')}/retry`, undefined, '409 not_retryable'),
  post(`/notifications/${seedId('failed')}/retry`, { force: true }, '422 invalid_request', '/force unknown_field'),

  taken('/notify', { type: 'email', message: 'x', email: 'user@example.com' }, '202'),
  taken('/notify', { type: 'sms', message: 'x', phone: '+14155552671', user_id: 5 }, '202'),
  taken('/notify', { type: 'in_app', message: 'x', user_id: 'user123', email: null, phone: null }, '202'),
  refused('/notify', {}, '/type missing_field', '/message missing_field', '/user_id no_recipient'),
  refused('/notify', { type: 'email', message: 'x' }, '/email missing_field'),
  refused('/notify', { type: 'sms', message: 'x' }, '/phone missing_field', '/user_id missing_field'),
  refused('/notify', { type: 'in_app', message: 'x', user_id: null }, '/user_id missing_field'),
  refused(
    '/notify',
    { type: 'email', message: 'x', email: 'a@b', user_id: [] },
    '/user_id invalid_type',
    '/email invalid_email',
  ),
  refused(
    '/notify',
    { notification_type: 'email', message: 'x', email: 'user@example.com' },
    '/type missing_field',
    '/notification_type unknown_field',
  ),
  get('/notify', '405 method_not_allowed'),
  get('/notifications/user123', '200'),
  get(`/notifications/${SEED_USER}`, '200'),
  get('/notifications/%20', '422 invalid_request', '/path/user_id invalid_user_id'),
  get('/notifications/%00', '422 invalid_request', '/path/user_id invalid_user_id'),
  get('/notifications/%ff', '400 bad_request'),

  get('/stats', '200'),
  get('/stats?window=31d', '422 invalid_request', '/query/window out_of_range'),
  get('/stats?window=x&a=1', '422 invalid_request', '/query/window invalid_duration', '/query/a unknown_field'),

  get(FORM, '200'),
  get(`${FORM}?message=%3Cscript%3E`, '200'),
  form('user_id=7&type=in_app&message=Hello', '200', { makes: 1 }),
  form('user_id=7&type=inapp&message=Hello&once=abc', '200', { makes: 1 }),
  form('user_id=7&message=Hello&type=inapp&once=abc&email=', '200', { makes: 0 }),
  form('', '422 invalid_request', {
    faults: ['/type missing_field', '/message missing_field', '/user_id no_recipient'],
  }),
  form('user_id=%3Cb%3E&type=fax&message=+&extra=1', '422 invalid_request', {
    faults: ['/type invalid_value', '/extra unknown_field', '/message too_short'],
  }),
  form('user_id=7&type=in_app&message=x&once=%20', '422 invalid_request', { faults: ['/once invalid_format'] }),
  form('user_id=7&type=in_app&message=a%00b', '422 invalid_request', { faults: ['/message invalid_format'] }),
  form('message=%ff', '400 bad_request'),
  form('message=%', '400 bad_request'),
  form('a=1&a=2', '400 duplicate_key'),
  form('__proto__=1', '400 forbidden_key'),
  form('x&'.repeat(101), '400 bad_request'),
  form(`message=${'x'.repeat(262_144)}`, '413 too_large'),
  form('user_id=7&type=in_app&message=x', '400 bad_request', { also: [['Sec-Fetch-Site', 'cross-site']] }),
  form('user_id=7&type=in_app&message=x', '400 bad_request', { also: [['Origin', 'null']] }),
  form('user_id=7&type=in_app&message=x', '401 unauthorized', { also: [['X-API-Key', 'wrong']] }),
  form('user_id=7&type=in_app&message=x&api_key=wrong', '401 unauthorized', { also: [['X-API-Key', 'wrong']] }),
  renamed('the form as JSON', post(FORM, OK, '415 unsupported_media_type')),
];
