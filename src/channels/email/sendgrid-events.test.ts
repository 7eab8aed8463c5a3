import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sendContext } from '../../../test/kit/provider-parts.ts';
import { sendGridEvent, sendGridSigner, type VendorPost } from '../../../test/kit/receipts.ts';
import type { EmailMessage, ReceiptsRead } from '../provider.ts';
import { sendgrid } from './sendgrid.ts';
import { customArgs, parsePublicKey, readEvents } from './sendgrid-events.ts';

const signer = sendGridSigner();
const context = sendContext({ attempt: 3 });
const alone = { to: 'User@example.com', cc: [], bcc: [] };
const mail = { args: argsOf(alone), messageId: 'sg-1' };

function argsOf(about: Pick<EmailMessage, 'to' | 'cc' | 'bcc'>): Readonly<Record<string, string>> {
  const rest = { from: null, replyTo: null, subject: '', text: '', html: '', headers: {}, attachments: [] };
  return customArgs({ channel: 'email', messageId: 'm-1', ...rest, ...about }, context);
}

function read({ headers, body }: VendorPost, publicKey = signer.publicKey): ReceiptsRead {
  const key = parsePublicKey(publicKey);
  assert.ok(key !== undefined);
  return readEvents(key)({ headers, target: '/receipts/sendgrid', body: Buffer.from(body) });
}

const nothing = { kind: 'read', receipts: [], foreign: 0, ignored: 0 };
const delivered = {
  ...{ deliveryId: context.deliveryId, attempt: 3, channel: 'email', provider: 'sendgrid', messageId: 'sg-1' },
  news: 'delivered',
};

describe('a list of events', () => {
  it('tells of delivered and bounced mail, by the arguments that it was sent with', () => {
    const events = ['processed', 'deferred', 'delivered', 'bounce', 'dropped'].map((name) => sendGridEvent(name, mail));
    const bounced = { ...delivered, news: 'bounced' };
    assert.deepEqual(read(signer.post(events)), {
      ...{ kind: 'read', receipts: [delivered, bounced, bounced], foreign: 0, ignored: 2 },
    });
  });

  it('holds much that changes nothing: opened, clicked, reported, and names that are new', () => {
    const names = ['open', 'click', 'spamreport', 'unsubscribe', 'group_unsubscribe', 'account_status_change'];
    const events = [...names, 'constructor', '__proto__'].map((name) => sendGridEvent(name, mail));
    assert.deepEqual(read(signer.post(events)), { ...nothing, ignored: events.length });
  });

  it('takes a bounce that is blocked for final, and one without a message id for what it says', () => {
    const { sg_message_id: _, ...late } = sendGridEvent('bounce', mail);
    const answer = read(signer.post([{ ...late, type: 'blocked' }]));
    const bounced = { ...delivered, messageId: null, news: 'bounced' };
    assert.deepEqual(answer, { ...nothing, receipts: [bounced] });
  });

  it('may tell of mail that is not ours', () => {
    const others = [
      {},
      { delivery_id: 'x', attempt: '1' },
      { ...mail.args, attempt: '0' },
      { ...mail.args, attempt: '1e9' },
    ];
    const events = others.map((args) => sendGridEvent('delivered', { args, messageId: 'sg-1' }));
    assert.deepEqual(read(signer.post(events)), { ...nothing, foreign: 4 });
  });

  it('counts for the recipient of a mail, and not for those who got a copy', () => {
    const args = argsOf({ ...alone, cc: ['copy@example.com'] });
    assert.doesNotMatch(JSON.stringify(args), /example/);
    const to = (email: string) => sendGridEvent('bounce', { ...mail, args, email });
    assert.deepEqual(read(signer.post([to('copy@example.com')])), { ...nothing, ignored: 1 });
    const answer = read(signer.post([to('user@EXAMPLE.com')]));
    assert.deepEqual(answer, { ...nothing, receipts: [{ ...delivered, news: 'bounced' }] });
  });

  it('is unreadable if it is no list of objects, although SendGrid has signed it', () => {
    for (const body of ['', '{', '{}', 'null', '[1]', '[null]', '[[]]']) {
      assert.deepEqual(read(signer.post(body)), { kind: 'unreadable' }, body);
    }
    assert.deepEqual(read(signer.post('[]')), nothing);
  });
});

describe('a signature', () => {
  const good = signer.post([sendGridEvent('delivered', mail)]);
  const time = 'x-twilio-email-event-webhook-timestamp';
  const name = 'x-twilio-email-event-webhook-signature';
  const changed: readonly (readonly [string, VendorPost])[] = [
    ['over another body', { ...good, body: `${good.body} ` }],
    ['over another time', { ...good, headers: { ...good.headers, [time]: '1769853001' } }],
    ['without a time', { ...good, headers: { ...good.headers, [time]: '' } }],
    ['that is missing', { ...good, headers: { [time]: '1769853000' } }],
    ['by another key', { ...good, headers: sendGridSigner().post(JSON.parse(good.body)).headers }],
    ['that is no base64', { ...good, headers: { ...good.headers, [name]: '?' } }],
    ['of bytes that are none', { ...good, headers: { ...good.headers, [name]: 'AAAA' } }],
  ];
  for (const [words, post] of changed) {
    it(`${words} is forged`, () => assert.deepEqual(read(post), { kind: 'forged' }));
  }

  it('over a time that was moved into the body is forged', () => {
    const post = signer.post('[]', '17');
    const moved = { headers: { ...post.headers, [time]: '1' }, body: '7[]' };
    // The same bytes are signed; what comes of them is no list.
    assert.deepEqual(read(moved), { kind: 'unreadable' });
  });
});

it('a key is that of an elliptic curve, as the console shows it', () => {
  const shown =
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA==';
  assert.ok(parsePublicKey(shown) !== undefined);
  // A post that SendGrid publishes for those who write such code.
  const headers = {
    'x-twilio-email-event-webhook-timestamp': '1588788367',
    'x-twilio-email-event-webhook-signature':
      'MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2j/0=',
  };
  const body = '{"category":"example_payload","event":"test_event","message_id":"message_id"}';
  assert.deepEqual(read({ headers, body }, shown), { kind: 'unreadable' });
  assert.deepEqual(read({ headers, body: body.replace('test', 'best') }, shown), { kind: 'forged' });
  for (const text of ['', 'SG.secret', shown.slice(0, 80), '-----BEGIN PUBLIC KEY-----']) {
    assert.equal(parsePublicKey(text), undefined, text);
  }
});

it('without the key there is nothing to know SendGrid by', () => {
  const values = { apiKey: 'SG.x', from: null, smtpFrom: null, baseUrl: 'http://127.0.0.1:1', webhookPublicKey: null };
  assert.equal(sendgrid.receipts?.(values, 'https://tidings.example.com'), null);
  const key = parsePublicKey(signer.publicKey) ?? null;
  assert.ok(sendgrid.receipts?.({ ...values, webhookPublicKey: key }, null));
});
