import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { httpReceiver } from '../../test/kit/http-receiver.ts';
import { providerParts, sendContext } from '../../test/kit/provider-parts.ts';
import type { Channel } from '../domain/channel.ts';
import { outcomeCleaner } from './clean-outcome.ts';
import { httpClient } from './http-client.ts';
import type { Message } from './provider.ts';
import { openPlan, readChannels } from './registry.ts';

const TEXT = 'Your code is 4711, tell nobody.';
const message: Message = { channel: 'sms', to: '+15550100', text: TEXT };

function cleaned(detail: string, secrets: readonly string[] = []): string {
  const outcome = outcomeCleaner(secrets)({ kind: 'rejected', code: 'message_rejected', detail }, message);
  assert.ok(outcome.kind === 'rejected');
  return outcome.detail;
}

describe("a vendor's words", () => {
  it('are one line without control characters or turned writing, of at most 500 characters', () => {
    const table: readonly (readonly [string, string])[] = [
      ['HTTP 400: as it is', 'HTTP 400: as it is'],
      ['550-5.1.1 No\r\n550 5.1.1 user\n', '550-5.1.1 No 550 5.1.1 user'],
      ['a\u0000b\u001b[2Jc\u0085d\u2028e\tf', 'a b [2Jc d e f'],
      ['invoice\u202efdp.exe', 'invoice fdp.exe'],
      [`Größe 👋 ${' '.repeat(9_000)}x`, 'Größe 👋 x'],
      ['x'.repeat(5_000), 'x'.repeat(500)],
      [`${'x'.repeat(499)}👋`, `${'x'.repeat(499)}\ufffd`],
    ];
    for (const [given, expected] of table) assert.equal(cleaned(given), expected);
  });

  it('do not repeat a secret: as it is, in a URL, or within base64 at any place', () => {
    const secret = 'pä55 w0rd/of+the=account';
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const forms = [
      secret,
      encodeURIComponent(secret),
      ...['', 'u:', 'ab:', 'abc:', '\0me\0'].map((u) => base64(u + secret)),
    ];
    for (const form of forms) {
      const detail = cleaned(`535 bad login ${form}, and again: ${form}.`, ['', 'abc', secret]);
      assert.match(detail, /^535 bad login \(secret\)\S*, and again: \(secret\)\S*$/, form);
      // The last letters of a credential may be those of its neighbours; no more than that is left.
      assert.ok(detail.length < '535 bad login (secret), and again: (secret).'.length + 8, detail);
    }
    assert.equal(cleaned('abc of a short one stays', ['abc']), 'abc of a short one stays');
  });

  it('do not repeat the message, but may name the recipient', () => {
    assert.equal(cleaned(`To +15550100: refused "${TEXT}"`), 'To +15550100: refused "(message)"');
  });

  it('cost a linear time, whatever they are', () => {
    const secret = 'a'.repeat(24);
    const hostile = [Buffer.from(secret).toString('base64').repeat(3_000), 'YWFh'.repeat(16_384), ' \n'.repeat(40_000)];
    for (const detail of hostile) assert.ok(cleaned(detail, [secret]).length <= 500);
  });

  it('an id of 64 KB is cut, and is on one line', () => {
    const clean = outcomeCleaner([]);
    const idOf = (providerMessageId: string) => {
      const outcome = clean({ kind: 'accepted', providerMessageId }, message);
      assert.ok(outcome.kind === 'accepted');
      return outcome.providerMessageId;
    };
    assert.equal(idOf('x'.repeat(65_000))?.length, 256);
    assert.equal(idOf('SM1\r\nX: y'), 'SM1 X: y');
    assert.equal(idOf('<m-1@example.com>'), '<m-1@example.com>');
  });
});

describe('whatever a vendor echoes, no secret of its provider is in the outcome:', () => {
  const secret = 'canary-4f9c1a7e-of-the-test';
  const providers: readonly (readonly [Channel, (url: string) => Record<string, string>, Message])[] = [
    [
      'sms',
      (url) => ({
        TWILIO_ACCOUNT_SID: 'AC1',
        TWILIO_AUTH_TOKEN: secret,
        TWILIO_FROM_NUMBER: '+15005550006',
        TWILIO_BASE_URL: url,
      }),
      message,
    ],
    [
      'telegram',
      (url) => ({ TELEGRAM_BOT_TOKEN: secret, TELEGRAM_BASE_URL: url }),
      { channel: 'telegram', to: '42', text: TEXT, parseMode: null, silent: false },
    ],
    [
      'email',
      (url) => ({ SENDGRID_API_KEY: secret, SENDGRID_FROM: 'news@example.com', SENDGRID_BASE_URL: url }),
      {
        ...{ channel: 'email', to: 'user@example.com', from: null, replyTo: null, cc: [], bcc: [] },
        ...{ subject: 'Hi', text: TEXT, html: `<p>${TEXT}</p>`, headers: {}, attachments: [], messageId: 'm-1' },
      },
    ],
  ];
  for (const [channel, env, toSend] of providers) {
    it(channel, async () => {
      await using server = await httpReceiver();
      server.otherwise((response, { path, headers, body }) => {
        const words = `${path}\n${headers.authorization ?? ''}\r\n${body}`;
        const errors = [{ message: words, field: null }];
        response.writeHead(400).end(JSON.stringify({ message: words, description: words, errors, ok: false }));
      });
      const { plan, faults } = readChannels(env(server.url));
      assert.deepEqual(faults, []);
      const http = httpClient({ guard: null, connections: 8, connectTimeout: 5_000 });
      const channels = openPlan(plan, providerParts({ http }));
      const outcome = await channels.transports(channel)[0]?.transport.send(toSend, sendContext());
      await channels.close();
      await http.close();
      const [request] = server.requests;
      assert.ok(`${request?.path} ${request?.headers.authorization}`.length > 30);
      assert.ok(outcome?.kind === 'rejected');
      assert.match(outcome.detail, /\(secret\)/);
      const encoded = Buffer.from(`AC1:${secret}`).toString('base64').slice(4, -4);
      for (const leak of [secret, encoded, '4711']) assert.ok(!outcome.detail.includes(leak), outcome.detail);
    });
  }
});
