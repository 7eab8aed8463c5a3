import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { localLimiter, MOST_CLIENTS } from './local-limiter.ts';

const limit = { count: 3, period: 3_000 };

describe('the limiter of one process', () => {
  test('counts each client by itself', () => {
    const clock = new ManualClock();
    const limiter = localLimiter(limit, clock);
    const take = (who: string) => limiter.take(who).admitted;
    assert.deepEqual(['a', 'a', 'a', 'a', 'b'].map(take), [true, true, true, false, true]);
    clock.advance(999);
    assert.equal(take('a'), false);
    clock.advance(1);
    assert.deepEqual(['a', 'a', 'b'].map(take), [true, false, true]);
  });

  test('does not grow with a million addresses, and remembers those that come again', () => {
    const limiter = localLimiter(limit, new ManualClock());
    for (let one = 0; one < 3; one += 1) limiter.take('busy');
    for (let one = 0; one < 1_000_000; one += 1) {
      limiter.take(`2001:db8:${one.toString(16)}::/64`);
      if (one % 1_000 === 0) assert.equal(limiter.take('busy').admitted, false);
    }
    assert.ok(limiter.size <= MOST_CLIENTS, String(limiter.size));
  });
});
