import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { StoreUnavailable } from '../store.ts';
import { diskRoom } from './disk-room.ts';

const MEBIBYTE = 1024 * 1024;

/** A disk of so many MiB, and what is told of it. */
function disk(total: number, path = '/data/tidings.db') {
  const clock = new ManualClock();
  const notices: string[] = [];
  const looks: string[] = [];
  const state: { free: number; fault: Error | null } = { free: total, fault: null };
  const room = diskRoom({
    path,
    clock,
    onNotice: (text) => notices.push(text),
    statfs(folder) {
      looks.push(folder);
      if (state.fault !== null) throw state.fault;
      const blocks = BigInt(total * MEBIBYTE) / 4096n;
      return { blocks, bavail: BigInt(state.free * MEBIBYTE) / 4096n, bsize: 4096n };
    },
  });
  return { room, clock, notices, looks, state };
}

describe('the room on a disk', () => {
  for (const [total, reserve] of [
    [1_000_000, 64],
    [256, 64],
    [96, 24],
    // More bytes than a double can count.
    [2 ** 44, 64],
  ] as const) {
    test(`of ${total} MiB is short below ${reserve} MiB`, () => {
      const { room, clock, state } = disk(total);
      state.free = reserve;
      assert.equal(room.shortage(), null);
      state.free = reserve - 1;
      clock.advance(10);
      const shortage = room.shortage();
      assert.ok(shortage instanceof StoreUnavailable && !shortage.overloaded);
      assert.match(shortage.message, new RegExp(`/data has ${reserve - 1} MiB free; below ${reserve} MiB`));
    });
  }

  test('is looked at a hundred times a second at most, and again when the clock was set back', () => {
    const { room, clock, looks, state } = disk(1_000);
    for (let count = 0; count < 1_000; count += 1) {
      room.shortage();
      clock.advance(1);
    }
    assert.equal(looks.length, 100);
    clock.advance(-60_000);
    state.free = 0;
    assert.notEqual(room.shortage(), null);
  });

  test('is told of when it runs out and when it is back, once each', () => {
    const { room, clock, notices, state } = disk(1_000);
    for (const free of [100, 10, 5, 100, 1_000]) {
      state.free = free;
      clock.advance(10);
      room.shortage();
      room.shortage();
    }
    assert.equal(notices.length, 2);
    assert.match(notices[0] ?? '', /has 10 MiB free/);
    assert.match(notices[1] ?? '', /room again/);
  });

  test('is taken for granted where the disk does not say', () => {
    const { room, clock, state } = disk(1_000);
    state.free = 0;
    assert.notEqual(room.shortage(), null);
    state.fault = new Error('gone');
    clock.advance(10);
    assert.equal(room.shortage(), null);
  });

  test('does not matter where there is no file', () => {
    const { room, looks, state } = disk(1_000, ':memory:');
    state.free = 0;
    assert.equal(room.shortage(), null);
    assert.deepEqual(looks, []);
  });
});
