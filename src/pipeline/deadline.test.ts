import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, deferred } from '../../test/kit/scripted-channels.ts';
import { VirtualTime } from '../../test/kit/virtual-time.ts';
import type { TripEvent } from '../domain/events.ts';
import type { Outcome } from '../domain/outcome.ts';
import { callWithDeadline } from './deadline.ts';

const TIMEOUT = 10_000;

describe('a call', () => {
  test('that answers in time gives its outcome, and leaves no alarm behind', async () => {
    const { time, call } = open();
    const answer = call(() => new Promise((resolve) => void time.after(9_999, () => resolve(accepted('m-1')))));
    assert.deepEqual(await time.until(answer), accepted('m-1'));
    assert.equal(time.pending, 0);
  });

  test('sees its signal when its time is over, not before', async () => {
    const { time, call } = open();
    let signal: AbortSignal | undefined;
    const answer = call((given) => {
      signal = given;
      return new Promise(() => {});
    });
    await time.run(TIMEOUT - 1);
    assert.equal(signal?.aborted, false);
    await time.run(1);
    assert.equal(signal.aborted, true);
    await time.until(answer);
  });

  test('has a quarter of a second for its last word', async () => {
    const { time, call } = open();
    const answer = call(() => new Promise((resolve) => void time.after(TIMEOUT + 249, () => resolve(deferred()))));
    assert.deepEqual(await time.until(answer), deferred());
  });

  test('that does not heed its signal is left behind as unknown, and what it says later is not heard', async () => {
    const { time, call } = open();
    const start = time.now();
    const answer = call(() => new Promise((resolve) => void time.after(60_000, () => resolve(accepted()))));
    const timeout = { kind: 'unknown', code: 'timeout', detail: 'no answer within 10000 ms' };
    assert.deepEqual(await time.until(answer), timeout);
    assert.equal(time.now() - start, TIMEOUT + 250);
    await time.run(60_000);
    assert.deepEqual(await answer, timeout);
    assert.equal(time.pending, 0);
  });

  for (const [what, send] of [
    [
      'throws at once',
      () => {
        throw new RangeError('a secret in a message');
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('a secret in a message'))],
  ] satisfies [string, () => Promise<Outcome>][]) {
    test(`that ${what} is a bug: unknown, told as a fault, and its message stays out of the log of attempts`, async () => {
      const { call, events } = open();
      assert.deepEqual(await call(send), { kind: 'unknown', code: 'provider_bug', detail: 'RangeError' });
      assert.deepEqual(
        events.map((event) => event.type === 'fault' && [event.where, event.error instanceof RangeError]),
        [['provider', true]],
      );
    });
  }

  test('that throws after it was left behind is still told as a fault', async () => {
    const { time, call, events } = open();
    const answer = call(
      () => new Promise((_, reject) => void time.after(60_000, () => reject(new TypeError('too late')))),
    );
    assert.equal((await time.until(answer)).kind, 'unknown');
    await time.run(60_000);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['fault'],
    );
  });
});

function open() {
  const time = new VirtualTime();
  const events: TripEvent[] = [];
  const deps = { clock: time, emit: (event: TripEvent) => void events.push(event), sendTimeout: TIMEOUT };
  return { time, events, call: (send: (signal: AbortSignal) => Promise<Outcome>) => callWithDeadline(deps, send) };
}
