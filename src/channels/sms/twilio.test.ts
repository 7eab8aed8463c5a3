import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { httpReceiver } from '../../../test/kit/http-receiver.ts';
import { providerParts, sendContext } from '../../../test/kit/provider-parts.ts';
import { readSettings } from '../../domain/settings.ts';
import { httpClient } from '../http-client.ts';
import { twilio } from './twilio.ts';

const PATH = '/2010-04-01/Accounts/AC123/Messages.json';

async function opened(from = '+15005550006', publicUrl: string | null = null) {
  const server = await httpReceiver();
  const http = httpClient({ guard: null, connections: 8, connectTimeout: 5_000 });
  const env = { TWILIO_ACCOUNT_SID: 'AC123', TWILIO_AUTH_TOKEN: 't0ken', TWILIO_FROM_NUMBER: from };
  const { values } = readSettings(twilio.settings, { ...env, TWILIO_BASE_URL: server.url });
  assert.ok(values);
  const transport = twilio.open(values, providerParts({ http, publicUrl }));
  return {
    server,
    send: () => transport.send({ channel: 'sms', to: '+4915112345678', text: 'Grüße & 1+1' }, sendContext()),
    async [Symbol.asyncDispose]() {
      await http.close();
      await server.close();
    },
  };
}

it('posts a form with the account as user, and answers the SID', async () => {
  await using provider = await opened();
  provider.server.answer(PATH, { status: 201, body: { sid: 'SM1', status: 'queued' } });
  assert.deepEqual(await provider.send(), { kind: 'accepted', providerMessageId: 'SM1' });
  const [request] = provider.server.requests;
  assert.equal(request?.headers.authorization, `Basic ${Buffer.from('AC123:t0ken').toString('base64')}`);
  assert.equal(request?.headers['content-type'], 'application/x-www-form-urlencoded');
  const form = Object.fromEntries(new URLSearchParams(request?.body));
  assert.deepEqual(form, { To: '+4915112345678', From: '+15005550006', Body: 'Grüße & 1+1' });
});

it('asks to be told what becomes of it where the world can find this service, and only there', async () => {
  await using provider = await opened(undefined, 'https://tidings.example.com');
  await provider.send();
  const [request] = provider.server.requests;
  const { deliveryId } = sendContext();
  assert.equal(
    new URLSearchParams(request?.body).get('StatusCallback'),
    `https://tidings.example.com/receipts/twilio?delivery=${deliveryId}&attempt=1#rc=5&rp=all`,
  );
  const values = { accountSid: 'AC1', authToken: 't', from: '+1', baseUrl: 'http://127.0.0.1:1' };
  assert.equal(twilio.receipts?.(values, null), null);
  assert.ok(twilio.receipts?.(values, 'https://tidings.example.com'));
});

it('a Messaging Service and a name are senders too', async () => {
  const service = 'MG0123456789abcdef0123456789abcdef';
  for (const [from, field] of [
    [service, 'MessagingServiceSid'],
    ['Tidings', 'From'],
  ] as const) {
    await using provider = await opened(from);
    await provider.send();
    assert.equal(new URLSearchParams(provider.server.requests[0]?.body).get(field), from);
  }
  assert.equal(twilio.settings.from.parse('123'), undefined);
  assert.equal(twilio.settings.from.parse('A name that is long'), undefined);
});

describe('an error', () => {
  const table: readonly (readonly [number, number | null, string])[] = [
    [400, 21211, 'rejected invalid_recipient dead'],
    [400, 21614, 'rejected invalid_recipient dead'],
    [400, 21610, 'rejected recipient_blocked dead'],
    [400, 21612, 'rejected recipient_unreachable'],
    [400, 21408, 'rejected recipient_unreachable'],
    [400, 21617, 'rejected message_rejected'],
    [400, 21606, 'deferred provider_misconfigured'],
    [401, 20003, 'deferred provider_misconfigured'],
    [429, 20429, 'deferred rate_limited'],
    [400, 21611, 'deferred rate_limited'],
    [400, 99999, 'rejected message_rejected'],
    [404, 20404, 'rejected message_rejected'],
    [500, 20500, 'deferred provider_error'],
    [503, null, 'deferred provider_error'],
    [200, null, 'unknown invalid_response'],
  ];
  for (const [status, code, expected] of table) {
    it(`${status} with code ${code} is ${expected}`, async () => {
      await using provider = await opened();
      provider.server.answer(PATH, { status, body: code === null ? '<html>' : { code, message: 'Words', status } });
      const outcome = await provider.send();
      const dead = outcome.kind === 'rejected' && outcome.recipientDead === true ? ' dead' : '';
      assert.equal(outcome.kind === 'accepted' ? 'accepted' : `${outcome.kind} ${outcome.code}${dead}`, expected);
      assert.doesNotMatch(JSON.stringify(outcome), /t0ken/);
    });
  }
});
