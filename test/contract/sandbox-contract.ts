import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  type NewSandboxMessage,
  SANDBOX_KEEPS,
  type SandboxFilter,
  type SandboxStore,
} from '../../src/store/sandbox.ts';
import { builders } from '../kit/builders.ts';
import type { ManualClock } from '../kit/manual-clock.ts';
import { walk } from './store/store-kit.ts';

/** An empty sandbox; what it needs afterwards it arranges with `t.after`. */
export type OpenSandbox = (t: TestContext) => Promise<{ readonly store: SandboxStore; readonly clock: ManualClock }>;

const ALL = { limit: 100, after: null };

/** What every store of caught messages must do, whatever it is made of. */
export function sandboxContract(name: string, open: OpenSandbox): void {
  describe(`the ${name} sandbox`, () => {
    test('shows what it caught as it was, newest first, under numbers that grow', async (t) => {
      const { store, make } = await sandboxKit(t, open);
      const message = { to: ['é🪄'], nested: { a: [null, 1.5, {}] }, subject: '"%\n' };
      const caught = [make.sandboxMessage({ message, channel: 'in_app', to: 'Käthe 🪄' }), make.sandboxMessage()];
      await store.addToSandbox(caught);
      await store.addToSandbox([make.sandboxMessage({ to: 'last@example.com' })]);
      const { items, next } = await store.listSandbox({}, ALL);
      assert.equal(next, null);
      const [last, second, first] = items;
      assert.ok(last && second && first);
      assert.equal(last.to, 'last@example.com');
      const withoutId = [first, second].map(({ id: _id, ...rest }) => rest);
      assert.deepEqual(withoutId, caught);
      assert.ok(last.id > second.id && second.id > first.id);
    });

    test('keeps every repeat of a delivery: each one is a send', async (t) => {
      const { store, make } = await sandboxKit(t, open);
      const message = make.sandboxMessage();
      await store.addToSandbox([message]);
      await store.addToSandbox([message]);
      assert.equal((await store.listSandbox({}, ALL)).items.length, 2);
    });

    test('finds by channel, address and notification', async (t) => {
      const { store, make } = await sandboxKit(t, open);
      const a = make.sandboxMessage();
      const b = make.sandboxMessage({ channel: 'sms', to: '+12025550100' });
      const c = make.sandboxMessage({ channel: 'sms', to: '+12025550101', notificationId: a.notificationId });
      await store.addToSandbox([a, b, c]);
      const found = async (filter: SandboxFilter) =>
        (await store.listSandbox(filter, ALL)).items.map((message) => message.to);
      assert.deepEqual(await found({ channel: 'sms' }), [c.to, b.to]);
      assert.deepEqual(await found({ to: b.to }), [b.to]);
      assert.deepEqual(await found({ notificationId: a.notificationId }), [c.to, a.to]);
      assert.deepEqual(await found({ notificationId: a.notificationId, channel: 'email' }), [a.to]);
      assert.deepEqual(await found({ channel: 'push' }), []);
      assert.deepEqual(await found({ to: '+1202555010' }), []);
    });

    test('finds a part of the address or of what a person reads, ASCII letters in either case', async (t) => {
      const { store, make } = await sandboxKit(t, open);
      const mail = make.sandboxMessage({
        message: { subject: 'Your Order', text: 'Tomorrow', html: '<b>order-9</b>' },
      });
      const sms = make.sandboxMessage({ channel: 'sms', to: '+12025550100', message: { text: 'Käthe: 100 % off_er' } });
      const push = make.sandboxMessage({
        channel: 'push',
        to: 'user-7',
        message: { title: 'ORDER', body: 'B"ody', a: 1 },
      });
      await store.addToSandbox([mail, sms, push]);
      const found = async (text: string, filter: SandboxFilter = {}) =>
        (await store.listSandbox({ ...filter, text }, ALL)).items.map((message) => message.to);
      assert.deepEqual(await found('oRDEr'), [push.to, mail.to]);
      assert.deepEqual(await found('order', { channel: 'email' }), [mail.to]);
      assert.deepEqual(await found('ORDER-9'), []);
      assert.deepEqual(await found('subject'), []);
      assert.deepEqual(await found('% off_'), [sms.to]);
      assert.deepEqual(await found('100_%'), []);
      assert.deepEqual(await found('KÄTHE'), []);
      assert.deepEqual(await found('b"O'), [push.to]);
      assert.deepEqual(await found('5550100'), [sms.to]);
    });

    test('forgets everything when it is cleared, and goes on to catch', async (t) => {
      const { store, make } = await sandboxKit(t, open);
      await store.addToSandbox([make.sandboxMessage(), make.sandboxMessage()]);
      const [before] = (await store.listSandbox({}, ALL)).items;
      await store.clearSandbox();
      assert.deepEqual(await store.listSandbox({}, ALL), { items: [], next: null });
      await store.clearSandbox();
      await store.addToSandbox([make.sandboxMessage({ to: 'after@example.com' })]);
      const { items } = await store.listSandbox({}, ALL);
      assert.deepEqual(addresses(items), ['after@example.com']);
      assert.ok(before !== undefined && items[0] !== undefined && items[0].id > before.id);
    });

    for (const limit of [1, 3, 8, 100]) {
      test(`is walked exactly once with ${limit} a page, while more is caught`, async (t) => {
        const { store, make } = await sandboxKit(t, open);
        const caught = Array.from({ length: 8 }, (_, n) => make.sandboxMessage({ to: `${n}` }));
        await store.addToSandbox(caught);
        const all = await walk(async (after) => {
          const page = await store.listSandbox({}, { limit, after });
          assert.ok(page.items.length <= limit);
          await store.addToSandbox([make.sandboxMessage({ to: 'later' })]);
          return page;
        });
        assert.deepEqual(addresses(all), addresses(caught).toReversed());
      });
    }

    test(`keeps the newest ${SANDBOX_KEEPS}`, async (t) => {
      const { store, make } = await sandboxKit(t, open);
      const message = make.sandboxMessage();
      for (let sent = 0; sent < SANDBOX_KEEPS + 500; sent += 500) {
        await store.addToSandbox(Array.from({ length: 500 }, (_, n) => ({ ...message, to: `${sent + n}` })));
      }
      const all = await walk((after) => store.listSandbox({}, { limit: 1000, after }));
      assert.equal(all.length, SANDBOX_KEEPS);
      assert.equal(all[0]?.to, `${SANDBOX_KEEPS + 499}`);
      assert.equal(all.at(-1)?.to, '500');
    });
  });
}

async function sandboxKit(t: TestContext, open: OpenSandbox) {
  const { store, clock } = await open(t);
  return { store, make: builders(() => clock.now()) };
}

function addresses(messages: readonly NewSandboxMessage[]): string[] {
  return messages.map((message) => message.to);
}
