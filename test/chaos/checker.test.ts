import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Shown } from '../kit/service.ts';
import { type Account, account, suspects } from './checker.ts';
import type { Entry } from './final-states.ts';
import type { InboxAccount } from './inbox-account.ts';
import type { Asked } from './open-load.ts';
import type { ProcessLog } from './process-log.ts';
import type { Hit } from './sink.ts';

type Attempt = Shown['attempts'][number];

/** Three notifications to the receiver and three to inboxes, of which all is well: what the tests then spoil. */
function evidence(): Mutable {
  const outside = ['a', 'b', 'c'];
  const inside = ['p', 'q', 'r'];
  const keys = [...outside, ...inside];
  const shown = [
    ...outside.map((key) => ({ ...shownOf(key), attempts: [attempt(1, 'accepted')] })),
    ...inside.map((key) => ({ ...shownOf(key, 'sent', 'in_app'), attempts: [inboxAttempt(1, 'accepted')] })),
  ];
  return {
    asked: new Map([
      ...outside.map((key) => [key, askedFor(key)] as const),
      ...inside.map((key) => [key, askedFor(key, { way: 'inbox_once', userId: 'user-1' })] as const),
    ]),
    hits: outside.map((key) => hit(key)),
    entries: inside.map((key) => entry(key)),
    finals: shown,
    details: new Map(shown.map((one) => [one.id, one])),
    log: {
      staleSettles: 0,
      reclaimed: new Map(),
      attempted: new Map(keys.map((key) => [`id-${key}-1`, 1])),
      sent: new Map(keys.map((key) => [`id-${key}-1`, 1])),
      faults: new Map(),
      bugs: [],
      events: new Map(),
    },
    repeats: 0,
    sendTimeoutMs: 3_000,
  };
}

interface Mutable {
  asked: Map<string, Asked>;
  hits: Hit[];
  entries: Entry[];
  finals: (Shown & { message: string })[];
  details: Map<string, Shown>;
  log: { [K in keyof ProcessLog]: ProcessLog[K] } & Record<'sent' | 'attempted' | 'reclaimed', Map<string, number>>;
  repeats: number;
  sendTimeoutMs: number;
}

function hit(key: string, over: Partial<Hit> = {}): Hit {
  const [deliveryId, notificationId] = [`id-${key}-1`, `id-${key}`];
  return { deliveryId, notificationId, key, at: 0, taken: true, withheld: false, ...over };
}

function askedFor(key: string, over: Partial<Asked> = {}): Asked {
  return { key, way: 'webhook', userId: null, id: `id-${key}`, ackedAt: 0, lost: 0, ...over };
}

function entry(key: string, over: Partial<Entry> = {}): Entry {
  return { userId: 'user-1', id: `id-${key}-1`, notificationId: `id-${key}`, body: key, createdAt: '10:00', ...over };
}

function inboxAttempt(...about: Parameters<typeof attempt>): Attempt {
  return { ...attempt(...about), channel: 'in_app', provider: 'inbox' };
}

function attempt(number: number, outcome: string, code: string | null = null): Attempt {
  const about = { delivery_id: '', channel: 'webhook', provider: 'webhook', detail: null, started_at: '' };
  return { ...about, attempt: number, outcome, code, duration_ms: 1, provider_message_id: null };
}

function shownOf(
  key: string,
  status = 'sent',
  channel = 'webhook',
  reason: string | null = null,
): Shown & { message: string } {
  const channel_used = status === 'sent' ? channel : null;
  const delivery = { id: `id-${key}-1`, channels: [channel], status, channel_used };
  return {
    ...{ id: `id-${key}`, status, message: key, channel_used: null, created_at: '', sent_at: null, request_id: '' },
    deliveries: [{ ...delivery, next_attempt_at: null, reason }],
    attempts: [],
  };
}

/** The lists that must be empty, and the account itself. */
function found(spoil: (evidence: Mutable) => void): Partial<Account & InboxAccount> {
  const spoilt = evidence();
  spoil(spoilt);
  const { lost, unexplained, unexpected, stuck, failed, staleAccepted, inbox } = account(spoilt);
  const { missing, unrecorded, unasked, doubled, expired } = inbox;
  const ofInboxes = { missing, unrecorded, unasked, doubled, expired };
  const lists = { lost, unexplained, unexpected, stuck, failed, staleAccepted, ...ofInboxes };
  return Object.fromEntries(Object.entries(lists).filter(([, names]) => names.length > 0));
}

/** Sets what the service says of `a`. */
function says(one: Mutable, attempts: Attempt[], status = 'sent'): void {
  const shown = { ...shownOf('a', status), attempts };
  one.finals[0] = shown;
  one.details.set('id-a', shown);
}

/** Sets what the service says of `p`, whose first worker was lost. */
function saysOfInbox(one: Mutable, attempts: Attempt[], status = 'sent'): void {
  const shown = { ...shownOf('p', status, 'in_app'), attempts };
  one.finals[3] = shown;
  one.details.set('id-p', shown);
}

const LOST = inboxAttempt(1, 'deferred', 'worker_lost');
const SECOND = { ...inboxAttempt(2, 'accepted'), delivery_id: 'id-p-1', started_at: '10:08' };

const TABLE: readonly (readonly [string, (evidence: Mutable) => void, Partial<Account & InboxAccount>])[] = [
  ['is content where all is well', () => {}, {}],
  ['finds what was accepted and is not there', (one) => one.finals.shift(), { lost: ['id-a'], unexpected: ['id-a'] }],
  ['finds what is there and never arrived', (one) => one.hits.shift(), { lost: ['id-a'] }],
  [
    'takes a refused message for one that did not arrive',
    (one) => (one.hits[0] = hit('a', { taken: false })),
    { lost: ['id-a'] },
  ],
  ['finds what nobody asked for', (one) => one.asked.delete('a'), { unexpected: ['id-a'] }],
  [
    'finds a second notification of one key',
    (one) => one.finals.push({ ...shownOf('a'), id: 'id-x' }),
    { lost: ['id-x'], unexpected: ['id-x', 'id-a'] },
  ],
  ['finds what has no end', (one) => says(one, [attempt(1, 'accepted')], 'retrying'), { stuck: ['id-a'] }],
  [
    'finds what failed although it arrived',
    (one) => says(one, [attempt(1, 'unknown', 'timeout')], 'failed'),
    { failed: ['id-a'] },
  ],
  ['finds a repeat that no attempt explains', (one) => one.hits.push(hit('a')), { unexplained: ['id-a'] }],
  [
    'lets a repeat pass that a lost worker explains',
    (one) => {
      one.hits.push(hit('a'));
      says(one, [attempt(1, 'unknown', 'worker_lost'), attempt(2, 'accepted')]);
    },
    {},
  ],
  [
    'finds a result that was written after the end',
    (one) => says(one, [attempt(1, 'accepted'), attempt(2, 'unknown', 'timeout')]),
    { staleAccepted: ['id-a'] },
  ],
  [
    'finds two ends of one delivery',
    (one) => says(one, [attempt(1, 'accepted'), attempt(2, 'accepted')]),
    { staleAccepted: ['id-a'] },
  ],
  ['finds an end that was written twice', (one) => one.log.sent.set('id-a-1', 2), { staleAccepted: ['id-a'] }],
  [
    'finds a send that was recorded although the delivery had failed',
    (one) => says(one, [attempt(1, 'unknown', 'worker_lost'), attempt(2, 'accepted')], 'failed'),
    { failed: ['id-a'], staleAccepted: ['id-a'] },
  ],
  [
    'finds what was sent to an inbox and is not there',
    (one) => one.entries.shift(),
    { lost: ['id-p'], missing: ['id-p'] },
  ],
  [
    'finds an entry whose delivery failed, and that it did',
    (one) => saysOfInbox(one, [LOST], 'failed'),
    { failed: ['id-p'], unrecorded: ['id-p'] },
  ],
  [
    'finds an entry that a lost worker has written after all',
    (one) => saysOfInbox(one, [LOST, SECOND]),
    { unrecorded: ['id-p'] },
  ],
  [
    'finds an entry of what expired meanwhile',
    (one) => {
      saysOfInbox(one, [LOST], 'expired');
      one.asked.set('p', askedFor('p', { way: 'inbox_brief', userId: 'user-1' }));
    },
    { unrecorded: ['id-p'], expired: ['id-p'] },
  ],
  [
    'finds what expired and was not asked to',
    (one) => {
      saysOfInbox(one, [LOST], 'expired');
      one.entries.shift();
    },
    { lost: ['id-p'], failed: ['id-p'] },
  ],
  [
    'is content with the entry of the attempt that was accepted',
    (one) => {
      saysOfInbox(one, [LOST, SECOND]);
      one.entries[0] = entry('p', { createdAt: '10:08' });
    },
    {},
  ],
  [
    'finds an entry whose delivery was sent by another channel',
    (one) => (one.finals[3] = shownOf('p')),
    { unrecorded: ['id-p'] },
  ],
  [
    'finds an entry that nobody asked for',
    (one) => one.entries.push(entry('x')),
    { unrecorded: ['id-x'], unasked: ['id-x'] },
  ],
  [
    'finds an entry in the inbox of another',
    (one) => (one.entries[0] = entry('p', { userId: 'user-2' })),
    { unasked: ['id-p'] },
  ],
  [
    'finds an entry with the text of another',
    (one) => (one.entries[0] = entry('p', { body: 'a' })),
    { unasked: ['id-p'] },
  ],
  ['finds an entry that is there twice', (one) => one.entries.push(entry('p')), { doubled: ['id-p'] }],
  [
    'finds a second entry of one notification',
    (one) => one.entries.push(entry('p', { id: 'id-p-2' })),
    { unrecorded: ['id-p'], unasked: ['id-p'], doubled: ['id-p'] },
  ],
];

describe('the account of a run', () => {
  for (const [title, spoil, expected] of TABLE) {
    test(title, () => assert.deepEqual(found(spoil), expected));
  }

  test('counts repeats, and bounds them by the faults and by the answers that the receiver withheld', () => {
    const one = evidence();
    one.hits.push(hit('a'), hit('b', { withheld: true }), hit('b'));
    one.repeats = 64;
    const { duplicated, bound } = account(one);
    assert.deepEqual({ duplicated, bound }, { duplicated: 3, bound: 65 });
  });

  test('excuses the repeat of a send that was given up, but not before its time', () => {
    const one = evidence();
    const given = (ms: number) => [{ ...attempt(1, 'unknown', 'timeout'), duration_ms: ms }, attempt(2, 'accepted')];
    one.hits.push(hit('a'));
    says(one, given(3_010));
    assert.equal(account(one).bound, 1);
    says(one, given(2_000));
    assert.equal(account(one).bound, 0);
  });

  test('counts the lost leases of entries by themselves, and lets them excuse no repeat', () => {
    const one = evidence();
    saysOfInbox(one, [LOST, SECOND]);
    one.details.set('id-q', {
      ...shownOf('q', 'sent', 'in_app'),
      attempts: [{ ...inboxAttempt(1, 'unknown', 'timeout'), duration_ms: 3_010 }, inboxAttempt(2, 'accepted')],
    });
    says(one, [attempt(1, 'unknown', 'worker_lost'), attempt(2, 'accepted')]);
    const { leasesLost, bound, late, inbox } = account(one);
    assert.deepEqual(
      { leasesLost, bound, late, ofEntries: inbox.leasesLost },
      { leasesLost: 1, bound: 0, late: 0, ofEntries: 1 },
    );
  });

  test('tells who got no answer apart from whose notification is there', () => {
    const one = evidence();
    for (const key of ['a', 'd']) one.asked.set(key, askedFor(key, { id: null, ackedAt: null, lost: 1 }));
    const { accepted, unknown, recovered, lost, unexpected } = account(one);
    assert.deepEqual(
      { accepted, unknown, recovered, lost, unexpected },
      { accepted: 5, unknown: 2, recovered: 1, lost: [], unexpected: [] },
    );
  });

  test('looks at the attempts of whatever is not plainly well', () => {
    const one = evidence();
    assert.deepEqual(suspects(one), []);
    one.log.reclaimed.set('id-a-1', 1);
    one.log.sent.delete('id-b-1');
    one.hits.push(hit('c'));
    one.entries.shift();
    one.log.attempted.set('id-q-1', 2);
    assert.deepEqual(suspects(one), ['id-a', 'id-b', 'id-c', 'id-p', 'id-q']);
  });
});
