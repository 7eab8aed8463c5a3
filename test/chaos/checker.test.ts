import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Shown } from '../kit/service.ts';
import { type Account, account, suspects } from './checker.ts';
import type { Asked } from './open-load.ts';
import type { ProcessLog } from './process-log.ts';
import type { Hit } from './sink.ts';

type Attempt = Shown['attempts'][number];

/** Three notifications of which all is well: what the tests then spoil. */
function evidence(): Mutable {
  const keys = ['a', 'b', 'c'];
  const shown = keys.map((key) => ({ ...shownOf(key), attempts: [attempt(1, 'accepted')] }));
  return {
    asked: new Map(keys.map((key) => [key, { key, id: `id-${key}`, ackedAt: 0, lost: 0 }])),
    hits: keys.map((key) => hit(key)),
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
  finals: (Shown & { message: string })[];
  details: Map<string, Shown>;
  log: { [K in keyof ProcessLog]: ProcessLog[K] } & { sent: Map<string, number>; reclaimed: Map<string, number> };
  repeats: number;
  sendTimeoutMs: number;
}

function hit(key: string, over: Partial<Hit> = {}): Hit {
  const [deliveryId, notificationId] = [`id-${key}-1`, `id-${key}`];
  return { deliveryId, notificationId, key, at: 0, taken: true, withheld: false, ...over };
}

function attempt(number: number, outcome: string, code: string | null = null): Attempt {
  const about = { delivery_id: '', channel: 'webhook', provider: 'webhook', detail: null, started_at: '' };
  return { ...about, attempt: number, outcome, code, duration_ms: 1, provider_message_id: null };
}

function shownOf(key: string, status = 'sent'): Shown & { message: string } {
  const delivery = { id: `id-${key}-1`, channels: ['webhook'], status, channel_used: null };
  return {
    ...{ id: `id-${key}`, status, message: key, channel_used: null, created_at: '', sent_at: null, request_id: '' },
    deliveries: [{ ...delivery, next_attempt_at: null, reason: null }],
    attempts: [],
  };
}

/** The lists that must be empty, and the account itself. */
function found(spoil: (evidence: Mutable) => void): Partial<Account> {
  const spoilt = evidence();
  spoil(spoilt);
  const { lost, unexplained, unexpected, stuck, failed, staleAccepted } = account(spoilt);
  const lists = { lost, unexplained, unexpected, stuck, failed, staleAccepted };
  return Object.fromEntries(Object.entries(lists).filter(([, names]) => names.length > 0));
}

/** Sets what the service says of `a`. */
function says(one: Mutable, attempts: Attempt[], status = 'sent'): void {
  const shown = { ...shownOf('a', status), attempts };
  one.finals[0] = shown;
  one.details.set('id-a', shown);
}

const TABLE: readonly (readonly [string, (evidence: Mutable) => void, Partial<Account>])[] = [
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

  test('tells who got no answer apart from whose notification is there', () => {
    const one = evidence();
    for (const key of ['a', 'd']) one.asked.set(key, { key, id: null, ackedAt: null, lost: 1 });
    const { accepted, unknown, recovered, lost, unexpected } = account(one);
    assert.deepEqual(
      { accepted, unknown, recovered, lost, unexpected },
      { accepted: 2, unknown: 2, recovered: 1, lost: [], unexpected: [] },
    );
  });

  test('looks at the attempts of whatever is not plainly well', () => {
    const one = evidence();
    assert.deepEqual(suspects(one), []);
    one.log.reclaimed.set('id-a-1', 1);
    one.log.sent.delete('id-b-1');
    one.hits.push(hit('c'));
    assert.deepEqual(suspects(one), ['id-a', 'id-b', 'id-c']);
  });
});
