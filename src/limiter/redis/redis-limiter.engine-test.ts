import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { redisServer } from '../../../test/kit/redis.ts';
import { seen } from '../../../test/kit/until.ts';
import { realClock } from '../../domain/clock.ts';
import { openLimiter } from '../../engines.ts';
import type { Limiter } from '../limiter.ts';

const server = await redisServer();
after(() => server.close());

const limit = { count: 50, period: 3_600_000 };

async function open(told: string[] = []): Promise<Limiter> {
  const onAway = () => void told.push('away');
  return openLimiter(limit, server.url, realClock, { onAway, onBack: () => void told.push('back') });
}

async function admittedOf(limiters: readonly Limiter[], who: string, asked: number): Promise<number> {
  const verdicts = await Promise.all(
    Array.from({ length: asked }, async (_, one) => limiters[one % limiters.length]?.take(who)),
  );
  return verdicts.filter((verdict) => verdict?.admitted).length;
}

test('processes that share a Redis admit together what one would, and nothing stays there for longer', async (t) => {
  const told: string[] = [];
  const limiters = await Promise.all([open(told), open(told), open(told)]);
  t.after(() => Promise.all(limiters.map((limiter) => limiter.close())));
  // A machine with too much to do answers too late, and then each counts alone, as it should: that says nothing here.
  const { who, admitted } = await seen(
    async () => {
      const before = told.length;
      const name = `together ${before}`;
      const count = await admittedOf(limiters, name, 300);
      const isTogether = told.length === before && told.filter((one) => one === 'away').length * 2 === before;
      return isTogether ? { who: name, admitted: count } : undefined;
    },
    () => `they never count together: ${told.join()}`,
  );
  assert.equal(admitted, limit.count);
  const refused = await limiters[0]?.take(who);
  assert.equal(refused?.remaining, 0);
  assert.ok(refused !== undefined && refused.retryMs > 60_000 && refused.retryMs <= 72_000, String(refused?.retryMs));
  assert.equal(await admittedOf(limiters, 'another', 1), 1);
  const life = Number(await server.command('PTTL', '{tidings}:rate:another'));
  assert.ok(life > 71_000 && life <= 72_000, String(life));
});

test('a Redis that hangs, dies and comes back costs nobody an answer', async (t) => {
  const told: string[] = [];
  const limiter = await open(told);
  t.after(() => limiter.close());
  assert.equal(await admittedOf([limiter], 'a', 10), 10);
  server.pause();
  const since = performance.now();
  assert.equal(await admittedOf([limiter], 'a', 60), limit.count, 'it counts afresh by itself');
  const took = performance.now() - since;
  assert.ok(took < 1_000, `${took} ms`);
  assert.deepEqual(told, ['away']);
  server.resume();
  await server.stop('SIGKILL');
  assert.equal(await admittedOf([limiter], 'b', 60), limit.count);
  await server.start();
  await seen(
    async () => {
      await limiter.take('c');
      return told.length > 1 || undefined;
    },
    () => `it does not come back: ${told.join()}`,
  );
  assert.deepEqual(told, ['away', 'back']);
});
