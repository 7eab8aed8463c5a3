import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../domain/clock.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { Emit } from '../domain/events.ts';
import type { NewInboxEntry } from '../domain/inbox-entry.ts';
import type { Notification } from '../domain/notification.ts';
import type { Attempt } from '../domain/outcome.ts';
import { pause } from '../domain/pause.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import { type DeliveryEvent, type DeliveryPolicy, transition } from '../domain/transition.ts';
import { type Change, type Claim, type Store, StoreUnavailable } from '../store/store.ts';
import type { HandOff } from './hand-off.ts';
import { inTime } from './in-time.ts';

export interface SettleDeps {
  readonly store: Pick<Store, 'write' | 'find'>;
  readonly handOff: HandOff;
  readonly clock: Clock;
  /** For notifications that bring no policy of their own. */
  readonly retry: RetryPolicy;
  readonly emit: Emit;
}

/**
 * Outcome → new state, in the store, and with it what the outcome has for an inbox. True: it is there. False: the fence
 * refused it, because the lease had been lost and others have newer news; then what happened here is only told to the
 * log.
 */
export type Settle = (claim: Claim, event: DeliveryEvent, attempts: readonly Attempt[]) => Promise<boolean>;

/** How long a result is held while the store is away, in ms. After that the lease has long run out. */
const HOLD = 60_000;

export function createSettle(deps: SettleDeps): Settle {
  return async ({ delivery, notification }, event, attempts) => {
    const after = transition(delivery, event, deps.clock.now(), policyOf(notification, deps.retry));
    if (after === null)
      throw new Error(`delivery ${delivery.id}: ${event.type} does not apply while ${delivery.status}`);
    const { requestId, sendAt, createdAt } = notification;
    const about = { requestId, deliveryId: delivery.id, wantedAt: sendAt ?? createdAt };
    for (const attempt of attempts) deps.emit({ type: 'attempted', ...about, attempt });
    const entry = entryIn(event);
    const written = await writeWhenPossible(deps, { after, attempts, ...(entry && { entry }) });
    if (!written) {
      deps.emit({ type: 'stale_settle', requestId, deliveryId: delivery.id });
      return false;
    }
    deps.emit({ type: 'moved', requestId, delivery: after });
    deps.handOff([after]);
    return true;
  };
}

/** What the message itself is, where it is one of an inbox. */
function entryIn(event: DeliveryEvent): NewInboxEntry | undefined {
  return event.type === 'tried' && event.outcome.kind === 'accepted' ? event.outcome.entry : undefined;
}

export function policyOf(notification: Notification, retry: RetryPolicy): DeliveryPolicy {
  return { retry: notification.retry ?? retry, onUnknown: notification.onUnknown };
}

/** A send has happened: its record is worth waiting for. */
async function writeWhenPossible(deps: SettleDeps, change: Change): Promise<boolean> {
  const since = deps.clock.now();
  let answerLost = false;
  for (let wait = 20; ; wait = Math.min(wait * 2, 1_000)) {
    try {
      const [written] = await inTime(deps.clock, deps.store.write([[change]]));
      return written === true || (answerLost && (await isStored(deps, change.after)));
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || deps.clock.now() - since > HOLD) throw error;
      answerLost = true;
      deps.emit({ type: 'fault', where: 'settle', error });
      await pause(deps.clock, wait);
    }
  }
}

/** A write whose answer was lost may have been done: then it is our own news that refuse it the second time. */
async function isStored({ store, clock }: SettleDeps, after: Delivery): Promise<boolean> {
  const record = await inTime(clock, store.find(after.notificationId));
  return record?.deliveries.some((stored) => isDeepStrictEqual(stored, after)) ?? false;
}
