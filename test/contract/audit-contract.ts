import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { addsUp, reconcile } from '../../src/cli/reconciliation.ts';
import { type AuditStore, FAULT_CODES, type FaultCode } from '../../src/store/audit.ts';
import type { RetentionStore } from '../../src/store/retention.ts';
import type { NewNotification } from '../../src/store/store.ts';
import type { ManualClock } from '../kit/manual-clock.ts';
import { systemClock } from '../kit/postgres.ts';
import { putIntoInbox } from '../kit/put-into-inbox.ts';
import { auditInboxTests } from './audit-inbox-tests.ts';
import { LEASE, MINUTE, SECOND, storeKit } from './store/store-kit.ts';
import type { WholeStore } from './transfer-kit.ts';

/** A store, the same for going through it, and a way to do what no program does. */
export type OpenAudited = (t: TestContext) => Promise<{
  readonly store: WholeStore & RetentionStore;
  readonly clock: ManualClock;
  readonly audit: AuditStore;
  readonly table: (name: string) => string;
  readonly sql: (text: string) => Promise<void>;
}>;

interface Spoil {
  readonly sql: string;
  /** Whether its deliveries are named or itself. */
  readonly names: 'delivery' | 'notification';
  /** It is sent into an inbox, and otherwise by e-mail. */
  readonly inApp?: true;
}

/** What makes each fault of the first notification that was sent. */
const SPOILS: Readonly<Record<FaultCode, Spoil>> = {
  notification_without_delivery: { sql: 'DELETE FROM <attempts>; DELETE FROM <deliveries>', names: 'notification' },
  delivery_without_notification: { sql: 'DELETE FROM <notifications>', names: 'delivery' },
  unknown_status: { sql: "UPDATE <deliveries> SET status = 'lost'", names: 'delivery' },
  finished_and_due: { sql: 'UPDATE <deliveries> SET due_at = 1', names: 'delivery' },
  unfinished_and_not_due: { sql: "UPDATE <deliveries> SET status = 'pending'", names: 'delivery' },
  finished_without_time: { sql: 'UPDATE <deliveries> SET finished_at = NULL', names: 'delivery' },
  attempts_miscounted: { sql: 'UPDATE <deliveries> SET attempts = 7', names: 'delivery' },
  attempt_without_delivery: { sql: 'DELETE FROM <deliveries>; DELETE FROM <notifications>', names: 'delivery' },
  sent_without_attempt: { sql: "UPDATE <attempts> SET outcome = 'unknown'", names: 'delivery' },
  sent_without_inbox_entry: { sql: 'DELETE FROM <inbox>', names: 'delivery', inApp: true },
  inbox_entry_without_notification: {
    sql: 'DELETE FROM <attempts>; DELETE FROM <deliveries>; DELETE FROM <notifications>',
    names: 'notification',
    inApp: true,
  },
};
const IN_APP = [{ chain: ['in_app'] }] as const;
const ENTAILED: Partial<Record<FaultCode, number>> = {
  delivery_without_notification: -1,
  attempt_without_delivery: -1,
  inbox_entry_without_notification: -1,
};

/** What every store must say of itself. */
export function auditContract(name: string, open: OpenAudited): void {
  async function kitOf(t: TestContext) {
    const opened = await open(t);
    const kit = await storeKit(t, async () => opened);
    const look = () => reconcile(opened.audit, systemClock);
    return { ...kit, ...opened, look };
  }

  describe(`${name}, gone through`, () => {
    test('adds up, whatever state things are in', async (t) => {
      const { clock, make, accept, send, fail, claimDue, look, store } = await kitOf(t);
      const expiresAt = clock.now() + 2 * MINUTE;
      const sendAt = clock.now() + 60 * MINUTE;
      const [sent, failed] = [make.parcel(), make.parcel()];
      const overdue = Array.from({ length: 2 }, () => make.parcel({ expiresAt }));
      const later = make.parcel({ sendAt });
      const once = make.parcel({ onUnknown: 'fail' });
      const two = make.parcel({}, [{ chain: ['sms'] }, { chain: ['email'] }]);
      await accept(sent, failed, ...overdue, later);
      await send(sent);
      await fail(failed);
      clock.advance(3 * MINUTE);
      await store.accept([once, two].map((parcel) => ({ notifications: [parcel], key: null })));
      const leased = await store.claim(
        [once, two].flatMap(({ deliveries }) => deliveries.map(({ id }) => id)),
        LEASE,
      );
      assert.equal(leased.length, 3);
      clock.advance(LEASE);
      const due = make.parcel();
      await accept(due);
      clock.advance(5 * SECOND);
      const held = await store.claim([due.deliveries[0]?.id ?? assert.fail()], LEASE);
      await accept(make.parcel());
      const since = clock.now();
      clock.advance(SECOND);
      const found = await look();
      assert.ok(addsUp(found), JSON.stringify(found, null, 1));
      assert.deepEqual(found.accepted, { counted: 9, forgotten: 0, forgottenMeanwhile: 0, there: 9, difference: 0 });
      assert.deepEqual(found.notifications, {
        ...{ all: 9, finished: 2, live: 7 },
        byStatus: { sent: 1, failed: 1, pending: 3, scheduled: 1, sending: 3 },
      });
      assert.deepEqual([found.deliveries.all, found.deliveries.byStatus.sending], [10, 4]);
      const { inDoubt, ...rest } = found.toSend;
      assert.deepEqual(rest, { due: { count: 1, since }, expired: 2, later: { count: 1, from: sendAt } });
      assert.deepEqual([inDoubt.count, inDoubt.leaseEnded, inDoubt.atMostOnce], [4, 3, 1]);
      assert.equal(inDoubt.first.at(-1)?.id, held[0]?.delivery.id);
      assert.equal((await claimDue()).length, 3, 'nothing was changed by looking');
    });

    for (const code of FAULT_CODES) {
      test(`names a fault: ${code}`, async (t) => {
        const { clock, make, accept, send, look, sql, table, store } = await kitOf(t);
        const { sql: text, names, inApp = false } = SPOILS[code];
        const [spoilt, whole] = [make.parcel({}, inApp ? IN_APP : undefined), make.parcel({}, IN_APP)];
        await accept(spoilt, whole);
        if (!inApp) await send(spoilt);
        const inInbox = inApp ? [spoilt, whole] : [whole];
        const entries = inInbox.map(({ notification }) => make.inboxEntry({ notificationId: notification.id }));
        await putIntoInbox(store, entries);
        clock.advance(2 * MINUTE);
        await sql(spoil(text, spoilt, whole, table));
        const found = await look();
        const id = names === 'notification' ? spoilt.notification.id : spoilt.deliveries[0]?.id;
        assert.deepEqual(found.faults, [{ code, count: 1, ids: [id] }]);
        assert.equal(found.accepted.difference, ENTAILED[code] ?? 0);
        assert.equal(addsUp(found), false);
      });
    }

    auditInboxTests(open);

    test('misses what is not there without a trace, and finds what nobody has accepted', async (t) => {
      const { clock, make, accept, send, look, sql, table } = await kitOf(t);
      const parcels = Array.from({ length: 5 }, () => make.parcel());
      await accept(...parcels);
      await send(...parcels);
      clock.advance(2 * MINUTE);
      const [gone, whole] = parcels;
      assert.ok(gone && whole);
      await sql(
        spoil('DELETE FROM <attempts>; DELETE FROM <deliveries>; DELETE FROM <notifications>', gone, whole, table),
      );
      const found = await look();
      assert.deepEqual([found.accepted.difference, found.faults, addsUp(found)], [-1, [], false]);
      await sql(`DELETE FROM ${table('counters')} WHERE kind = 'accepted'`);
      assert.equal((await look()).accepted.difference, 4);
    });

    test('adds up while things are accepted and forgotten', async (t) => {
      const { clock, make, accept, send, look, store, audit } = await kitOf(t);
      const old = Array.from({ length: 60 }, () => make.parcel());
      await accept(...old);
      await send(...old);
      clock.advance(2 * MINUTE);
      assert.ok(addsUp(await look()));
      const moving: AuditStore = {
        ...audit,
        stretch: async (after, before) => {
          await accept(make.parcel());
          await store.forget({ endedBefore: { sent: clock.now() }, after: null, rows: 12 });
          return audit.stretch(after, before, 7);
        },
      };
      const found = await reconcile(moving, systemClock);
      assert.ok(addsUp(found), JSON.stringify(found, null, 1));
      assert.ok(found.accepted.forgottenMeanwhile > 10);
      while ((await store.forget({ endedBefore: { sent: clock.now() }, after: null, rows: 1_000 })).notifications > 0);
      clock.advance(2 * MINUTE);
      const after = await look();
      assert.ok(addsUp(after), JSON.stringify(after, null, 1));
      assert.equal(after.accepted.forgotten, 60);
    });

    test('is read in steps, each notification in one of them', async (t) => {
      const { make, accept, audit } = await kitOf(t);
      await accept(...Array.from({ length: 10 }, () => make.parcel({}, [{ chain: ['sms'] }, { chain: ['email'] }])));
      const steps: number[][] = [];
      for (let after: Parameters<AuditStore['stretch']>[0] = null; ; ) {
        const stretch = await audit.stretch(after, null, 4);
        steps.push([stretch.notifications, stretch.deliveries[0]?.count ?? 0]);
        if (stretch.next === null) break;
        after = stretch.next;
      }
      assert.deepEqual(steps, [
        [4, 8],
        [4, 8],
        [2, 4],
      ]);
    });
  });
}

/** The statements, about the older of two notifications alone. */
function spoil(text: string, spoilt: NewNotification, whole: NewNotification, table: (name: string) => string): string {
  assert.ok(spoilt.notification.id < whole.notification.id);
  return text
    .split('; ')
    .map((statement) => {
      const [, name = ''] = /<(\w+)>/.exec(statement) ?? [];
      const key = name === 'notifications' ? 'id' : 'notification_id';
      const from = statement.replace(`<${name}>`, table(name));
      return `${from} WHERE ${key} = (SELECT ${key} FROM ${table(name)} ORDER BY ${key} LIMIT 1)`;
    })
    .join('; ');
}
