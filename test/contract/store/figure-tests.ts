import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Store, StoreUnavailable } from '../../../src/store/store.ts';
import { attempt } from '../../kit/builders.ts';
import { ACCEPTED, HOUR, LEASE, MINUTE, next, type OpenStore, storeKit } from './store-kit.ts';

export function figureTests(open: OpenStore): void {
  describe('the next due time', () => {
    test('is null where nothing waits, before anything came and after all is finished', async (t) => {
      const { store, make, accept, send } = await storeKit(t, open);
      assert.equal(await store.nextDueAt(), null);
      const parcel = make.parcel();
      await accept(parcel);
      await send(parcel);
      assert.equal(await store.nextDueAt(), null);
    });

    for (const priority of ['high', 'normal', 'low'] as const) {
      test(`is the earliest of what is due or scheduled, and not of what is leased, at priority ${priority}`, async (t) => {
        const { store, clock, make, accept, claimDue, state, move } = await storeKit(t, open);
        const scheduled = make.parcel({ priority, sendAt: clock.now() + HOUR });
        await accept(scheduled);
        assert.equal(await store.nextDueAt(), clock.now() + HOUR);
        const sooner = make.parcel({ sendAt: clock.now() + MINUTE });
        await accept(sooner);
        assert.equal(await store.nextDueAt(), clock.now() + MINUTE);
        await move(await state(sooner), { type: 'cancel' });
        assert.equal(await store.nextDueAt(), clock.now() + HOUR);
        const due = make.parcel({ priority }, [{ dueAt: clock.now() - 5 }]);
        await accept(due);
        assert.equal(await store.nextDueAt(), clock.now() - 5);
        await claimDue();
        assert.equal(await store.nextDueAt(), clock.now() + HOUR);
        clock.advance(2 * LEASE);
        assert.equal((await store.expiredLeases(1)).length, 1);
        assert.equal(await store.nextDueAt(), clock.now() - 2 * LEASE + HOUR);
      });
    }
  });

  describe('figures', () => {
    test('count what was accepted, what is unfinished and what has finished', async (t) => {
      const kit = await storeKit(t, open);
      const start = kit.clock.now();
      const parcels = Array.from({ length: 6 }, () => kit.make.parcel());
      const later = kit.make.parcel({ sendAt: start + HOUR });
      const doomed = kit.make.parcel({}, [{ chain: ['sms'], unaddressed: ['sms'] }, {}]);
      await kit.accept(...parcels, later, doomed);
      await kit.send(...parcels.slice(0, 2));
      await kit.fail(...parcels.slice(2, 3));
      await kit.claimDue(2);
      const stats = await kit.store.stats(start);
      assert.equal(stats.accepted, 8);
      assert.deepEqual(stats.byStatus, { sending: 2, pending: 2, scheduled: 1, sent: 2, failed: 2 });
      assert.deepEqual(stats.byChannel, { email: 2 });
      assert.deepEqual(stats.byProvider, { smtp: 2 });
    });

    test('count accepted attempts by channel and provider, whatever their names', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      await accept(make.parcel({}, [{ chain: ['telegram'] }]), make.parcel(), make.parcel());
      const claims = await claimDue();
      const log = [
        attempt({ channel: 'telegram', provider: 'telegram' }),
        attempt({ channel: 'email', provider: 'constructor' }),
        attempt({ outcome: 'deferred', code: 'provider_error' }),
      ];
      const groups = claims.map(({ delivery }, index) => [
        { after: next(delivery, ACCEPTED, clock.now()), attempts: log.slice(index, index + 1) },
      ]);
      assert.deepEqual(await store.write(groups), [true, true, true]);
      const { byChannel, byProvider } = await store.stats(clock.now());
      assert.deepEqual(byChannel, { telegram: 1, email: 1 });
      assert.deepEqual(byProvider, { telegram: 1, constructor: 1 });
    });

    test('come by the minute, oldest first, minutes in which nothing happened left out', async (t) => {
      const kit = await storeKit(t, open);
      const start = kit.clock.now() - (kit.clock.now() % MINUTE);
      const [a, b, c] = [kit.make.parcel(), kit.make.parcel(), kit.make.parcel()];
      await kit.accept(a, b);
      await kit.send(a);
      kit.clock.advance(3 * MINUTE);
      await kit.accept(c);
      await kit.fail(b, c);
      const { series } = await kit.store.stats(0);
      assert.deepEqual(series, [
        { minute: start, accepted: 2, sent: 1, failed: 0 },
        { minute: start + 3 * MINUTE, accepted: 1, sent: 0, failed: 2 },
      ]);
    });

    test('since a time leave out what was before, but not what is still unfinished', async (t) => {
      const kit = await storeKit(t, open);
      const [sent, waiting] = [kit.make.parcel(), kit.make.parcel()];
      await kit.accept(sent, waiting);
      await kit.send(sent);
      kit.clock.advance(HOUR);
      const stats = await kit.store.stats(kit.clock.now());
      assert.deepEqual(stats, { accepted: 0, byStatus: { pending: 1 }, byChannel: {}, byProvider: {}, series: [] });
    });

    test('count neither what was refused nor what was replayed', async (t) => {
      const { store, clock, make, claimDue, move } = await storeKit(t, open);
      await store.accept([make.submission([make.parcel()], {}), make.submission([make.parcel()], {})]);
      const [claim] = await claimDue();
      assert.ok(claim);
      await move(claim.delivery, ACCEPTED, [attempt()]);
      const late = next(claim.delivery, ACCEPTED, clock.now());
      assert.deepEqual(await store.write([[{ after: late, attempts: [attempt({ number: 2 })] }]]), [false]);
      const stats = await store.stats(0);
      assert.equal(stats.accepted, 1);
      assert.deepEqual(stats.byStatus, { sent: 1 });
      assert.deepEqual(stats.byProvider, { smtp: 1 });
    });

    test('count what was told to be delivered as that, and as sent no more', async (t) => {
      const kit = await storeKit(t, open);
      const parcels = [kit.make.parcel(), kit.make.parcel(), kit.make.parcel()];
      await kit.accept(...parcels);
      await kit.send(...parcels);
      const start = kit.clock.now();
      const receipt = { type: 'receipt', news: 'delivered', of: attempt({ number: 1 }) } as const;
      const [first, second, third] = parcels;
      assert.ok(first && second && third);
      await kit.move(await kit.state(first), receipt);
      assert.deepEqual((await kit.store.stats(start)).byStatus, { sent: 2, delivered: 1 });
      kit.clock.advance(HOUR);
      for (const parcel of [second, third]) await kit.move(await kit.state(parcel), receipt);
      assert.deepEqual((await kit.store.stats(start)).byStatus, { delivered: 3 });
      assert.deepEqual((await kit.store.stats(kit.clock.now())).byStatus, { delivered: 2 }, 'sent before the window');
      assert.deepEqual(
        (await kit.store.stats(start)).series.map(({ sent }) => sent),
        [3, 0],
      );
    });

    test('do not count a dead letter again when it is set aside', async (t) => {
      const kit = await storeKit(t, open);
      const parcel = kit.make.parcel();
      await kit.accept(parcel);
      await kit.fail(parcel);
      await kit.move(await kit.state(parcel), { type: 'discard' });
      assert.deepEqual((await kit.store.stats(0)).byStatus, { failed: 1 });
    });
  });

  describe('the backlog', () => {
    test('is what is due now, and since when', async (t) => {
      const { store, clock, make, accept, claimDue } = await storeKit(t, open);
      assert.deepEqual(await store.backlog(), { depth: 0, oldestDueAt: null });
      const since = clock.now() - MINUTE;
      const old = make.parcel({ priority: 'low' }, [{ dueAt: since }]);
      await accept(old, make.parcel({ priority: 'high' }), make.parcel({ sendAt: clock.now() + MINUTE }));
      assert.deepEqual(await store.backlog(), { depth: 2, oldestDueAt: since });
      clock.advance(MINUTE);
      assert.deepEqual(await store.backlog(), { depth: 3, oldestDueAt: since });
      await claimDue();
      assert.deepEqual(await store.backlog(), { depth: 0, oldestDueAt: null });
    });
  });

  describe('probe and close', () => {
    test('a probe of a good store resolves, again and again', async (t) => {
      const { store } = await storeKit(t, open);
      await store.probe();
      await store.probe();
    });

    test('close can be called again, and every call afterwards says that the store is unavailable', async (t) => {
      const { store, make } = await storeKit(t, open);
      const parcel = make.parcel();
      await Promise.all([store.close(), store.close()]);
      await store.close();
      for (const [name, call] of Object.entries(callsOn(store, parcel))) {
        await assert.rejects(call, StoreUnavailable, name);
      }
    });

    test('close finishes what was asked for before', async (t) => {
      const { store, make } = await storeKit(t, open);
      const accepted = store.accept([make.submission([make.parcel()])]);
      await store.close();
      assert.deepEqual(await accepted, [{ kind: 'accepted' }]);
    });
  });
}

function callsOn(store: Store, parcel: Parameters<Store['accept']>[0][number]['notifications'][number]) {
  const { id } = parcel.notification;
  const ids = parcel.deliveries.map((delivery) => delivery.id);
  const changes = parcel.deliveries.map((after) => ({ after: { ...after, version: 2 }, attempts: [] }));
  const page = { limit: 1, after: null, scan: 1 };
  return {
    accept: () => store.accept([{ notifications: [parcel], key: null }]),
    claimDue: () => store.claimDue({ limit: 1, order: ['high'], leaseMs: 1 }),
    claim: () => store.claim(ids, 1),
    expiredLeases: () => store.expiredLeases(1),
    renew: () => store.renew(parcel.deliveries, 1),
    write: () => store.write([changes]),
    nextDueAt: () => store.nextDueAt(),
    find: () => store.find(id),
    list: () => store.list({}, page),
    deadLetters: () => store.deadLetters({}, page),
    stats: () => store.stats(0),
    backlog: () => store.backlog(),
    purge: () => store.purge({ keysBefore: 0, limit: 1 }),
    probe: () => store.probe(),
  };
}
