import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NotificationId } from '../../../src/domain/ids.ts';
import type { Notification } from '../../../src/domain/notification.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { NewNotification, NotificationFilter } from '../../../src/store/store.ts';
import { type LegOver, receiptOf } from '../../kit/builders.ts';
import { HOUR, MINUTE, next, type OpenStore, type StoreKit, storeKit, walk } from './store-kit.ts';

export function listTests(open: OpenStore): void {
  describe('list', () => {
    test('shows the newest first, each as `find` does', async (t) => {
      const kit = await storeKit(t, open);
      const parcels = await filled(kit, 5);
      await kit.send(...parcels.slice(0, 2));
      const { items, next } = await kit.store.list({}, { limit: 10, after: null, scan: 100 });
      assert.equal(next, null);
      const records = await Promise.all(parcels.map((parcel) => kit.store.find(parcel.notification.id)));
      assert.deepEqual(items, records.toReversed());
    });

    test('is empty where there is nothing', async (t) => {
      const { store } = await storeKit(t, open);
      assert.deepEqual(await store.list({}, { limit: 10, after: null, scan: 100 }), { items: [], next: null });
    });

    test('ends with the last page even if that is full', async (t) => {
      const kit = await storeKit(t, open);
      await filled(kit, 4);
      const first = await kit.store.list({}, { limit: 2, after: null, scan: 100 });
      const second = await kit.store.list({}, { limit: 2, after: first.next, scan: 100 });
      assert.deepEqual([first.items.length, second.items.length, second.next], [2, 2, null]);
    });

    for (const [limit, scan] of [
      [1, 100],
      [3, 100],
      [3, 1],
      [100, 4],
      [100, 100],
    ] as const) {
      test(`walks over everything exactly once with ${limit} a page and ${scan} looked at`, async (t) => {
        const kit = await storeKit(t, open);
        const parcels = await filled(kit, 23);
        const wanted = parcels.filter((_, index) => index % 3 === 0);
        const all = await walk((after) => kit.store.list({}, { limit, after, scan }));
        assert.deepEqual(all.map(idOf), newestFirst(parcels));
        const tagged = await walk((after) => kit.store.list({ tag: 'third' }, { limit, after, scan }));
        assert.deepEqual(tagged.map(idOf), newestFirst(wanted));
      });
    }

    test('gives a short page with a next one when it has looked at enough', async (t) => {
      const kit = await storeKit(t, open);
      const parcels = await filled(kit, 7);
      const page = await kit.store.list({ tag: 'third' }, { limit: 10, after: null, scan: 4 });
      assert.deepEqual(page.items.map(idOf), newestFirst(parcels.slice(6)).concat(newestFirst(parcels.slice(3, 4))));
      assert.notEqual(page.next, null);
    });

    test('shows nothing twice when new ones come between two pages', async (t) => {
      const kit = await storeKit(t, open);
      const parcels = await filled(kit, 4);
      const first = await kit.store.list({}, { limit: 2, after: null, scan: 100 });
      await filled(kit, 3);
      const second = await kit.store.list({}, { limit: 10, after: first.next, scan: 100 });
      assert.deepEqual([...first.items, ...second.items].map(idOf), newestFirst(parcels));
    });
  });

  describe('list filters', () => {
    const cases: readonly { readonly filter: NotificationFilter; readonly found: readonly string[] }[] = [
      { filter: { channel: 'sms' }, found: ['chained', 'two legs'] },
      { filter: { channel: 'in_app' }, found: ['chained'] },
      { filter: { channel: 'slack' }, found: [] },
      { filter: { userId: 'user-1' }, found: ['chained'] },
      { filter: { userId: 'user' }, found: [] },
      { filter: { recipient: 'user-1' }, found: ['chained'] },
      { filter: { recipient: 'a@example.com' }, found: ['plain', 'chained'] },
      { filter: { recipient: 'example.com' }, found: [] },
      { filter: { recipient: '+12025550100' }, found: ['two legs'] },
      { filter: { recipient: 'token-2' }, found: ['two legs'] },
      { filter: { recipient: 'https://example.com/hook' }, found: ['two legs'] },
      { filter: { recipient: 'en' }, found: [] },
      { filter: { recipient: 'Europe/Oslo' }, found: [] },
      { filter: { tag: 'x' }, found: ['plain', 'two legs'] },
      { filter: { tag: 'y' }, found: ['plain'] },
      { filter: { tag: 'x,y' }, found: [] },
      { filter: { requestId: 'req-2' }, found: ['two legs'] },
      { filter: { requestId: 'req' }, found: [] },
      { filter: { text: 'PLAIN' }, found: ['plain'] },
      { filter: { text: 'title é' }, found: ['chained'] },
      { filter: { text: 'TITLE é' }, found: ['chained'] },
      { filter: { text: 'title É' }, found: [] },
      { filter: { text: '100%' }, found: ['two legs'] },
      { filter: { text: '1%0' }, found: [] },
      { filter: { text: 'a_b' }, found: ['two legs'] },
      { filter: { text: 'a_' }, found: ['two legs'] },
      { filter: { text: 'l_in' }, found: [] },
      { filter: { text: 'c\\d' }, found: ['two legs'] },
      { filter: { text: "it's" }, found: ['chained'] },
      { filter: { text: '' }, found: ['plain', 'chained', 'two legs'] },
      { filter: { tag: 'x', channel: 'sms' }, found: ['two legs'] },
      { filter: { tag: 'y', channel: 'sms' }, found: [] },
      { filter: {}, found: ['plain', 'chained', 'two legs'] },
    ];

    test('find exactly what they say', async (t) => {
      const kit = await storeKit(t, open);
      const named = specimens(kit);
      await kit.accept(...named.values());
      for (const { filter, found } of cases) {
        const records = await walk((after) => kit.store.list(filter, { limit: 2, after, scan: 100 }));
        const names = [...named].filter(([, parcel]) => records.map(idOf).includes(parcel.notification.id));
        assert.deepEqual(
          names.map(([name]) => name),
          found,
          JSON.stringify(filter),
        );
      }
    });

    test('the time of creation: from the first millisecond, up to before the last', async (t) => {
      const kit = await storeKit(t, open);
      const start = kit.clock.now();
      const parcels = await filled(kit, 4);
      const window = { createdAfter: start + MINUTE, createdBefore: start + 3 * MINUTE };
      const found = await walk((after) => kit.store.list(window, { limit: 1, after, scan: 10 }));
      assert.deepEqual(found.map(idOf), newestFirst(parcels.slice(1, 3)));
      const since = await walk((after) => kit.store.list({ createdAfter: start + 1 }, { limit: 9, after, scan: 10 }));
      assert.deepEqual(since.map(idOf), newestFirst(parcels.slice(1)));
      const until = await walk((after) => kit.store.list({ createdBefore: start + 1 }, { limit: 9, after, scan: 10 }));
      assert.deepEqual(until.map(idOf), newestFirst(parcels.slice(0, 1)));
    });

    test('the status is folded over all deliveries, in every state there is', async (t) => {
      const kit = await storeKit(t, open);
      const byStatus = await inEveryStatus(kit);
      for (const [status, parcel] of byStatus) {
        const records = await walk((after) => kit.store.list({ status }, { limit: 1, after, scan: 2 }));
        assert.deepEqual(records.map(idOf), [parcel.notification.id], status);
      }
    });
  });
}

/** `count` notifications a minute apart; every third has the tag `third`. */
async function filled({ make, accept, clock }: StoreKit, count: number): Promise<NewNotification[]> {
  const parcels: NewNotification[] = [];
  for (let index = 0; index < count; index++) {
    const parcel = make.parcel({ tags: index % 3 === 0 ? ['third'] : [] });
    await accept(parcel);
    parcels.push(parcel);
    clock.advance(MINUTE);
  }
  return parcels;
}

function specimens({ make }: StoreKit): Map<string, NewNotification> {
  const parcel = (over: Partial<Notification>, legs: readonly LegOver[]) => make.parcel(over, legs);
  return new Map([
    ['plain', parcel({ recipient: { email: 'a@example.com' }, message: 'Plain text', tags: ['x', 'y'] }, [{}])],
    [
      'chained',
      parcel({ recipient: { userId: 'user-1', email: 'a@example.com', locale: 'en' }, title: `Title é: it's` }, [
        { chain: ['email', 'in_app', 'sms'] },
      ]),
    ],
    [
      'two legs',
      parcel(
        {
          requestId: 'req-2',
          recipient: {
            phone: '+12025550100',
            pushTokens: ['token-1', 'token-2'],
            webhookUrl: 'https://example.com/hook',
            timezone: 'Europe/Oslo',
          },
          message: 'now 100% of a_b and c\\d',
          tags: ['x'],
        },
        [{ chain: ['push'] }, { chain: ['sms'] }],
      ),
    ],
  ]);
}

/** One notification for each folded status; all but one leg are in a state that the fold passes over. */
async function inEveryStatus(kit: StoreKit) {
  const { store, clock, make, accept, move } = kit;
  const later = clock.now() + HOUR;
  const cancelled = async (legs: readonly LegOver[] = [{}]) => {
    const parcel = make.parcel({ expiresAt: clock.now() + 2 * HOUR }, [...legs, { dueAt: later }]);
    await accept(parcel);
    const last = parcel.deliveries.at(-1);
    assert.ok(last);
    await move(last, { type: 'cancel' });
    return parcel;
  };
  const first = ({ deliveries }: NewNotification) => {
    const [delivery] = deliveries;
    assert.ok(delivery);
    return delivery;
  };
  const tried = async (parcel: NewNotification, kind: 'accepted' | 'rejected' | 'deferred') => {
    const [claim] = await store.claim([first(parcel).id], HOUR);
    assert.ok(claim);
    const failure = { code: 'provider_error', detail: '', scope: 'attempt' } as const;
    const refused: Outcome = kind === 'deferred' ? { kind, ...failure } : { kind: 'rejected', ...failure };
    const outcome: Outcome = kind === 'accepted' ? { kind, providerMessageId: null } : refused;
    return move(claim.delivery, { type: 'tried', outcome, attempts: 1, random: 0.5 });
  };
  const [pending, sending, retrying, sent, delivered] = [
    await cancelled([{}, { dueAt: later }]),
    await cancelled([{}, {}]),
    await cancelled([{}, {}]),
    await cancelled(),
    await cancelled(),
  ];
  const [failed, expired] = [await cancelled(), await cancelled()];
  const [scheduled, allCancelled] = [await cancelled([{ dueAt: later }]), await cancelled()];
  await store.claim([first(sending).id], HOUR);
  await tried(retrying, 'deferred');
  await tried(sent, 'accepted');
  const taken = await tried(delivered, 'accepted');
  await move(taken, receiptOf(taken, 'delivered'));
  await tried(failed, 'rejected');
  await move(first(allCancelled), { type: 'cancel' });
  const ended = next({ ...first(expired), expiresAt: clock.now() }, { type: 'expired' }, clock.now());
  assert.deepEqual(await store.write([[{ after: ended, attempts: [] }]]), [true]);
  return new Map([
    ['scheduled', scheduled] as const,
    ['pending', pending] as const,
    ['sending', sending] as const,
    ['retrying', retrying] as const,
    ['sent', sent] as const,
    ['delivered', delivered] as const,
    ['failed', failed] as const,
    ['expired', expired] as const,
    ['cancelled', allCancelled] as const,
  ]);
}

function idOf(record: { readonly notification: Notification }): NotificationId {
  return record.notification.id;
}

function newestFirst(parcels: readonly NewNotification[]): NotificationId[] {
  return parcels.map((parcel) => parcel.notification.id).toReversed();
}
