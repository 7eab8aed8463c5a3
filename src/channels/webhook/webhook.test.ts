import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { httpReceiver } from '../../../test/kit/http-receiver.ts';
import { NOW, providerParts, sendContext } from '../../../test/kit/provider-parts.ts';
import { readSettings } from '../../domain/settings.ts';
import { publicAddresses } from '../address-guard.ts';
import { httpClient } from '../http-client.ts';
import { signature, webhook } from './webhook.ts';

const secretOf = (size: number, fill: number) => `whsec_${Buffer.alloc(size, fill).toString('base64')}`;
const [NEW, OLD] = [secretOf(32, 1), secretOf(24, 2)];

async function opened({ secret = `${NEW} ${OLD}`, allowPrivate = 'yes' } = {}) {
  const server = await httpReceiver();
  const http = httpClient({ guard: null, connections: 8, connectTimeout: 5_000 });
  const guardedHttp = httpClient({ guard: publicAddresses(), connections: 8, connectTimeout: 5_000 });
  const { values } = readSettings(webhook.settings, { WEBHOOK_SECRET: secret, WEBHOOK_ALLOW_PRIVATE: allowPrivate });
  assert.ok(values);
  const transport = webhook.open(values, providerParts({ http, guardedHttp }));
  return {
    server,
    transport,
    send: (now = NOW) =>
      transport.send(
        { channel: 'webhook', to: `${server.url}/hook?a=b`, id: 'msg_1', body: '{"a": "ü"}' },
        sendContext({ now }),
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all([http.close(), guardedHttp.close()]);
      await server.close();
    },
  };
}

it('signs as the vector of the specification has it', () => {
  const key = createSecretKey(Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'));
  assert.equal(
    signature(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}'),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

it('sends exactly the bytes it signed, with a signature of each secret', async () => {
  await using provider = await opened();
  // The verifying library compares the time with its own clock.
  assert.deepEqual(await provider.send(Date.now()), { kind: 'accepted', providerMessageId: null });
  const [request] = provider.server.requests;
  assert.ok(request);
  assert.equal(request.path, '/hook?a=b');
  assert.equal(request.headers['content-type'], 'application/json');
  assert.equal(request.headers['webhook-id'], 'msg_1');
  assert.equal(request.headers['webhook-signature']?.split(' ').length, 2);
  for (const secret of [NEW, OLD]) {
    assert.deepEqual(new Webhook(secret).verify(request.body, { ...request.headers }), { a: 'ü' });
  }
  assert.throws(() => new Webhook(secretOf(32, 3)).verify(request.body, { ...request.headers }));
});

describe('an answer', () => {
  const table: readonly (readonly [number, string])[] = [
    [200, 'accepted'],
    [204, 'accepted'],
    [302, 'rejected message_rejected'],
    [400, 'rejected message_rejected'],
    [404, 'rejected message_rejected'],
    [401, 'deferred temporarily_rejected attempt'],
    [403, 'deferred temporarily_rejected attempt'],
    [410, 'rejected endpoint_gone dead'],
    [429, 'deferred rate_limited attempt'],
    ...[500, 502, 503, 504].map((status) => [status, 'deferred provider_error attempt'] as const),
  ];
  for (const [status, expected] of table) {
    it(`${status} is ${expected}`, async () => {
      await using provider = await opened();
      provider.server.answer('/hook', { status, headers: { location: '/elsewhere' } });
      const outcome = await provider.send();
      const dead = outcome.kind === 'rejected' && outcome.recipientDead === true ? ' dead' : '';
      const scope = outcome.kind === 'deferred' ? ` ${outcome.scope}` : '';
      const shown = outcome.kind === 'accepted' ? 'accepted' : `${outcome.kind} ${outcome.code}${scope}${dead}`;
      assert.equal(shown, expected);
      assert.equal(provider.server.requests.length, 1);
    });
  }
});

it('a private address is refused unless that is allowed; one dead endpoint is not the fault of all', async () => {
  await using guarded = await opened({ allowPrivate: 'false' });
  const outcome = await guarded.send();
  assert.ok(outcome.kind === 'rejected');
  assert.equal(outcome.code, 'url_not_allowed');
  assert.equal(guarded.server.requests.length, 0);
  assert.equal(guarded.transport.allowsUrl?.(guarded.server.url), false);
  assert.equal(guarded.transport.allowsUrl?.('https://hooks.example.com/'), true);

  await using open = await opened();
  assert.equal(open.transport.allowsUrl?.(open.server.url), true);
  await open.server.close();
  const dead = await open.send();
  assert.ok(dead.kind === 'deferred');
  assert.deepEqual([dead.code, dead.scope], ['connection_failed', 'attempt']);
});

it('secrets are whsec_ and base64 of 24 to 64 bytes', () => {
  const { parse } = webhook.settings.keys;
  for (const good of [secretOf(24, 0), secretOf(64, 255), `${NEW}  ${OLD}`]) assert.ok(parse(good), good);
  const bad = ['whsec_%', secretOf(23, 1), secretOf(65, 1), NEW.slice(6), `${NEW},${OLD}`, 'whsec_', `${NEW} x`];
  for (const text of bad) assert.equal(parse(text), undefined, text);
  const { faults } = readSettings(webhook.settings, { WEBHOOK_SECRET: 'hunter2' });
  assert.doesNotMatch(JSON.stringify(faults), /hunter2/);
});
