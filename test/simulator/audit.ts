import { isDeepStrictEqual } from 'node:util';
import type { NotificationRecord } from '../../src/store/store.ts';
import type { Row } from './calls.ts';
import { checkInboxes } from './inbox-promises.ts';
import { checkHeard } from './receipt-promises.ts';
import type { World } from './world.ts';

/** At the end, when nothing moves any more: does the store hold what the ledger has seen, and do the figures agree? */
export async function audit(world: World): Promise<void> {
  const { store, ledger } = world;
  for (const [id, rows] of ledger.byNotification) {
    const record = await store.find(id);
    const n = rows[0]?.n ?? 0;
    if (record === null) ledger.break('durable', `#${n} is not in the store any more`, [n]);
    else auditOne(world, rows, record);
    if (ledger.breach !== null) return;
  }
  await checkInboxes(world, ledger.rows.values());
  await auditFigures(world);
  await auditDeadLetters(world);
}

function auditOne({ ledger, plan }: World, rows: readonly Row[], record: NotificationRecord): void {
  for (const row of rows) {
    const { delivery, log, label, n } = row;
    const stored = record.deliveries.find(({ id }) => id === delivery.id);
    if (!isDeepStrictEqual(stored, delivery)) {
      ledger.break('kept', `${label} is ${JSON.stringify(stored)}, written was ${JSON.stringify(delivery)}`, [n]);
    }
    const kept = record.attempts.flatMap(({ deliveryId, ...attempt }) => (deliveryId === delivery.id ? [attempt] : []));
    if (!isDeepStrictEqual(kept, log)) {
      ledger.break('kept', `the log of ${label} is ${JSON.stringify(kept)}, written was ${JSON.stringify(log)}`, [n]);
    }
    const unheard = checkHeard(row);
    if (unheard !== null) ledger.break(unheard[0], `${label}: ${unheard[1]}`, [n]);
    const lost = row.calls.find(
      (call) =>
        call.recorded === null &&
        !log.some(({ code, startedAt }) => code === 'worker_lost' && startedAt >= call.at - ledger.slack),
    );
    if (lost !== undefined)
      ledger.break('complete_log', `attempt ${lost.attempt} of ${label} is nowhere in the log`, [n]);
    const most = (row.notification.retry ?? plan.retry).rounds;
    if (mostTries(row) > most) ledger.break('due', `${label} was tried ${mostTries(row)} times in ${most} rounds`, [n]);
    if (delivery.status === 'sent' && !row.calls.some(({ takenAt }) => takenAt !== null)) {
      ledger.break('honest', `${label} is sent, and no provider has it`, [n]);
    }
  }
}

/** How often one provider was tried at most; waits that it named itself cost no round, and nor do lost workers. */
function mostTries({ calls }: Row): number {
  const tries = new Map<string, number>();
  for (const { recorded, said, generation, channel, provider } of calls) {
    const isWait = said?.outcome?.kind === 'deferred' && said.outcome.retryAfterMs !== undefined;
    if (recorded === null || isWait) continue;
    const slot = `${generation} ${channel}/${provider}`;
    tries.set(slot, (tries.get(slot) ?? 0) + 1);
  }
  return Math.max(0, ...tries.values());
}

async function auditFigures({ store, ledger, start }: World): Promise<void> {
  const stats = await store.stats(start - 60_000);
  const expected = {
    accepted: ledger.counts.get('accepted') ?? 0,
    byStatus: namesIn(ledger.counts, 'ended '),
    byChannel: namesIn(ledger.counts, 'by '),
    byProvider: namesIn(ledger.counts, 'through '),
  };
  const { accepted, byStatus, byChannel, byProvider } = stats;
  if (!isDeepStrictEqual({ accepted, byStatus, byChannel, byProvider }, expected)) {
    ledger.break('counted', `the figures are ${JSON.stringify(stats)}, expected ${JSON.stringify(expected)}`, []);
  }
  const { depth } = await store.backlog();
  if (depth !== 0) ledger.break('counted', `nothing is left, and the backlog is ${depth}`, []);
}

async function auditDeadLetters({ store, ledger }: World): Promise<void> {
  const page = await store.deadLetters({}, { limit: 100_000, after: null, scan: 1_000_000 });
  const listed = page.items.map(({ delivery }) => delivery.id).sort();
  const failed = [...ledger.rows.values()]
    .filter(({ delivery }) => delivery.status === 'failed' && delivery.discardedAt === null)
    .map(({ delivery }) => delivery.id)
    .sort();
  if (!isDeepStrictEqual(listed, failed))
    ledger.break('kept', `${listed.length} dead letters are listed of ${failed.length}`, []);
}

function namesIn(counts: ReadonlyMap<string, number>, prefix: string): Record<string, number> {
  const found = [...counts].filter(([key, count]) => key.startsWith(prefix) && count > 0);
  return Object.fromEntries(found.map(([key, count]) => [key.slice(prefix.length), count]));
}
