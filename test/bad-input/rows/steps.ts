import { BATCH, later, OK, post, type Row, renamed, SEND, times, withBody } from '../row.ts';
import { SEED_USER, seedDelivery, seedEntry, seedId } from '../seeds.ts';

const INBOX = `/api/v1/users/${SEED_USER}/inbox`;
const RETRY = '/api/v1/dead-letters/retry';
const NOBODY = '019a0000-0000-7000-8000-000000000000';

function keyed(name: string, target: string, key: string, body: unknown, expect: string, more: Partial<Row> = {}): Row {
  return {
    name,
    request: { method: 'POST', target, headers: [['Idempotency-Key', key]], body: JSON.stringify(body) },
    expect,
    ...more,
  };
}

const BIG = 'x'.repeat(255);

/** The same key again, in every way that is not the same request. */
export const KEYS: readonly Row[] = [
  keyed('a first use of a key', SEND, 'k1', { ...OK, data: { a: 1, b: 2 } }, '202', { makes: 1 }),
  keyed(
    'the same again, its fields in another order',
    SEND,
    'k1',
    { data: { b: 2, a: 1 }, message: OK.message, recipient: OK.recipient },
    '202',
    { headers: { 'idempotency-replayed': 'true' } },
  ),
  ...(
    [
      ['another message', { ...OK, message: 'Other' }],
      ['another number', { ...OK, data: { a: 1, b: 3 } }],
      ['a number as a text', { ...OK, data: { a: '1', b: 2 } }],
      ['a field more', { ...OK, data: { a: 1, b: 2 }, title: 'x' }],
      ['a default written out', { ...OK, data: { a: 1, b: 2 }, priority: 'normal' }],
      ['one recipient in a list', { recipients: [OK.recipient], message: OK.message }],
    ] as const
  ).map(([name, body]) => keyed(`a used key with ${name}`, SEND, 'k1', body, '422 idempotency_mismatch')),
  keyed('a used key with a wrong body', SEND, 'k1', { message: 5 }, '422 invalid_request', {
    faults: ['/message invalid_type', '/recipient missing_field'],
  }),
  keyed('a used key with nobody to reach', SEND, 'k1', { ...OK, channels: ['sms'] }, '422 unroutable', {
    faults: ['/recipient unroutable'],
  }),
  keyed('a key after a refusal', SEND, 'k2', { message: 5 }, '422 invalid_request', {
    faults: ['/message invalid_type', '/recipient missing_field'],
  }),
  keyed('the same key once it is right', SEND, 'k2', OK, '202', { makes: 1 }),
  keyed('a used key for a batch, which is another route', BATCH, 'k1', { notifications: [OK] }, '202', { makes: 1 }),
  keyed('a used key for another batch', BATCH, 'k1', { notifications: [OK, OK] }, '422 idempotency_mismatch'),
  keyed('a key in capitals, which is another one', SEND, 'K1', OK, '202', { makes: 1 }),
  keyed(
    'the longest key of strange characters',
    SEND,
    `!"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~${BIG}`.slice(0, 255),
    OK,
    '202',
    { makes: 1 },
  ),
  keyed(
    'keys of items beside a key of the batch',
    BATCH,
    'k3',
    { notifications: [{ ...OK, idempotency_key: 'a' }] },
    '422 invalid_request',
    { faults: ['/notifications/0/idempotency_key conflicting_fields'] },
  ),
];

const item = (over: object) => ({ ...OK, ...over });

function batch(name: string, notifications: unknown, expect: string, faults: readonly string[] = [], makes = 0): Row {
  return { ...renamed(`a batch of ${name}`, post(BATCH, { notifications }, expect, ...faults)), makes };
}

/** Many at once: what is right is taken, what is wrong is named. */
export const BATCHES: readonly Row[] = [
  batch('nothing', [], '422 invalid_request', ['/notifications too_few_items']),
  batch(
    '1,001',
    times(1001, () => OK),
    '422 invalid_request',
    ['/notifications too_many_items'],
  ),
  batch(
    '100,000 numbers',
    times(100_000, (n) => n),
    '422 invalid_request',
    ['/notifications too_many_items'],
  ),
  batch('what is no list', OK, '422 invalid_request', ['/notifications invalid_type']),
  batch('null', null, '422 invalid_request', ['/notifications invalid_type']),
  renamed('a batch that is a list', post(BATCH, [OK], '422 invalid_request', ' invalid_type')),
  renamed('a batch without its list', post(BATCH, {}, '422 invalid_request', '/notifications missing_field')),
  renamed(
    'a batch with a field more',
    post(BATCH, { notifications: [OK], dry_run: true }, '422 invalid_request', '/dry_run unknown_field'),
  ),
  batch(
    'items that are none',
    [1, null, 'x', [], true],
    '202',
    times(5, (n) => `/notifications/${n} invalid_type`),
  ),
  batch(
    'one good and many bad items',
    [item({ message: 5 }), OK, item({ recipient: 'a@b' }), item({ recipients: ['u'] }), {}],
    '202',
    [
      '/notifications/0/message invalid_type',
      '/notifications/2/recipient invalid_email',
      '/notifications/3/recipients unknown_field',
      '/notifications/4/recipient missing_field',
      '/notifications/4/message missing_field',
    ],
    1,
  ),
  batch(
    'items with bad keys',
    [
      item({ idempotency_key: '' }),
      item({ idempotency_key: 'a b' }),
      item({ idempotency_key: 5 }),
      item({ idempotency_key: `${BIG}x` }),
    ],
    '202',
    [
      '/notifications/0/idempotency_key too_short',
      '/notifications/1/idempotency_key invalid_format',
      '/notifications/2/idempotency_key invalid_type',
      '/notifications/3/idempotency_key too_long',
    ],
  ),
  batch(
    'items with one key and other bodies',
    [
      item({ idempotency_key: 'b1' }),
      item({ idempotency_key: 'b1' }),
      item({ idempotency_key: 'b1', message: 'Other' }),
    ],
    '202',
    [],
    1,
  ),
  batch('nobody to reach', [item({ channels: ['sms'] })], '202', ['/notifications/0/recipient unroutable']),
  batch('an item with 200 faults', [Object.fromEntries(times(200, (n) => [`x${n}`, 1]))], '202', [
    '/notifications/0/recipient missing_field',
    '/notifications/0/message missing_field',
    ...times(18, (n) => `/notifications/0/x${n} unknown_field`),
  ]),
];

const retried = (filter: unknown, ...faults: readonly string[]) =>
  post(RETRY, { filter }, '422 invalid_request', ...faults);

/** Stepping in where it is too late, too early or nobody's business. */
export const STEPS: readonly Row[] = [
  ...(['sending', 'sent', 'failed', 'expired', 'discarded'] as const).map((state) =>
    renamed(`to cancel what is ${state}`, post(`${SEND}/${seedId(state)}/cancel`, undefined, '409 too_late')),
  ),
  renamed(
    'to cancel what is cancelled, which is so already',
    post(`${SEND}/${seedId('cancelled')}/cancel`, undefined, '200'),
  ),
  ...(['scheduled', 'pending', 'sending', 'retrying', 'sent'] as const).map((state) =>
    renamed(`to retry what is ${state}`, post(`${SEND}/${seedId(state)}/retry`, undefined, '409 not_retryable')),
  ),
  ...(['pending', 'sending', 'retrying', 'sent', 'failed', 'cancelled'] as const).map((state) =>
    renamed(
      `to put off what is ${state}`,
      withBody('PATCH', `${SEND}/${seedId(state)}`, { send_at: later(1) }, '409 not_scheduled'),
    ),
  ),
  ...['cancel', 'retry'].flatMap((step) => [
    post(`${SEND}/${NOBODY}/${step}`, undefined, '404 not_found'),
    post(`${SEND}/${seedDelivery('sent')}/${step}`, undefined, '404 not_found'),
    post(`${SEND}/x/${step}`, {}, '404 not_found'),
    post(`${SEND}/${seedId('pending')}/${step}`, { a: 1 }, '422 invalid_request', '/a unknown_field'),
    post(`${SEND}/${seedId('pending')}/${step}`, [], '422 invalid_request', ' invalid_type'),
    {
      ...post(`${SEND}/${seedId('pending')}/${step}`, 'x', '415 unsupported_media_type'),
      request: {
        method: 'POST',
        target: `${SEND}/${seedId('pending')}/${step}`,
        headers: [['Content-Type', 'text/plain']],
        body: 'x',
      },
    } satisfies Row,
  ]),
  withBody('PATCH', `${SEND}/${NOBODY}`, { send_at: later(1) }, '404 not_found'),
  withBody('PATCH', `${SEND}/x`, { send_at: later(1) }, '404 not_found'),
  ...[
    ['2027-02-30T00:00:00Z', 'invalid_time'],
    ['tomorrow', 'invalid_time'],
    [later(366), 'too_far_ahead'],
    [later(3), 'expires_before_send'],
  ].map(([time, fault]) =>
    renamed(
      `to put off until ${fault}: ${time?.slice(0, 4)}`,
      withBody(
        'PATCH',
        `${SEND}/${seedId('scheduled')}`,
        { send_at: time },
        '422 invalid_request',
        `/send_at ${fault}`,
      ),
    ),
  ),
  withBody(
    'PATCH',
    `${SEND}/${seedId('scheduled')}`,
    { send_at: null },
    '422 invalid_request',
    '/send_at invalid_type',
  ),
  withBody('PATCH', `${SEND}/${seedId('scheduled')}`, {}, '422 invalid_request', '/send_at missing_field'),
  withBody(
    'PATCH',
    `${SEND}/${seedId('scheduled')}`,
    { status: 'sent' },
    '422 invalid_request',
    '/send_at missing_field',
    '/status unknown_field',
  ),
  renamed(
    'a change of nothing',
    withBody('PATCH', `${SEND}/${seedId('scheduled')}`, undefined, '415 unsupported_media_type'),
  ),
  retried(undefined, '/filter missing_field'),
  retried(null, '/filter invalid_type'),
  retried([], '/filter invalid_type'),
  retried({ channel: 'x' }, '/filter/channel unknown_channel'),
  retried({ status: 'sent' }, '/filter/status unknown_field'),
  retried({ code: 'x' }, '/filter/code invalid_value'),
  retried({ tag: 5 }, '/filter/tag invalid_type'),
  retried({ tag: '' }, '/filter/tag too_short'),
  retried({ q: 'a\nb' }, '/filter/q invalid_format'),
  retried({ q: 'x'.repeat(501) }, '/filter/q too_long'),
  retried(
    { created_after: '1', created_before: '2' },
    '/filter/created_after invalid_time',
    '/filter/created_before invalid_time',
  ),
  post(RETRY, { filter: {}, dry_run: 'yes' }, '422 invalid_request', '/dry_run invalid_type'),
  renamed('to count what would be retried', post(RETRY, { filter: {}, dry_run: true }, '200')),
  ...[NOBODY, 'x', seedId('failed'), seedDelivery('sent'), seedDelivery('discarded'), '__proto__'].map((id) =>
    withBody('DELETE', `/api/v1/dead-letters/${id}`, undefined, '404 not_found'),
  ),
  withBody(
    'DELETE',
    `/api/v1/dead-letters/${seedDelivery('failed')}`,
    { a: 1 },
    '422 invalid_request',
    '/a unknown_field',
  ),
  withBody('DELETE', '/api/v1/sandbox/messages', { a: 1 }, '422 invalid_request', '/a unknown_field'),
];

const mark = (body: unknown, ...faults: readonly string[]) =>
  post(`${INBOX}/mark`, body, '422 invalid_request', ...faults);

/** Somebody's inbox, asked for by somebody who asks strangely. */
export const INBOXES: readonly Row[] = [
  mark({}, '/as missing_field'),
  mark({ as: 'burnt' }, '/as invalid_value'),
  mark({ as: 5 }, '/as invalid_type'),
  mark([], ' invalid_type'),
  mark({ as: 'read', user_id: 'other' }, '/user_id unknown_field'),
  mark(
    { as: 'read', ids: ['x'], before: 'y' },
    '/before conflicting_fields',
    '/before invalid_time',
    '/ids/0 invalid_format',
  ),
  mark({ as: 'read', ids: [] }, '/ids too_few_items'),
  mark({ as: 'read', ids: [seedId('sent')] }, '/ids/0 invalid_format'),
  mark({ as: 'read', ids: [5] }, '/ids/0 invalid_type'),
  mark({ as: 'read', ids: ['x'.repeat(65)] }, '/ids/0 too_long'),
  mark({ as: 'read', ids: times(1001, () => seedEntry(1)) }, '/ids too_many_items'),
  mark({ as: 'read', before: '2026-02-30T00:00:00Z' }, '/before invalid_time'),
  mark({ as: 'read', before: 5 }, '/before invalid_type'),
  post('/api/v1/users/%20/inbox/mark', { as: 'read' }, '422 invalid_request', '/path/user_id invalid_user_id'),
  renamed(
    "to mark another user's entry, which changes nothing",
    post('/api/v1/users/other/inbox/mark', { as: 'read', ids: [seedEntry(1)] }, '200'),
  ),
  renamed(
    'to mark what is older than the oldest',
    post(`${INBOX}/mark`, { as: 'read', before: '2000-01-01T00:00:00Z' }, '200'),
  ),
  ...['burn', 'READ', 'mark', '__proto__', 'read%20', '%00'].map((step) =>
    post(`${INBOX}/${seedEntry(1)}/${step}`, undefined, '404 not_found'),
  ),
  post(`/api/v1/users/other/inbox/${seedEntry(1)}/read`, undefined, '404 not_found'),
  post(`${INBOX}/${NOBODY}/read`, undefined, '404 not_found'),
  post(`${INBOX}/${seedDelivery('sent')}/read`, undefined, '404 not_found'),
  post(`${INBOX}/x/read`, {}, '404 not_found'),
  post(`${INBOX}/${seedEntry(1)}/read`, { read_at: 'now' }, '422 invalid_request', '/read_at unknown_field'),
  post(
    `/api/v1/users/%20/inbox/${seedEntry(1)}/read`,
    undefined,
    '422 invalid_request',
    '/path/user_id invalid_user_id',
  ),
];
