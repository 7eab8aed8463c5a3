import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from './checker.ts';
import type { InboxAccount } from './inbox-account.ts';
import { violationsOf } from './violations.ts';

const INBOX: InboxAccount = {
  ...{ entries: 1, missing: [], unrecorded: [], unasked: [], doubled: [], expired: [], leasesLost: 0 },
};

const ACCOUNT: Account = {
  ...{ accepted: 1, unknown: 0, recovered: 0, lost: [], duplicated: 0, bound: 0, late: 0, unexplained: [] },
  ...{ unexpected: [], stuck: [], failed: [], staleRefused: 0, staleAccepted: [], leasesLost: 0, inbox: INBOX },
};

/** One worker was killed that had at most 32 calls under way. */
function complaints(inbox: Partial<InboxAccount>, over: Partial<Account> = {}): readonly string[] {
  return violationsOf({
    account: { ...ACCOUNT, ...over, inbox: { ...INBOX, ...inbox } },
    answers: { counts: new Map(), violations: [] },
    log: {
      ...{ staleSettles: 0, reclaimed: new Map(), attempted: new Map(), sent: new Map(), faults: new Map() },
      ...{ bugs: [], events: new Map() },
    },
    struck: [{ name: 'kill -9 worker', target: 'worker-1', touches: ['worker'], repeats: 32, from: 0, to: 0 }],
    ...{ ended: [], twoIds: [] },
  });
}

const TABLE: readonly (readonly [string, Partial<InboxAccount>, readonly string[]])[] = [
  ['nothing where all is well', { expired: ['a'], leasesLost: 256 }, []],
  ['what was sent and is in no inbox', { missing: ['a'] }, ['1 sent by an entry that is in no inbox: a']],
  ['an entry without a record', { unrecorded: ['a'] }, ['1 in an inbox, and not recorded as sent by that: a']],
  ['what nobody asked for', { unasked: ['a'] }, ['1 in an inbox, and not what anybody asked for: a']],
  ['what is there twice', { doubled: ['a'] }, ['1 in an inbox twice: a']],
  ['more lost leases than there were faults', { leasesLost: 257 }, ['257 leases of entries ran out, more than 256']],
];

for (const [title, inbox, expected] of TABLE) {
  test(`of inboxes it names ${title}`, () => assert.deepEqual(complaints(inbox), expected));
}

test('no entry excuses a repeat at the receiver, or a lease that was lost there', () => {
  assert.deepEqual(complaints({ leasesLost: 256 }, { duplicated: 1, leasesLost: 33 }), [
    '1 duplicates, more than 0',
    '33 leases ran out, more than 32',
  ]);
});
