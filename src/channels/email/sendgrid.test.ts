import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { httpReceiver } from '../../../test/kit/http-receiver.ts';
import { MAIL, NOW, providerParts, sendContext } from '../../../test/kit/provider-parts.ts';
import { readSettings } from '../../domain/settings.ts';
import { httpClient } from '../http-client.ts';
import type { EmailMessage } from '../provider.ts';
import { sendgrid } from './sendgrid.ts';

const PATH = '/v3/mail/send';
const mail: EmailMessage = { ...MAIL, text: 'text', html: '<p>html</p>' };

async function opened() {
  const server = await httpReceiver();
  const http = httpClient({ guard: null, connections: 8, connectTimeout: 5_000 });
  const { values } = readSettings(sendgrid.settings, {
    SENDGRID_API_KEY: 'SG.secret',
    SENDGRID_FROM: 'News <news@example.com>',
    SENDGRID_BASE_URL: `${server.url}/`,
  });
  assert.ok(values);
  const transport = sendgrid.open(values, providerParts({ http }));
  return {
    server,
    send: (message: Partial<EmailMessage> = {}) => transport.send({ ...mail, ...message }, sendContext()),
    async [Symbol.asyncDispose]() {
      await http.close();
      await server.close();
    },
  };
}

it('sends one message with our id, our ids as custom arguments, and no address twice', async () => {
  await using provider = await opened();
  provider.server.answer(PATH, { status: 202, headers: { 'X-Message-Id': 'sg-1' } });
  const outcome = await provider.send({
    cc: ['copy@example.com', 'USER@example.com'],
    bcc: ['copy@example.com', 'blind@example.com'],
    replyTo: 'desk@example.com',
    headers: { 'X-A': 'b', 'Message-ID': 'forged' },
    attachments: [{ filename: 'a.txt', contentType: null, content: 'aGk=' }],
  });
  assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: 'sg-1' });
  const [request] = provider.server.requests;
  assert.equal(request?.headers.authorization, 'Bearer SG.secret');
  const { notificationId, deliveryId } = sendContext();
  assert.deepEqual(JSON.parse(request?.body ?? ''), {
    personalizations: [
      {
        to: [{ email: 'user@example.com' }],
        cc: [{ email: 'copy@example.com' }],
        bcc: [{ email: 'blind@example.com' }],
      },
    ],
    from: { email: 'news@example.com', name: 'News' },
    reply_to: { email: 'desk@example.com' },
    subject: 'Hello',
    content: [
      { type: 'text/plain', value: 'text' },
      { type: 'text/html', value: '<p>html</p>' },
    ],
    attachments: [{ content: 'aGk=', filename: 'a.txt', disposition: 'attachment' }],
    headers: { 'X-A': 'b', 'Auto-Submitted': 'auto-generated', 'Message-ID': '<m-1@example.com>' },
    custom_args: {
      ...{ notification_id: notificationId, delivery_id: deliveryId, attempt: '1' },
      // Which of the addresses is the recipient's, as each has events of its own.
      recipient: hash('sha256', `${deliveryId}:user@example.com`, 'base64url').slice(0, 16),
    },
  });
});

const problem = (message: string, field: string | null) => ({ errors: [{ message, field, help: null }] });

describe('what SendGrid refuses', () => {
  const table: readonly (readonly [string, number, object, Partial<EmailMessage>, string])[] = [
    ['a bad field', 400, problem('Bad subject', 'subject'), {}, 'rejected message_rejected'],
    ['a bad recipient', 400, problem('Not valid', 'personalizations.0.to.0.email'), {}, 'rejected invalid_recipient'],
    ['a size', 413, problem('Too large', null), {}, 'rejected message_rejected'],
    ['a key', 401, problem('The provided authorization grant is invalid', null), {}, 'deferred provider_misconfigured'],
    ['our sender', 403, problem('Not verified', 'from'), {}, 'deferred provider_misconfigured'],
    ['a chosen sender', 403, problem('No', 'from'), { from: 'me@example.org' }, 'rejected sender_rejected'],
    ['later', 451, {}, {}, 'deferred temporarily_rejected'],
    ['down', 503, {}, {}, 'deferred provider_error'],
    ['too fast', 429, problem('too many requests', null), {}, 'deferred rate_limited'],
  ];
  for (const [name, status, body, message, expected] of table) {
    it(`${name}, ${status}: ${expected}`, async () => {
      await using provider = await opened();
      provider.server.answer(PATH, { status, body });
      const outcome = await provider.send(message);
      assert.equal(outcome.kind === 'accepted' ? 'accepted' : `${outcome.kind} ${outcome.code}`, expected);
    });
  }

  it('a 429 names its time in seconds since the epoch', async () => {
    await using provider = await opened();
    const reset = String(NOW / 1000 + 42);
    provider.server.answer(PATH, { status: 429, headers: { 'X-RateLimit-Reset': reset } });
    const outcome = await provider.send();
    assert.ok(outcome.kind === 'deferred');
    assert.equal(outcome.retryAfterMs, 42_000);
  });
});

it('needs a sender: its own or that of SMTP', () => {
  const faults = (env: Record<string, string>) => {
    const { values } = readSettings(sendgrid.settings, { SENDGRID_API_KEY: 'SG.x', ...env });
    assert.ok(values);
    return sendgrid.check?.(values).map(({ env }) => env);
  };
  assert.deepEqual(faults({}), ['SENDGRID_FROM']);
  assert.deepEqual(faults({ SMTP_FROM: 'a@example.com' }), []);
  assert.deepEqual(faults({ SENDGRID_FROM: 'a@example.com' }), []);
});
