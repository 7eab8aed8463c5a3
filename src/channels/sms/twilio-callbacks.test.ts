import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sendContext } from '../../../test/kit/provider-parts.ts';
import { twilioPost, twilioStatus, type VendorPost } from '../../../test/kit/receipts.ts';
import type { ReceiptsRead } from '../provider.ts';
import { callbackUrl, readCallbacks } from './twilio-callbacks.ts';

const TOKEN = 'twilio-token-of-the-test';
const PUBLIC = 'https://tidings.example.com/notify';
const context = sendContext({ attempt: 2 });
/** As it is asked for: the part behind # is not sent along. */
const called = callbackUrl(PUBLIC, context).replace(/#.*$/, '');
const target = called.slice(PUBLIC.length);

function read({ headers, body }: VendorPost, at = target, publicUrl = PUBLIC): ReceiptsRead {
  return readCallbacks(TOKEN, publicUrl)({ headers, target: at, body: Buffer.from(body) });
}

const receipt = {
  ...{ deliveryId: context.deliveryId, attempt: 2, channel: 'sms', provider: 'twilio', messageId: 'SM1' },
  news: 'delivered',
};
const nothing = { kind: 'read', receipts: [], foreign: 0, ignored: 0 };

it('Twilio is asked to call below the public URL, and to repeat what was not answered', () => {
  const url = new URL(callbackUrl(PUBLIC, context));
  assert.equal(url.origin + url.pathname, 'https://tidings.example.com/notify/receipts/twilio');
  assert.deepEqual(
    [...url.searchParams],
    [
      ['delivery', context.deliveryId],
      ['attempt', '2'],
    ],
  );
  assert.equal(url.hash, '#rc=5&rp=all');
});

describe('a status callback', () => {
  for (const [status, news] of [
    ['delivered', 'delivered'],
    ['read', 'delivered'],
    ['undelivered', 'bounced'],
    ['failed', 'bounced'],
    ['canceled', 'bounced'],
  ] as const) {
    it(`${status} is ${news}`, () => {
      const answer = read(twilioPost(called, twilioStatus(status, 'SM1'), TOKEN));
      assert.deepEqual(answer, { ...nothing, receipts: [{ ...receipt, news }] });
    });
  }

  it('on the way changes nothing, nor does one that is new', () => {
    for (const status of ['accepted', 'scheduled', 'queued', 'sending', 'sent', 'constructor', '']) {
      assert.deepEqual(
        read(twilioPost(called, twilioStatus(status, 'SM1'), TOKEN)),
        { ...nothing, ignored: 1 },
        status,
      );
    }
  });

  it('to a URL that names no attempt is of a message of somebody else', () => {
    for (const query of [
      '',
      '?delivery=x&attempt=1',
      `?delivery=${context.deliveryId}`,
      `${target.slice(16)}&attempt=x`,
    ]) {
      const at = `/receipts/twilio${query}`;
      const answer = read(twilioPost(PUBLIC + at, twilioStatus('delivered', 'SM1'), TOKEN), at);
      const isOurs = query.endsWith('&attempt=x');
      assert.deepEqual(answer, isOurs ? { ...nothing, receipts: [receipt] } : { ...nothing, foreign: 1 }, query);
    }
  });

  it('without a status or a SID is unreadable', () => {
    for (const fields of [{}, { MessageStatus: 'delivered' }, { MessageSid: 'SM1' }]) {
      assert.deepEqual(read(twilioPost(called, fields, TOKEN)), { kind: 'unreadable' });
    }
  });

  it('is the same with a port in the signed URL, with that of the scheme, and without', () => {
    const fields = twilioStatus('delivered', 'SM1');
    for (const [publicUrl, signed] of [
      ['https://a.example', 'https://a.example:443'],
      ['https://a.example:8443', 'https://a.example'],
      ['https://a.example:8443', 'https://a.example:8443'],
      ['http://a.example', 'http://a.example:80'],
    ] as const) {
      const post = twilioPost(`${signed}${target}`, fields, TOKEN);
      assert.equal(read(post, target, publicUrl).kind, 'read', signed);
    }
  });
});

describe('a signature', () => {
  const fields = twilioStatus('delivered', 'SM1');
  const good = twilioPost(called, fields, TOKEN);
  const name = 'x-twilio-signature';
  const changed: readonly (readonly [string, VendorPost, string?])[] = [
    ['over another body', { ...good, body: good.body.replace('delivered', 'failed') }],
    ['over a body with a field more', { ...good, body: `${good.body}&X=1` }],
    ['of another attempt', good, target.replace('attempt=2', 'attempt=1')],
    ['of another host', twilioPost(called.replace('tidings', 'other'), fields, TOKEN)],
    ['by another token', twilioPost(called, fields, 'another')],
    ['that is missing', { ...good, headers: {} }],
    ['that is shorter', { ...good, headers: { [name]: String(good.headers[name]).slice(1) } }],
    ['for a target that makes no URL', good, ':x'],
  ];
  for (const [words, post, at] of changed) {
    it(`${words} is forged`, () => assert.deepEqual(read(post, at), { kind: 'forged' }));
  }

  it('is that of the example which Twilio publishes', () => {
    const called = { CallSid: 'CA1234567890ABCDE', Caller: '+14158675309', Digits: '1234' };
    const body = new URLSearchParams({ ...called, From: '+14158675309', To: '+18005551212' }).toString();
    const example = (signature: string) =>
      readCallbacks(
        '12345',
        'https://mycompany.com',
      )({
        headers: { 'x-twilio-signature': signature },
        target: '/myapp.php?foo=1&bar=2',
        body: Buffer.from(body),
      });
    // It is of a call: what it tells is no state of a message.
    assert.deepEqual(example('RSOYDt4T1cUTdK1PDd93/VVr8B8='), { kind: 'unreadable' });
    assert.deepEqual(example('RSOYDt4T1cUTdK1PDd93/VVr8B9='), { kind: 'forged' });
  });

  it('counts a field that comes several times once for each value, in their order', () => {
    const twice = 'MediaUrl=b&MediaUrl=a&MediaUrl=b&MessageSid=SM1&MessageStatus=delivered';
    const signed = twilioPost(`${called}MediaUrlaMediaUrlbMessageSidSM1MessageStatusdelivered`, {}, TOKEN);
    assert.deepEqual(read({ headers: signed.headers, body: twice }), { ...nothing, receipts: [receipt] });
  });
});
