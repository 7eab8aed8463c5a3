import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOW, providerParts, sendContext } from '../../../test/kit/provider-parts.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { sandboxProvider } from './sandbox.ts';

async function send(to: string, attempt = 1, failureRate = 0, random = 0.5) {
  const parts = providerParts({ random: () => random });
  const transport = sandboxProvider('sms').open({ failureRate }, parts);
  const outcome = await transport.send({ channel: 'sms', to, text: 'Hello' }, sendContext({ attempt }));
  return { outcome, kept: parts.sandboxMessages };
}

function shown(outcome: Outcome): string {
  return outcome.kind === 'accepted' ? 'accepted' : `${outcome.kind} ${outcome.code}`;
}

it('keeps the whole message instead of sending it', async () => {
  const { outcome, kept } = await send('+4915112345678');
  const { notificationId, deliveryId } = sendContext();
  assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: deliveryId });
  const message = { channel: 'sms', to: '+4915112345678', text: 'Hello' };
  assert.deepEqual(kept, [
    { notificationId, deliveryId, channel: 'sms', to: '+4915112345678', message, caughtAt: NOW },
  ]);
});

describe('recipients with a fate', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['bounce@sandbox.test', ['rejected recipient_unreachable']],
    ['blocked@sandbox.test', ['rejected recipient_blocked']],
    ['timeout@sandbox.test', ['unknown timeout']],
    ['flaky@sandbox.test', ['deferred provider_error', 'deferred provider_error', 'accepted']],
    ['throttled@sandbox.test', ['deferred rate_limited', 'accepted']],
    ['down@sandbox.test', ['deferred provider_error', 'deferred provider_error', 'deferred provider_error']],
    ['+15005550001', ['rejected invalid_recipient']],
    ['+15005550009', ['rejected recipient_unreachable']],
    ['+15005550004', ['rejected recipient_blocked']],
    ['+15005550002', ['deferred temporarily_rejected', 'deferred temporarily_rejected']],
    ['bounce', ['accepted']],
    ['down', ['accepted']],
    ['bounce@example.com', ['accepted']],
  ];
  for (const [to, expected] of table) {
    it(`${to}: ${expected.join(', then ')}`, async () => {
      for (const [index, one] of expected.entries()) {
        const { outcome, kept } = await send(to, index + 1);
        assert.equal(shown(outcome), one);
        assert.equal(kept.length, one === 'accepted' ? 1 : 0);
      }
    });
  }
});

it('fails the share of sends it is told to', async () => {
  assert.equal(shown((await send('u', 1, 0.3, 0.29)).outcome), 'deferred provider_error');
  assert.equal(shown((await send('u', 1, 0.3, 0.3)).outcome), 'accepted');
  assert.equal(shown((await send('u', 1, 0, 0)).outcome), 'accepted');
  assert.equal(shown((await send('u', 1, 1, 0.999)).outcome), 'deferred provider_error');
});
