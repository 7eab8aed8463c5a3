import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { localLimiter } from '../local/local-limiter.ts';
import { redisLimiter } from './redis-limiter.ts';

const limit = { count: 2, period: 2_000 };

function scripted() {
  const clock = new ManualClock();
  const told: string[] = [];
  const calls: (readonly string[])[] = [];
  let answer: (keys: readonly string[]) => Promise<unknown> = (keys) => Promise.resolve(keys.map(() => 1_000_000));
  const limiter = redisLimiter({
    limit,
    clock,
    local: localLimiter(limit, clock),
    evaluate(_script, keys) {
      calls.push(keys);
      return answer(keys);
    },
    onAway: () => told.push('away'),
    onBack: () => told.push('back'),
    close: () => Promise.resolve(),
  });
  return {
    clock,
    told,
    calls,
    limiter,
    answers: (next: typeof answer) => {
      answer = next;
    },
  };
}

describe('the limiter of many processes', () => {
  test('asks for all that came meanwhile in one call', async () => {
    const { limiter, calls } = scripted();
    const verdicts = await Promise.all(['a', 'b', 'c'].map(async (who) => limiter.take(who)));
    assert.deepEqual(calls, [['{tidings}:rate:a'], ['{tidings}:rate:b', '{tidings}:rate:c']]);
    assert.deepEqual(verdicts[0], { admitted: true, remaining: 1, resetMs: 1_000, retryMs: 0 });
  });

  test('asks again for one that comes while the last answer is given', async () => {
    const { limiter, calls } = scripted();
    for (const who of ['a', 'b', 'c']) await limiter.take(who);
    await Promise.all(['d', 'e'].map(async (who) => limiter.take(who)));
    await limiter.take('f');
    assert.equal(calls.length, 6);
  });

  test('counts by itself while Redis is away, and says so once', async () => {
    const { limiter, calls, told, clock, answers } = scripted();
    answers(() => Promise.reject(new Error('away')));
    const admitted = async () => (await limiter.take('a')).admitted;
    assert.deepEqual([await admitted(), await admitted(), await admitted()], [true, true, false]);
    assert.equal(calls.length, 1);
    clock.advance(1_000);
    assert.equal(await admitted(), true);
    assert.deepEqual([calls.length, told], [2, ['away']]);
    answers((keys) => Promise.resolve(keys.map(() => -2_000_000)));
    clock.advance(1_000);
    assert.equal(await admitted(), false);
    assert.deepEqual(told, ['away', 'back']);
  });

  test('waits for a Redis that hangs no longer than a moment', async () => {
    const { limiter, told, clock, answers } = scripted();
    answers(() => new Promise(() => {}));
    const waiting = limiter.take('a');
    clock.advance(100);
    assert.equal((await waiting).admitted, true);
    assert.deepEqual(told, ['away']);
  });

  test('does not believe an answer that is none', async () => {
    for (const answer of [null, [], ['1'], [1, 2], [Number.NaN]]) {
      const { limiter, told, answers } = scripted();
      answers(() => Promise.resolve(answer));
      assert.equal((await limiter.take('a')).remaining, 1);
      assert.deepEqual(told, ['away']);
    }
  });
});
