import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { inbox } from '../../src/channels/in-app/inbox.ts';
import { addsUp, reconcile } from '../../src/cli/reconciliation.ts';
import type { Delivery } from '../../src/domain/delivery.ts';
import { legOf, MAX_LEGS, type NotificationId } from '../../src/domain/ids.ts';
import type { AuditStore, Fault } from '../../src/store/audit.ts';
import { INBOX_MARKS } from '../../src/store/inbox.ts';
import type { NewNotification } from '../../src/store/store.ts';
import { attempt, receiptOf } from '../kit/builders.ts';
import { systemClock } from '../kit/postgres.ts';
import { putIntoInbox } from '../kit/put-into-inbox.ts';
import type { OpenAudited } from './audit-contract.ts';
import { ACCEPTED, LEASE, legIds, MINUTE, next, SECOND, storeKit } from './store/store-kit.ts';
import { copied, MANY } from './transfer-kit.ts';

const USER = 'user-1';
const IN_APP = { chain: ['in_app'] } as const;
const OR_EMAIL = { chain: ['in_app', 'email'] } as const;

async function inboxKit(t: TestContext, open: OpenAudited) {
  const opened = await open(t);
  const kit = { ...(await storeKit(t, async () => opened)), ...opened };
  const { store, clock, make, accept, move } = kit;
  const entryOf = ({ id, notificationId }: Pick<Delivery, 'id' | 'notificationId'>) =>
    make.inboxEntry({ id, notificationId, userId: USER });
  const accepted = async (...legs: NonNullable<Parameters<typeof make.parcel>[1]>): Promise<NewNotification> => {
    const parcel = make.parcel({ recipient: { userId: USER } }, legs);
    await accept(parcel);
    return parcel;
  };
  const held = async (parcel: NewNotification): Promise<Delivery> => {
    const [claim] = await store.claim(legIds(parcel), LEASE);
    return claim?.delivery ?? assert.fail('it cannot be claimed');
  };
  /** Sent by whoever serves the channel, with no entry. */
  const sentBy = async (provider: string, parcel: NewNotification): Promise<Delivery> => {
    const before = await held(parcel);
    const number = before.attempts + 1;
    return move(before, ACCEPTED, [attempt({ number, channel: inbox.channel, provider, startedAt: clock.now() })]);
  };
  /** Sent as the inbox does, every leg of it. What has ended gets an entry and stays as it is. */
  const toInbox = async (...parcels: readonly NewNotification[]): Promise<void> => {
    const legs = parcels.flatMap(({ deliveries }) => deliveries);
    await putIntoInbox(store, legs.map(entryOf));
  };
  /** What a version that wrote the entry first has left when it died in between, and another takes on. */
  const halfWay = async (parcel: NewNotification): Promise<void> => {
    const after = next(await held(parcel), { type: 'released' }, clock.now());
    assert.deepEqual(await store.write([[{ after, attempts: [], entry: entryOf(after) }]]), [true]);
  };
  return { ...kit, accepted, sentBy, toInbox, halfWay };
}

async function lookedAt(audit: AuditStore) {
  const found = await reconcile(audit, systemClock);
  return [found.deliveries.byStatus, found.faults, addsUp(found)];
}

/** What the inbox is to have, as audit-contract.ts is part of. */
export function auditInboxTests(open: OpenAudited): void {
  describe('what the inbox has sent', () => {
    test('is missed there of whichever leg, delivered or not, and in one step alone', async (t) => {
      const { store, accepted, toInbox, move, state, audit, sql, table } = await inboxKit(t, open);
      const before = await accepted(IN_APP);
      const many = await accepted(...Array.from({ length: MAX_LEGS }, () => IN_APP));
      const after = await accepted(IN_APP);
      const delivered = await accepted(IN_APP);
      await toInbox(before, many, after, delivered);
      const sent = await state(delivered);
      await move(sent, receiptOf(sent, 'delivered'));
      const ofMany = legIds(many).filter((id) => [1, 9, 10, 16, MAX_LEGS].includes(legOf(id)));
      const lost = [...ofMany, ...legIds(delivered)];
      const seqs = (await store.readRows('inbox', null, MANY)).flatMap(({ id, seq }) => (lost.includes(id) ? seq : []));
      await sql(`DELETE FROM ${table('inbox')} WHERE seq IN (${seqs.join(', ')})`);
      const faults: Fault[] = [];
      for (let from: NotificationId | null = null; ; ) {
        const stretch = await audit.stretch(from, null, 1);
        faults.push(...stretch.faults);
        if (stretch.next === null) break;
        from = stretch.next;
      }
      const missed = lost.map((id) => ({ code: 'sent_without_inbox_entry', id }));
      assert.deepEqual(
        faults.toSorted((a, b) => a.id.localeCompare(b.id)),
        missed,
      );
    });

    test('is missed only where it was the inbox that sent', async (t) => {
      const { accepted, sentBy, audit } = await inboxKit(t, open);
      const { id } = await sentBy(inbox.id, await accepted(IN_APP));
      await sentBy('sandbox', await accepted(IN_APP));
      const faults = [{ code: 'sent_without_inbox_entry', count: 1, ids: [id] }];
      assert.deepEqual(await lookedAt(audit), [{ sent: 2 }, faults, false]);
    });

    test('is there in every state that this version and the one before leave', async (t) => {
      const kit = await inboxKit(t, open);
      const { store, clock, make, accepted, toInbox, sentBy, halfWay, move, state, send } = kit;
      await toInbox(await accepted(IN_APP), await accepted(IN_APP));
      clock.advance(2 * MINUTE);
      for (const mark of INBOX_MARKS) {
        const marked = await accepted(IN_APP);
        await toInbox(marked);
        for (const id of legIds(marked)) await store.markInboxEntry(USER, id, mark, clock.now());
      }
      const told = async (parcel: NewNotification, news: 'delivered' | 'bounced') => {
        await toInbox(parcel);
        const sent = await state(parcel);
        await move(sent, receiptOf(sent, news));
        return parcel;
      };
      await told(await accepted(IN_APP), 'delivered');
      await send(
        await told(await accepted(OR_EMAIL), 'bounced'),
        await accepted({ ...OR_EMAIL, unaddressed: ['in_app'] }),
      );
      const afresh = await told(await accepted(IN_APP), 'bounced');
      await move(await state(afresh), { type: 'retry' });
      await sentBy('sandbox', afresh);
      const { notificationId, id: deliveryId } = await sentBy('sandbox', await accepted(IN_APP));
      await store.addToSandbox([make.sandboxMessage({ notificationId, deliveryId, channel: 'in_app' })]);
      const cancelled = await accepted(IN_APP);
      await move(await state(cancelled), { type: 'cancel' });
      await toInbox(cancelled);
      await halfWay(await accepted(IN_APP));
      const endedBefore = { sent: clock.now() - MINUTE };
      assert.equal((await store.forget({ endedBefore, after: null, rows: 1_000 })).notifications, 2);
      clock.advance(SECOND);

      const byStatus = { sent: INBOX_MARKS.length + 4, delivered: 1, cancelled: 1, pending: 1 };
      assert.deepEqual(await lookedAt(kit.audit), [byStatus, [], true]);
      assert.equal(await store.countRows('inbox'), INBOX_MARKS.length + 5);
      const other = await open(t);
      await copied(store, other.store);
      assert.deepEqual(await lookedAt(other.audit), [byStatus, [], true]);
    });
  });
}
