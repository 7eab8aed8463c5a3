import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { CHANNELS, type Channel } from './channel.ts';
import type { Recipient } from './recipient.ts';
import { addressFor, type Leg, MAX_CHAIN, planRoute, type RouteRules, STRATEGIES, type Strategy } from './route.ts';

const RULES: RouteRules = { defaultChannels: ['email', 'sms', 'in_app'], sandboxed: new Set() };
const SANDBOX: RouteRules = { ...RULES, sandboxed: new Set(CHANNELS) };
const BOTH: Recipient = { email: 'user@example.com', phone: '+14155552671' };

function leg(chain: readonly Channel[], unaddressed: readonly Channel[] = []): Leg {
  return { chain, unaddressed };
}

describe('a route', () => {
  type Case = readonly [
    string,
    readonly (Channel | readonly Channel[])[] | null,
    Strategy,
    Recipient,
    RouteRules,
    readonly Leg[],
  ];
  const cases: readonly Case[] = [
    ['falls back along one chain', ['email', 'sms'], 'fallback', BOTH, RULES, [leg(['email', 'sms'])]],
    ['goes all ways at once', ['email', 'sms'], 'all', BOTH, RULES, [leg(['email']), leg(['sms'])]],
    [
      'goes all ways, one of them a chain',
      ['email', ['sms', 'push']],
      'all',
      BOTH,
      RULES,
      [leg(['email']), leg(['sms', 'push'], ['push'])],
    ],
    [
      'reads nested entries of a fallback as one chain',
      [['email'], 'sms'],
      'fallback',
      BOTH,
      RULES,
      [leg(['email', 'sms'])],
    ],
    [
      'names the channels without an address',
      ['push', 'sms'],
      'fallback',
      BOTH,
      RULES,
      [leg(['push', 'sms'], ['push'])],
    ],
    [
      'keeps a leg that has no address beside one that has',
      ['push', 'sms'],
      'all',
      BOTH,
      RULES,
      [leg(['push'], ['push']), leg(['sms'])],
    ],
    ['is none without any address', ['push', 'slack'], 'fallback', BOTH, RULES, []],
    ['is none without any address on any leg', ['push', 'slack'], 'all', BOTH, RULES, []],
    ['is none where nothing was asked for', [], 'fallback', BOTH, RULES, []],
    ['by default takes what has an address', null, 'fallback', BOTH, RULES, [leg(['email', 'sms'])]],
    ['by default goes all ways where asked', null, 'all', BOTH, RULES, [leg(['email']), leg(['sms'])]],
    ['by default reaches a user id in the inbox', null, 'fallback', { userId: 'u1' }, RULES, [leg(['in_app'])]],
    ['by default is none for an address of no default channel', null, 'fallback', { slack: 'x' }, RULES, []],
    [
      'takes a user id for every channel in the sandbox',
      ['email', 'sms'],
      'fallback',
      { userId: 'u1' },
      SANDBOX,
      [leg(['email', 'sms'])],
    ],
    [
      'by default prefers an address of its own to the leniency of the sandbox',
      null,
      'fallback',
      { userId: 'u1', phone: '+14155552671' },
      SANDBOX,
      [leg(['sms', 'in_app'])],
    ],
    [
      'by default uses that leniency where there is no address at all',
      null,
      'fallback',
      { userId: 'u1' },
      { ...SANDBOX, defaultChannels: ['email', 'sms'] },
      [leg(['email', 'sms'])],
    ],
  ];
  for (const [name, wanted, strategy, recipient, rules, expected] of cases) {
    test(name, () => assert.deepEqual(planRoute(wanted, strategy, recipient, rules), expected));
  }

  test('holds every channel asked for once, in order, and is empty or can send something', () => {
    const asked = fc.uniqueArray(fc.constantFrom(...CHANNELS), { minLength: 1, maxLength: MAX_CHAIN });
    const recipients = fc.record(
      { userId: fc.constant('u1'), email: fc.constant('user@example.com'), slack: fc.constant('hook') },
      { requiredKeys: [] },
    );
    const sandboxed = fc.uniqueArray(fc.constantFrom(...CHANNELS)).map((channels) => new Set(channels));
    fc.assert(
      fc.property(
        asked,
        fc.constantFrom(...STRATEGIES),
        recipients,
        sandboxed,
        (wanted, strategy, recipient, caught) => {
          const rules = { defaultChannels: CHANNELS, sandboxed: caught };
          const legs = planRoute(wanted, strategy, recipient, rules);
          const reachable = wanted.filter((channel) => addressFor(channel, recipient, caught) !== null);
          assert.equal(legs.length > 0, reachable.length > 0);
          if (legs.length === 0) return;
          assert.equal(legs.length, strategy === 'all' ? wanted.length : 1);
          assert.deepEqual(
            legs.flatMap(({ chain }) => chain),
            wanted,
          );
          assert.deepEqual(
            legs.flatMap(({ unaddressed }) => unaddressed),
            wanted.filter((channel) => !reachable.includes(channel)),
          );
        },
      ),
    );
  });
});

describe('the address on a channel', () => {
  test("is the recipient's own", () => assert.equal(addressFor('email', BOTH, new Set()), 'user@example.com'));
  test('is none without one, whatever the user id', () => {
    assert.equal(addressFor('email', { userId: 'u1' }, new Set(['sms'])), null);
  });
  test('is the user id where the sandbox catches the channel', () => {
    assert.equal(addressFor('email', { userId: 'u1' }, new Set(['email'])), 'u1');
  });
  test('is its own in the sandbox too', () => {
    assert.equal(addressFor('email', { ...BOTH, userId: 'u1' }, new Set(['email'])), 'user@example.com');
  });
});
