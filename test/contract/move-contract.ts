import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type DeliveryId, notificationOf } from '../../src/domain/ids.ts';
import type { Move, MoveLog, News } from '../../src/store/moves.ts';
import type { Store } from '../../src/store/store.ts';
import type { ManualClock } from '../kit/manual-clock.ts';
import { seen } from '../kit/until.ts';
import { DEFERRED, LEASE, next, type OpenStore, rejectedAttempt, storeKit } from './store/store-kit.ts';

export type OpenMoves = (
  t: TestContext,
) => Promise<{ readonly store: Store & MoveLog & News; readonly clock: ManualClock }>;

/** What every log of moves must do, whatever it is made of. */
export function moveContract(name: string, open: OpenMoves): void {
  describe(`the ${name} log of moves`, () => {
    contentTests(open);
    pointTests(open);
    newsTests(open);
  });
}

const NOBODY = '' as DeliveryId;

async function moveKit(t: TestContext, open: OpenMoves) {
  const opened = await open(t);
  const start = await opened.store.endOfMoves();
  const kit = await storeKit(t, async () => opened);
  const since = async (point: string, limit = 1_000): Promise<readonly Move[]> => {
    const moves = await opened.store.movesAfter(point, limit);
    assert.ok(moves, 'the point is not known');
    return moves;
  };
  /** All moves since a point, once what was done before can be read: which is told by one more, that is left out. */
  const all = async (point: string): Promise<readonly Move[]> => {
    const last = kit.make.parcel();
    await kit.accept(last);
    return seen(
      async () => {
        const moves = await since(point);
        return notificationOf(moves.at(-1)?.deliveryId ?? NOBODY) === last.notification.id
          ? moves.slice(0, -1)
          : undefined;
      },
      () => 'the last move never appears in the log',
    );
  };
  return { ...kit, log: opened.store, start, since, all };
}

function contentTests(open: OpenStore & OpenMoves): void {
  test('it tells what was accepted and what became of it, in that order', async (t) => {
    const { make, accept, send, fail, start, all, clock } = await moveKit(t, open);
    const at = clock.now();
    const [good, bad] = [make.parcel(), make.parcel({}, [{}, { chain: ['sms'], unaddressed: ['sms'] }])];
    await accept(good, bad);
    clock.advance(1_000);
    await send(good);
    const [id = ''] = good.deliveries.map((delivery) => delivery.id);
    const told = await all(start);
    const [accepted, , , moved] = told;
    const quiet = { channel: null, provider: null, reason: null };
    assert.deepEqual(accepted, { point: accepted?.point, deliveryId: id, status: 'pending', ...quiet, at });
    const [first, second] = bad.deliveries.map((delivery) => delivery.id);
    assert.deepEqual(
      told.slice(1, 3).map(({ deliveryId, status, channel }) => [deliveryId, status, channel]),
      [
        [first, 'pending', null],
        [second, 'failed', 'sms'],
      ],
    );
    const sent = { deliveryId: id, status: 'sent', channel: 'email', provider: 'smtp', reason: null, at: at + 1_000 };
    assert.deepEqual(told.slice(3), [{ point: moved?.point, ...sent }]);
    await fail({ ...bad, deliveries: bad.deliveries.slice(0, 1) });
    assert.deepEqual(
      (await all(start)).slice(5).map(({ status, reason }) => [status, reason]),
      [['failed', 'invalid_recipient']],
    );
  });

  test('it has nothing of a claim, of a write that was refused, of a replay, of what changes nothing', async (t) => {
    const { store, make, claimDue, log, start, all, clock } = await moveKit(t, open);
    const parcel = make.parcel();
    await store.accept([make.submission([parcel], {})]);
    await all(start);
    const end = await log.endOfMoves();
    await store.accept([make.submission([make.parcel()], {})]);
    const [claim] = await claimDue();
    assert.ok(claim);
    await store.renew([{ id: claim.delivery.id, version: claim.delivery.version }], LEASE);
    const after = next(claim.delivery, DEFERRED, clock.now());
    const stale = { ...after, version: after.version + 1 };
    assert.deepEqual(await store.write([[{ after: stale, attempts: [] }]]), [false]);
    assert.deepEqual(await store.write([[{ after, attempts: [], kept: true }]]), [true]);
    assert.deepEqual(await all(end), []);
  });

  test('it has every move once, whoever writes at the same time', async (t) => {
    const { make, store, start, all, clock } = await moveKit(t, open);
    const parcels = Array.from({ length: 60 }, () => make.parcel());
    await Promise.all(parcels.map((parcel) => store.accept([make.submission([parcel])])));
    const claims = await store.claim(
      parcels.flatMap((parcel) => parcel.deliveries.map(({ id }) => id)),
      LEASE,
    );
    const log = [rejectedAttempt(1, clock.now())];
    await Promise.all(
      claims.map(({ delivery }) => store.write([[{ after: next(delivery, DEFERRED, clock.now()), attempts: log }]])),
    );
    const moves = await all(start);
    assert.equal(new Set(moves.map(({ point }) => point)).size, 120);
    for (const { id } of parcels.flatMap(({ deliveries }) => deliveries)) {
      const own = moves.filter(({ deliveryId }) => deliveryId === id).map(({ status }) => status);
      assert.deepEqual(own, ['pending', 'retrying']);
    }
  });
}

function pointTests(open: OpenMoves): void {
  test('it can be read on from the point of every move, in steps of any size', async (t) => {
    const { make, accept, start, since, all: allSince } = await moveKit(t, open);
    await accept(...Array.from({ length: 5 }, () => make.parcel()));
    for (let count = 0; count < 40; count++) await accept(make.parcel());
    await allSince(start);
    const all = await since(start);
    assert.equal(all.length, 46);
    for (const limit of [1, 2, 7, 45, 46]) {
      const walked: Move[] = [];
      for (let point = start; ; point = walked.at(-1)?.point ?? point) {
        const step = await since(point, limit);
        assert.ok(step.length <= limit);
        walked.push(...step);
        if (step.length === 0) break;
      }
      assert.deepEqual(walked, all);
    }
  });

  test('its end is after everything, also where nothing has ever happened', async (t) => {
    const { log, start, since, all } = await moveKit(t, open);
    assert.deepEqual(await since(start), []);
    assert.deepEqual(await all(start), []);
    assert.equal(await log.endOfMoves(), (await since(start)).at(-1)?.point);
    assert.deepEqual(await since(await log.endOfMoves()), []);
  });

  test('it forgets from the oldest on, and says of a point that it cannot read on from there', async (t) => {
    const { make, accept, log, start, since, all: allSince } = await moveKit(t, open);
    for (let count = 0; count < 9; count++) await accept(make.parcel());
    await allSince(start);
    const all = await since(start);
    let gone = 0;
    for (let some = 1; some > 0; gone += some) some = await log.forgetMoves(4, 2);
    assert.ok(gone >= 6, `${gone}`);
    assert.equal(await log.movesAfter(start, 10), null);
    assert.equal(await log.movesAfter(all[2]?.point ?? '', 10), null);
    assert.deepEqual(await since(all[6]?.point ?? ''), all.slice(7));
    // However little is wanted, what is given next is new.
    while ((await log.forgetMoves(0, 100)) > 0);
    const end = await log.endOfMoves();
    assert.equal(end, all.at(-1)?.point);
    await allSince(end);
    const [next] = await since(end);
    assert.notEqual(next?.point, end);
  });

  test('it knows no point that it did not give', async (t) => {
    const { log, start, all } = await moveKit(t, open);
    await all(start);
    const foreign = ['', 'x', '-1', '1.5x', '9'.repeat(400), '999999999', '999999999.1.1', '1e3', '٣', '1.1.999999'];
    for (const point of foreign) assert.equal(await log.movesAfter(point, 10), null, point);
  });
}

function newsTests(open: OpenMoves): void {
  test('it rings for what is written here, until nobody wants to hear it', async (t) => {
    const { make, accept, log } = await moveKit(t, open);
    let rings = 0;
    const heard = Promise.withResolvers<void>();
    const end = log.onNews(() => {
      rings += 1;
      heard.resolve();
    });
    await accept(make.parcel());
    await heard.promise;
    end();
    const before = rings;
    await accept(make.parcel());
    assert.equal(rings, before);
  });
}
