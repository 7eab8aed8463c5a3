import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attempt } from '../../test/kit/builders.ts';
import { deliveryId, firstIdAt } from './ids.ts';
import type { Attempt } from './outcome.ts';
import { attemptTold, type Receipt } from './receipt.ts';

const RECEIPT: Receipt = {
  deliveryId: deliveryId(firstIdAt(1), 1),
  attempt: 2,
  channel: 'email',
  provider: 'sendgrid',
  messageId: 'm-2',
  news: 'delivered',
};

function row(over: Partial<Attempt> = {}): Attempt {
  return { ...attempt({ number: 2, provider: 'sendgrid' }), channel: 'email', providerMessageId: 'm-2', ...over };
}

describe('the attempt that a receipt is about', () => {
  const UNKNOWN = { outcome: 'unknown', code: 'timeout', providerMessageId: null } as const;
  const LOST = { outcome: 'unknown', code: 'worker_lost', provider: null, providerMessageId: null } as const;
  const cases: readonly [string, readonly Attempt[], number | null][] = [
    ['is the one of its number', [row({ number: 1 }), row(), row({ number: 3 })], 1],
    ['may be one whose answer was lost', [row(UNKNOWN)], 0],
    ['may be one whose provider told no id', [row({ providerMessageId: null })], 0],
    ['is none of another number', [row({ number: 1 }), row({ number: 3 })], null],
    ['is none on another channel', [row({ channel: 'sms' })], null],
    ['is none of another provider', [row({ provider: 'smtp' })], null],
    ['is none that gave the message another id', [row({ providerMessageId: 'm-9' })], null],
    ['is none that was refused', [row({ outcome: 'deferred', providerMessageId: null })], null],
    ['is that of the worker that was lost with it', [row({ ...LOST, number: 2 })], 0],
    [
      'is that of the lost worker where its number was given again',
      [row({ ...LOST, number: 1 }), row({ providerMessageId: 'm-9' })],
      0,
    ],
    ['is not that of a worker that was lost later', [row({ ...LOST, number: 3 })], null],
    ['is not that of a worker that was lost on another channel', [row({ ...LOST, number: 1, channel: 'sms' })], null],
  ];
  for (const [name, log, place] of cases) {
    test(name, () => assert.equal(attemptTold(RECEIPT, log), place === null ? null : log[place]));
  }
});
