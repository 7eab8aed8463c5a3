import type { Clock } from '../domain/clock.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { Emit } from '../domain/events.ts';
import type { NotificationId } from '../domain/ids.ts';
import type { Notification } from '../domain/notification.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import { type DeliveryEvent, transition } from '../domain/transition.ts';
import type { Change, NotificationRecord, Store } from '../store/store.ts';
import type { HandOff } from './hand-off.ts';
import { policyOf } from './settle.ts';

export interface ChangeDeps {
  readonly store: Pick<Store, 'find' | 'write'>;
  readonly handOff: HandOff;
  readonly clock: Clock;
  /** For notifications that bring no policy of their own. */
  readonly retry: RetryPolicy;
  readonly emit: Emit;
}

/** How those change a delivery who hold no lease: people, and providers with later news. */
export interface Changes {
  /** What an event makes of a delivery; null where it does not apply. */
  readonly change: (delivery: Delivery, notification: Notification, event: DeliveryEvent) => Change | null;
  /**
   * Writes what `decide` makes of the record, as one group, until nobody interferes. The group holds with `counting`
   * what the decision counts on and does not change.
   */
  readonly apply: <R extends string>(
    id: NotificationId,
    decide: (record: NotificationRecord) => readonly Change[] | R,
    done: R,
    counting?: (record: NotificationRecord) => readonly Change[],
  ) => Promise<R | 'not_found'>;
  /** Tells what was written to whoever listens, and to the queue. */
  readonly tell: (changes: readonly Change[], requestId: string) => void;
}

/** A write can lose against a worker's; then what it found is looked at again, this often at most. */
const TRIES = 20;

export function createChanges(deps: ChangeDeps): Changes {
  const tell: Changes['tell'] = (changes, requestId) => {
    for (const { after } of changes) deps.emit({ type: 'moved', requestId, delivery: after });
    deps.handOff(changes.map(({ after }) => after));
  };

  return {
    change(delivery, notification, event) {
      const after = transition(delivery, event, deps.clock.now(), policyOf(notification, deps.retry));
      return after === null ? null : { after, attempts: [] };
    },
    async apply(id, decide, done, counting = () => []) {
      for (let attempt = 1; attempt <= TRIES; attempt++) {
        const record = await deps.store.find(id);
        if (record === null) return 'not_found';
        const decided = decide(record);
        if (typeof decided === 'string') return decided;
        const [written] = await deps.store.write([[...decided, ...counting(record)]]);
        if (written === true) {
          tell(decided, record.notification.requestId);
          return done;
        }
      }
      throw new Error(`notification ${id} changed ${TRIES} times while it was being changed`);
    },
    tell,
  };
}
