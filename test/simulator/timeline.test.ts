import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Seeded } from './seeded.ts';
import { type Owner, Standstill, Timeline } from './timeline.ts';

const never = () => false;

function timeline(seed = 'a') {
  return new Timeline(new Seeded(seed), 1_000);
}

describe('the timeline', () => {
  test('goes on in order of time, and lets promises settle in between', async () => {
    const time = timeline();
    const seen: string[] = [];
    time.after(20, null, () => seen.push(`late ${time.now()}`));
    time.after(10, null, () => {
      seen.push(`early ${time.now()}`);
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => seen.push(`hangs on it ${time.now()}`));
    });
    await time.run(100, never);
    assert.deepEqual(seen, ['early 1010', 'hangs on it 1010', 'late 1020']);
    assert.equal(time.now(), 1_100);
  });

  test('orders what happens at one instant by the seed alone, and every order comes up', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const order = await orderOf(String(seed));
      assert.equal(await orderOf(String(seed)), order);
      orders.add(order);
    }
    assert.equal(orders.size, 6);
  });

  async function orderOf(seed: string): Promise<string> {
    const time = timeline(seed);
    let order = '';
    for (const name of ['a', 'b', 'c']) time.after(5, null, () => (order += name));
    await time.run(10, never);
    return order;
  }

  test('leaves out the steps of the dead, and holds those of who stands still', async () => {
    const time = timeline();
    const seen: string[] = [];
    const dead: Owner = { alive: false, heldUntil: 0 };
    const held: Owner = { alive: true, heldUntil: 1_050 };
    time.after(1, dead, () => seen.push('dead'));
    time.after(1, held, () => seen.push(`held ${time.now()}`));
    await time.run(100, never);
    assert.deepEqual(seen, ['held 1050']);
  });

  test('takes back what was set', async () => {
    const time = timeline();
    const cancel = time.after(1, null, () => assert.fail('it was taken back'));
    cancel();
    await time.run(10, never);
  });

  test('stops as soon as it is over, and can go on', async () => {
    const time = timeline();
    let count = 0;
    for (let ms = 1; ms <= 3; ms++) time.after(ms, null, () => count++);
    await time.run(10, () => count === 2);
    assert.equal(count, 2);
    await time.run(10, never);
    assert.equal(count, 3);
  });

  test('fails where something goes round and lets no time pass', async () => {
    const time = timeline();
    const again = () => void time.after(0, null, again);
    again();
    await assert.rejects(time.run(1, never), Standstill);
  });
});
