import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../../test/kit/virtual-time.ts';
import { createSlots, type InHand, type Slots } from './slots.ts';

/** Whether it has come after the turn in which it could. */
async function hasCome(time: VirtualTime, promise: Promise<unknown>): Promise<boolean> {
  let has = false;
  const wait = async () => {
    await promise;
    has = true;
  };
  void wait();
  await time.run(0);
  return has;
}

function enter(slots: Slots, asked: number, count: number, use: (place: InHand) => void = () => {}): InHand[] {
  const places: InHand[] = [];
  slots.admit(asked, () => {
    for (let n = 0; n < count; n++) {
      const place = slots.enter(false);
      use(place);
      places.push(place);
    }
    return places;
  });
  slots.release(asked);
  return places;
}

test('reserves for two who look for room what there is, and no more', async () => {
  const time = new VirtualTime();
  const slots = createSlots(time, 10);
  assert.equal(await time.until(slots.reserve(7)), 7);
  assert.equal(await time.until(slots.reserve(100)), 3);
  const third = slots.reserve(100);
  assert.ok(!(await hasCome(time, third)));
  slots.release(7);
  assert.equal(await time.until(third), 7);
});

test('hands a slot that is given back to the one who has waited longest, once', async () => {
  const time = new VirtualTime();
  const slots = createSlots(time, 2);
  const [first, second, third, fourth] = enter(slots, 4, 4);
  assert.ok(first?.turn === null && second?.turn === null && third?.turn && fourth?.turn);
  first.freeSlot();
  first.freeSlot();
  assert.ok(await hasCome(time, third.turn));
  assert.ok(!(await hasCome(time, fourth.turn)));
  first.leave();
  assert.ok(!(await hasCome(time, fourth.turn)), 'its slot was given back already');
  assert.equal(slots.free(), 0);
  slots.open();
  assert.ok(await hasCome(time, fourth.turn));
});

test('lets as many more be asked for as are free soon, who wait for those slots if they come before', async () => {
  const time = new VirtualTime();
  const slots = createSlots(time, 3);
  const [first, second] = enter(slots, await time.until(slots.reserve(3)), 3);
  const asked = slots.reserve(100);
  assert.ok(!(await hasCome(time, asked)));
  first?.freeSlotSoon();
  second?.freeSlotSoon();
  second?.freeSlotSoon();
  assert.equal(await time.until(asked), 2);
  assert.ok(!(await hasCome(time, slots.reserve(100))), 'they are spoken for');
  assert.ok(!(await hasCome(time, slots.some())), 'none is free now');
  first?.leave();
  const [fourth, fifth] = enter(slots, 2, 2);
  assert.equal(fourth?.turn, null);
  assert.ok(fifth?.turn && !(await hasCome(time, fifth.turn)));
  second?.leave();
  assert.ok(await hasCome(time, fifth.turn));
  assert.equal(slots.free(), 0);
});

test('has eight times as many in hand as slots of those who give theirs back at once, and begins anew with the first who does not', async () => {
  const time = new VirtualTime();
  const slots = createSlots(time, 10);
  const asked: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const room = await time.until(slots.reserve(1_000));
    asked.push(room);
    for (const place of enter(slots, room, room, ({ freeSlot }) => freeSlot())) place.leave();
  }
  assert.deepEqual(asked, [10, 20, 40, 40]);
  const [held] = enter(slots, await time.until(slots.reserve(1_000)), 1);
  assert.equal(await time.until(slots.reserve(1_000)), 9);
  const gone = slots.empty();
  assert.ok(!(await hasCome(time, gone)));
  held?.leave();
  assert.ok(await hasCome(time, gone));
});

test('makes nobody wait who is not going to call anybody, and has its slots back after that', () => {
  const slots = createSlots(new VirtualTime(), 1);
  const [held] = enter(slots, 1, 1);
  const passing = slots.enter(true);
  assert.equal(passing.turn, null);
  passing.leave();
  assert.equal(slots.free(), 0);
  held?.leave();
  assert.equal(slots.free(), 1);
});
