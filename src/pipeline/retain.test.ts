import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualTime } from '../../test/kit/virtual-time.ts';
import type { TripEvent } from '../domain/events.ts';
import type { NotificationId } from '../domain/ids.ts';
import { pause } from '../domain/pause.ts';
import type { Retention } from '../domain/retention.ts';
import { StoreUnavailable } from '../store/store.ts';
import { COUNTERS_KEPT, createRetainer, type RetainDeps } from './retain.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A store of which it is only seen what is asked of it; `looks` are the answers to looks at notifications. */
function bed(retention: Retention, looks: readonly number[] = [], took = 0) {
  const time = new VirtualTime();
  const start = time.now();
  const asked: { readonly at: number; readonly what: string; readonly how: object }[] = [];
  const events: TripEvent[] = [];
  const left = [...looks];
  const faults: Error[] = [];
  const ask = async (what: string, how: object) => {
    asked.push({ at: time.now() - start, what, how });
    const fault = faults.shift();
    if (fault !== undefined) throw fault;
  };
  const store: RetainDeps['store'] = {
    async forget(request) {
      await ask('forget', request);
      await pause(time, took);
      const notifications = left.shift() ?? 0;
      return { notifications, next: left.length === 0 ? null : (`after ${left.length}` as NotificationId) };
    },
    async forgetCaught(before, limit) {
      await ask('caught', { before: before - start, limit });
      return 0;
    },
    async forgetCounters(minute, limit) {
      await ask('counters', { ago: Math.floor(time.now() / MINUTE) - minute, limit });
      return asked.filter(({ what }) => what === 'counters').length === 1 ? limit : 0;
    },
  };
  const retainer = createRetainer({
    store,
    clock: time,
    random: () => 0,
    emit: (event) => events.push(event),
    retention,
  });
  return { time, start, asked, events, faults, retainer, whats: () => asked.map(({ what }) => what) };
}

describe('retention', () => {
  test('begins a minute after the start, follows the looks to their end, and comes again after an hour', async () => {
    const { time, start, asked, events, retainer } = bed({ sent: DAY, failed: 3 * DAY }, [5, 0, 7]);
    retainer.start();
    await time.run(MINUTE + 1_000);
    const before = { sent: start + MINUTE - DAY, failed: start + MINUTE - 3 * DAY };
    assert.deepEqual(
      asked.map(({ what, how }) => [what, how]),
      [
        ['forget', { endedBefore: before, after: null, rows: 500 }],
        ['forget', { endedBefore: before, after: 'after 2', rows: 500 }],
        ['forget', { endedBefore: before, after: 'after 1', rows: 500 }],
        ['caught', { before: MINUTE - DAY, limit: 500 }],
        ['counters', { ago: COUNTERS_KEPT, limit: 500 }],
        ['counters', { ago: COUNTERS_KEPT, limit: 500 }],
      ],
    );
    assert.equal(asked[0]?.at, MINUTE);
    assert.deepEqual(events, [{ type: 'forgotten', notifications: 12 }]);
    asked.splice(0);
    await time.run(HOUR);
    await retainer.stop();
    assert.deepEqual([asked[0]?.what, events.length], ['forget', 1]);
  });

  test('deletes nothing but old figures where it is not set', async () => {
    const { time, retainer, whats } = bed({});
    retainer.start();
    await time.run(2 * MINUTE);
    await retainer.stop();
    assert.deepEqual(whats(), ['counters', 'counters']);
  });

  test('leaves the store to others for four times as long as it took', async () => {
    const { time, asked, retainer } = bed({ sent: DAY }, [1, 1, 1], 100);
    retainer.start();
    await time.run(2 * MINUTE);
    await retainer.stop();
    assert.deepEqual(
      asked.slice(0, 3).map(({ at }) => at - MINUTE),
      [0, 500, 1_000],
    );
  });

  test('tells a fault and tries again after a minute', async () => {
    const { time, events, faults, retainer, whats } = bed({ sent: DAY }, [4]);
    faults.push(new StoreUnavailable('away'));
    retainer.start();
    await time.run(MINUTE + 1_000);
    assert.deepEqual(whats(), ['forget']);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['fault'],
    );
    await time.run(MINUTE);
    await retainer.stop();
    assert.deepEqual(
      events.map(({ type }) => type),
      ['fault', 'forgotten'],
    );
  });

  test('stops in the middle of a pass, and stays stopped', async () => {
    const { time, retainer, whats } = bed({ sent: DAY }, [1, 1, 1, 1, 1, 1]);
    retainer.start();
    await time.run(MINUTE);
    assert.deepEqual(whats(), ['forget']);
    await retainer.stop();
    retainer.start();
    assert.deepEqual([whats(), time.pending], [['forget'], 0]);
  });
});
