import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { httpReceiver } from '../../../test/kit/http-receiver.ts';
import { providerParts, sendContext } from '../../../test/kit/provider-parts.ts';
import { readSettings } from '../../domain/settings.ts';
import { httpClient } from '../http-client.ts';
import type { TelegramMessage } from '../provider.ts';
import { bot } from './bot.ts';

const TOKEN = '123456:AAH-secret_token';
const PATH = `/bot${TOKEN}/sendMessage`;

async function opened() {
  const server = await httpReceiver();
  const http = httpClient({ guard: null, connections: 8, connectTimeout: 5_000 });
  const { values } = readSettings(bot.settings, { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_BASE_URL: server.url });
  assert.ok(values);
  const transport = bot.open(values, providerParts({ http }));
  const message: TelegramMessage = { channel: 'telegram', to: '42', text: 'Hello', parseMode: null, silent: false };
  return {
    server,
    send: (given: Partial<TelegramMessage> = {}) => transport.send({ ...message, ...given }, sendContext()),
    async [Symbol.asyncDispose]() {
      await http.close();
      await server.close();
    },
  };
}

const taken = { body: { ok: true, result: { message_id: 7 } } };

it('sends the text to the chat', async () => {
  await using provider = await opened();
  provider.server.always(PATH, taken);
  assert.deepEqual(await provider.send(), { kind: 'accepted', providerMessageId: '7' });
  await provider.send({ to: '@channel', parseMode: 'HTML', silent: true });
  assert.deepEqual(
    provider.server.requests.map(({ body }): unknown => JSON.parse(body)),
    [
      { chat_id: '42', text: 'Hello' },
      { chat_id: '@channel', text: 'Hello', parse_mode: 'HTML', disable_notification: true },
    ],
  );
});

describe('a refusal', () => {
  const table: readonly (readonly [number, string, object, string])[] = [
    [400, 'Bad Request: chat not found', {}, 'rejected invalid_recipient'],
    [400, "Bad Request: can't parse entities", {}, 'rejected message_rejected'],
    [401, 'Unauthorized', {}, 'deferred provider_misconfigured'],
    [404, 'Not Found', {}, 'deferred provider_misconfigured'],
    [403, 'Forbidden: bot was blocked by the user', {}, 'rejected recipient_blocked dead'],
    [429, 'Too Many Requests', { parameters: { retry_after: 31 } }, 'deferred rate_limited 31000'],
    [429, 'Too Many Requests', {}, 'deferred rate_limited 5000'],
    [500, 'Internal', {}, 'deferred provider_error'],
  ];
  for (const [code, description, more, expected] of table) {
    it(`${code} ${description} ${JSON.stringify(more)} is ${expected}`, async () => {
      await using provider = await opened();
      provider.server.answer(PATH, { status: code, body: { ok: false, error_code: code, description, ...more } });
      const outcome = await provider.send();
      assert.ok(outcome.kind !== 'accepted');
      const dead = outcome.kind === 'rejected' && outcome.recipientDead === true ? ' dead' : '';
      const wait = outcome.kind === 'deferred' && outcome.retryAfterMs !== undefined ? ` ${outcome.retryAfterMs}` : '';
      assert.equal(`${outcome.kind} ${outcome.code}${dead}${wait}`, expected);
    });
  }

  it('a page instead of JSON is a fault of the server, or unknown where it looks like success', async () => {
    await using provider = await opened();
    provider.server.answer(PATH, { status: 502, body: '<html>' }, { status: 200, body: '<html>' });
    const [down, odd] = [await provider.send(), await provider.send()];
    assert.ok(down.kind === 'deferred' && odd.kind === 'unknown');
    assert.deepEqual([down.code, odd.code], ['provider_error', 'invalid_response']);
  });
});

it('a group that moved is sent to at its new id, once', async () => {
  await using provider = await opened();
  const moved = {
    status: 400,
    body: { ok: false, error_code: 400, description: 'Bad Request', parameters: { migrate_to_chat_id: -1009 } },
  };
  provider.server.answer(PATH, moved, taken, moved, moved);
  assert.equal((await provider.send()).kind, 'accepted');
  assert.match(provider.server.requests[1]?.body ?? '', /"-1009"/);
  assert.equal((await provider.send()).kind, 'rejected');
  assert.equal(provider.server.requests.length, 4);
});

it('a text that is too long is refused without a call, but with markup only Telegram can tell', async () => {
  await using provider = await opened();
  provider.server.always(PATH, taken);
  const outcome = await provider.send({ text: 'x'.repeat(4097) });
  assert.ok(outcome.kind === 'rejected' && outcome.code === 'message_rejected');
  assert.equal(provider.server.requests.length, 0);
  assert.equal((await provider.send({ text: 'x'.repeat(4096) })).kind, 'accepted');
  assert.equal((await provider.send({ text: 'x'.repeat(4097), parseMode: 'HTML' })).kind, 'accepted');
});

it('the token, which is part of the URL, is in no outcome of a failed exchange', async () => {
  await using provider = await opened();
  provider.server.answer(PATH, (response) => response.destroy());
  const outcomes = [await provider.send()];
  await provider.server.close();
  outcomes.push(await provider.send());
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['unknown', 'deferred'],
  );
  assert.doesNotMatch(JSON.stringify(outcomes), /secret_token/);
});
