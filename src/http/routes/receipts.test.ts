import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { NOW, sendContext } from '../../../test/kit/provider-parts.ts';
import { sendGridEvent, sendGridSigner, type VendorPost } from '../../../test/kit/receipts.ts';
import { testServer } from '../../../test/kit/test-server.ts';
import { parsePublicKey, readEvents } from '../../channels/email/sendgrid-events.ts';
import type { Receipt } from '../../domain/receipt.ts';
import { localLimiter } from '../../limiter/local/local-limiter.ts';
import type { Received } from '../../pipeline/receive.ts';
import { memoryStore } from '../../store/memory/memory-store.ts';
import { StoreUnavailable } from '../../store/store.ts';
import type { HttpDeps } from '../deps.ts';

const PATH = '/receipts/sendgrid';
const signer = sendGridSigner();
const { deliveryId } = sendContext();
const mail = { args: { delivery_id: deliveryId, attempt: '1' }, messageId: 'sg-1' };
const good = signer.post([sendGridEvent('delivered', mail)]);

type Use = (server: {
  readonly post: (post: VendorPost, over?: { path?: string; from?: string }) => ReturnType<typeof inject>;
  readonly heard: readonly Receipt[];
  readonly other: readonly string[];
}) => Promise<void>;

function inject(app: ReturnType<typeof testServer>['app'], post: VendorPost, path: string, remoteAddress: string) {
  return app.inject({ method: 'POST', url: path, headers: post.headers, payload: post.body, remoteAddress });
}

/** A server that asks clients for keys, which knows SendGrid, and whose pipeline answers as is said. */
async function served(use: Use, answer: () => Promise<Received>, changes: Partial<HttpDeps> = {}): Promise<void> {
  const key = parsePublicKey(signer.publicKey);
  assert.ok(key !== undefined);
  const heard: Receipt[] = [];
  const other: string[] = [];
  const { app } = testServer(memoryStore({ clock: new ManualClock() }), {
    apiKeys: ['key-1'],
    receipts: {
      readers: new Map([['sendgrid', readEvents(key)]]),
      receive(receipt) {
        heard.push(receipt);
        return answer();
      },
      onOther: (...about) => void other.push(about.join(' ')),
    },
    ...changes,
  });
  const post = (one: VendorPost, { path = PATH, from = '192.0.2.1' } = {}) => inject(app, one, path, from);
  try {
    await use({ post, heard, other });
  } finally {
    await app.close();
  }
}

const applied = () => Promise.resolve<Received>('applied');
const code = (answer: Awaited<ReturnType<typeof inject>>) => [answer.statusCode, answer.json<{ code?: string }>().code];

describe('receipts that a vendor brings', () => {
  test('are taken without a key of ours, and answered with what came of them', () =>
    served(async ({ post, heard, other }) => {
      const events = ['delivered', 'open', 'bounce'].map((name) => sendGridEvent(name, mail));
      const foreign = sendGridEvent('delivered', { args: {}, messageId: 'x' });
      const answer = await post(signer.post([...events, foreign]));
      assert.equal(answer.statusCode, 200);
      assert.deepEqual(answer.json(), { applied: 2, stale: 0, unknown: 1, ignored: 1 });
      assert.deepEqual(heard[0], {
        ...{ deliveryId, attempt: 1, channel: 'email', provider: 'sendgrid', messageId: 'sg-1', news: 'delivered' },
      });
      assert.deepEqual(other, ['sendgrid unknown 1', 'sendgrid ignored 1']);
    }, applied));

  test('of messages that are not known are counted, and no reason to tell them again', () =>
    served(
      async ({ post }) => {
        const answer = await post(good);
        assert.deepEqual([answer.statusCode, answer.json()], [200, { applied: 0, stale: 0, unknown: 1, ignored: 0 }]);
      },
      () => Promise.resolve('unknown'),
    ));

  test('are not heard without the signature of the vendor', () =>
    served(async ({ post, heard, other }) => {
      for (const one of [
        { ...good, body: '[]' },
        { ...good, headers: { 'content-type': 'application/json' } },
      ]) {
        assert.deepEqual(code(await post(one)), [403, 'invalid_signature']);
      }
      assert.deepEqual(heard, []);
      assert.deepEqual(other, ['sendgrid forged 1', 'sendgrid forged 1']);
    }, applied));

  test('are asked for again where it is too early for them, or the store is away', async () => {
    const failures: readonly (readonly [string, () => Promise<Received>])[] = [
      ['too_early', () => Promise.resolve('too_early')],
      ['unavailable', () => Promise.reject(new StoreUnavailable('it is away'))],
      ['overloaded', () => Promise.reject(new StoreUnavailable('too much', { overloaded: true }))],
    ];
    for (const [expected, answer] of failures) {
      await served(async ({ post }) => {
        const refused = await post(good);
        assert.deepEqual(code(refused), [503, expected]);
        assert.match(String(refused.headers['retry-after']), /^[1-5]$/);
      }, answer);
    }
  });

  test('are refused where they are none: another form, too many, too large, another method', () =>
    served(async ({ post, heard, other }) => {
      assert.deepEqual(code(await post(signer.post('{}'))), [400, 'bad_request']);
      assert.deepEqual(other, ['sendgrid unreadable 1']);
      const small = { event: 'delivered', delivery_id: deliveryId, attempt: '1' };
      const many = Array.from({ length: 10_000 }, () => small);
      assert.deepEqual(code(await post(signer.post(many))), [413, 'too_large']);
      assert.deepEqual(code(await post(signer.post(many.slice(0, 1_000), '1'))), [200, undefined]);
      assert.equal(heard.length, 1_000);
      assert.deepEqual(code(await post(signer.post(`[${' '.repeat(1_048_576)}]`))), [413, 'too_large']);
      const text = { ...good, headers: { ...good.headers, 'content-type': 'text/plain' } };
      assert.deepEqual(code(await post(text)), [415, 'unsupported_media_type']);
      const packed = { ...good, headers: { ...good.headers, 'content-encoding': 'gzip' } };
      assert.deepEqual(code(await post(packed)), [415, 'unsupported_media_type']);
    }, applied));

  test('are not there for a provider that tells nothing, or of which nothing is set', () =>
    served(async ({ post, heard }) => {
      for (const path of ['/receipts/twilio', '/receipts/smtp', '/receipts/constructor', '/receipts/', '/receipts']) {
        assert.deepEqual(code(await post(good, { path })), [404, 'not_found'], path);
      }
      assert.deepEqual(heard, []);
    }, applied));
});

test('a vendor has no limit, and whoever only says to be one has that of its address', () => {
  const clock = new ManualClock(NOW);
  const limit = { count: 3, period: 60_000 };
  const rateLimits = { limit, limiter: localLimiter(limit, clock), onRefused: () => undefined };
  return served(
    async ({ post }) => {
      const forged = { ...good, body: '[]' };
      for (let n = 0; n < 20; n++) assert.equal((await post(good)).statusCode, 200);
      const answers = [];
      for (let n = 0; n < 5; n++) answers.push((await post(forged)).statusCode);
      assert.deepEqual(answers, [403, 403, 403, 429, 429]);
      assert.equal((await post(good)).statusCode, 200, 'a vendor behind the same proxy is heard all the same');
      assert.equal((await post(forged, { from: '192.0.2.2' })).statusCode, 403, 'another address');
    },
    applied,
    { rateLimits },
  );
});
