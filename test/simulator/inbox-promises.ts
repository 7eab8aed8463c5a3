import type { DeliveryId } from '../../src/domain/ids.ts';
import type { Change } from '../../src/store/store.ts';
import type { Row } from './calls.ts';
import type { World } from './world.ts';

/** Looks into the inboxes themselves, as users do: what is there must be recorded as sent by them, and the reverse. */
export async function checkInboxes(world: World, rows: Iterable<Row>): Promise<void> {
  const there = await entriesIn(world);
  for (const { delivery, label, n } of rows) {
    const isSent = delivery.status === 'sent' && delivery.channelUsed === 'in_app';
    if (isSent === there.has(delivery.id)) continue;
    world.ledger.break('inbox', `${label} is ${delivery.status}, and ${isSent ? 'not ' : ''}in the inbox`, [n]);
  }
}

/** Those whose entry was refused; what others have written of them meanwhile counts as well. */
export async function checkRefused(
  world: World,
  groups: readonly (readonly Change[])[],
  written: readonly boolean[],
): Promise<void> {
  const refused = groups.filter((_, index) => written[index] !== true).flat();
  const rows = refused.flatMap(({ entry }) => (entry === undefined ? [] : (world.ledger.rows.get(entry.id) ?? [])));
  if (rows.length > 0) await checkInboxes(world, rows);
}

async function entriesIn({ store, ledger }: World): Promise<ReadonlySet<DeliveryId>> {
  const userIds = new Set([...ledger.rows.values()].flatMap(({ notification }) => notification.recipient.userId ?? []));
  const all = { limit: 100_000, after: null };
  const inboxes = await Promise.all([...userIds].map((userId) => store.listInbox(userId, null, all)));
  return new Set(inboxes.flatMap(({ items }) => items.map(({ id }) => id)));
}
