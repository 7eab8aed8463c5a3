import type { Delivery } from '../domain/delivery.ts';
import { notificationOf } from '../domain/ids.ts';
import { pause } from '../domain/pause.ts';
import { attemptTold, type Receipt } from '../domain/receipt.ts';
import type { Change, NotificationRecord } from '../store/store.ts';
import { type ChangeDeps, type Changes, createChanges } from './changes.ts';

/**
 * What came of a receipt.
 *
 * - `applied`: what it says is durable.
 * - `stale`: it changes nothing, now or later. Others have newer news, or it has come before.
 * - `unknown`: there is no such delivery, or no such attempt of it.
 * - `too_early`: its attempt, or a later one, is still being sent. Nothing was kept of it: the provider must tell it
 *   again.
 */
export type Received = 'applied' | 'stale' | 'unknown' | 'too_early';

/**
 * Receipt → new state, behind the same fence as everything else. Receipts may come early, late, twice and in any order:
 *
 * - Only the holder of the lease writes while it is being sent. A receipt that comes before the result of its attempt
 *   is recorded waits for that a while, and is then given back as `too_early`. So what is not given back is on the
 *   disk, or changes nothing; a process that dies loses none, as it has answered for none.
 * - News of the attempt that was accepted makes it `delivered`, or sends it on to the next channel. News of an older
 *   one does not touch what a newer one has brought about.
 * - Where the answer to an attempt was lost, `delivered` settles the matter unless a newer attempt has: it is not sent
 *   again, and what had failed is no dead letter any more.
 * - `bounced` outweighs `delivered`, in whichever order they come.
 * - A cancel is the last word: what is cancelled stays that, and a bounce of another leg starts nothing.
 *
 * May throw `StoreUnavailable`: then it may be done or not, and to tell it again does no harm.
 */
export type Receive = (receipt: Receipt) => Promise<Received>;

/** How long a receipt waits for the result of an attempt, in ms: providers want their answer soon. */
export const HOLD = 3_000;
const FIRST_WAIT = 50;
const LONGEST_WAIT = 500;
/** So many wait at once; those past it are given back without. */
export const ROOM = 200;

export function createReceive(deps: ChangeDeps): Receive {
  const changes = createChanges(deps);
  let waiting = 0;

  async function receive(receipt: Receipt, seen: (record: NotificationRecord) => void): Promise<Received> {
    const until = deps.clock.now() + HOLD;
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      const decided = await changes.apply<Received>(
        notificationOf(receipt.deliveryId),
        (record) => {
          seen(record);
          return decide(receipt, record, changes);
        },
        'applied',
        (record) => (receipt.news === 'bounced' ? cancelledLegs(record, changes) : []),
      );
      if (decided === 'not_found') return 'unknown';
      if (decided !== 'too_early' || waiting >= ROOM || deps.clock.now() + wait > until) return decided;
      waiting += 1;
      await pause(deps.clock, wait).finally(() => {
        waiting -= 1;
      });
    }
  }

  return async (receipt) => {
    let requestId: string | null = null;
    const result = await receive(receipt, ({ notification }) => {
      requestId = notification.requestId;
    });
    const { messageId: _, ...about } = receipt;
    deps.emit({ type: 'receipt', requestId, ...about, result });
    return result;
  };
}

function decide(receipt: Receipt, record: NotificationRecord, changes: Changes): readonly Change[] | Received {
  const { notification, deliveries, attempts } = record;
  const delivery = deliveries.find(({ id }) => id === receipt.deliveryId);
  if (delivery === undefined) return 'unknown';
  if (isUnrecorded(receipt, delivery)) return 'too_early';
  const of = attemptTold(
    receipt,
    attempts.filter(({ deliveryId }) => deliveryId === delivery.id),
  );
  if (of === null) return receipt.attempt > delivery.attempts ? 'unknown' : 'stale';
  const isInDoubt = of.outcome === 'unknown' && receipt.news === 'delivered';
  if (delivery.status === 'sending') return isInDoubt ? 'too_early' : 'stale';
  const cancelled = deliveries.some(({ status }) => status === 'cancelled');
  const change = changes.change(delivery, notification, { type: 'receipt', news: receipt.news, of, cancelled });
  return change === null ? 'stale' : [change];
}

/** A bounce counts on them: somebody may start one afresh at this moment, and with it all. */
function cancelledLegs({ notification, deliveries }: NotificationRecord, changes: Changes): readonly Change[] {
  return deliveries
    .filter(({ status }) => status === 'cancelled')
    .flatMap((leg) => changes.change(leg, notification, { type: 'kept' }) ?? [])
    .map((change) => ({ ...change, kept: true as const }));
}

/** The result of its attempt may be under way. */
function isUnrecorded(receipt: Receipt, delivery: Delivery): boolean {
  return delivery.status === 'sending' && receipt.attempt > delivery.attempts;
}
