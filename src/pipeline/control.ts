import { isTerminal } from '../domain/delivery.ts';
import { type DeliveryId, type NotificationId, notificationOf } from '../domain/ids.ts';
import type { DeliveryEvent } from '../domain/transition.ts';
import type { Change, NotificationFilter, NotificationRecord, Store } from '../store/store.ts';
import { type ChangeDeps, createChanges } from './changes.ts';

export interface ControlDeps extends ChangeDeps {
  readonly store: Pick<Store, 'find' | 'write' | 'deadLetters'>;
}

/** What people do to a notification on its way. Each answer is a fact about the store, not an intention. */
export interface Control {
  /**
   * Stops every leg that is not finished. `cancelled`: no provider call starts afterwards. `too_late`: a leg is being
   * sent or all are finished, and nothing was changed.
   */
  cancel(id: NotificationId): Promise<'cancelled' | 'too_late' | 'not_found'>;
  /** Starts every failed, cancelled or expired leg afresh. Its `expires_at` still holds. */
  retry(id: NotificationId): Promise<'retried' | 'not_retryable' | 'not_found'>;
  /** Another time for a notification all of whose legs still wait for theirs. */
  reschedule(
    id: NotificationId,
    sendAt: number,
  ): Promise<'rescheduled' | 'not_scheduled' | 'expires_before_send' | 'not_found'>;
  /** Sets a dead letter aside. */
  discard(id: DeliveryId): Promise<'discarded' | 'not_found'>;
  /**
   * Retries all dead letters that match, or the first `limit` of them from `after` on, newest first; with `dryRun` only
   * counts them. `next` is where to go on; null: these were all.
   */
  retryDeadLetters(
    filter: NotificationFilter & { readonly code?: string },
    dryRun: boolean,
    part?: { readonly limit: number; readonly after: string | null },
  ): Promise<{ readonly matched: number; readonly retried: number; readonly next: string | null }>;
}

const PAGE = 200;
const SCAN = 20_000;
const ALL = { limit: Number.POSITIVE_INFINITY, after: null };

export function createControl(deps: ControlDeps): Control {
  const { change, apply, tell } = createChanges(deps);

  function changesFor(record: NotificationRecord, event: DeliveryEvent): readonly Change[] {
    return record.deliveries.flatMap((delivery) => change(delivery, record.notification, event) ?? []);
  }

  return {
    cancel: (id) =>
      apply<'cancelled' | 'too_late'>(
        id,
        (record) => {
          const { deliveries } = record;
          if (deliveries.some((delivery) => delivery.status === 'sending')) return 'too_late';
          if (deliveries.some((delivery) => !isTerminal(delivery.status)))
            return changesFor(record, { type: 'cancel' });
          return deliveries.some((delivery) => delivery.status === 'cancelled') ? 'cancelled' : 'too_late';
        },
        'cancelled',
        // A finished leg that somebody retries at this moment would be sent after all.
        (record) => changesFor(record, { type: 'kept' }).map((change) => ({ ...change, kept: true as const })),
      ),

    retry: (id) =>
      apply<'retried' | 'not_retryable'>(
        id,
        (record) => {
          const changes = changesFor(record, { type: 'retry', notBefore: record.notification.sendAt });
          return changes.length > 0 ? changes : 'not_retryable';
        },
        'retried',
      ),

    reschedule: (id, sendAt) =>
      apply<'rescheduled' | 'not_scheduled' | 'expires_before_send'>(
        id,
        ({ notification, deliveries }) => {
          if (notification.expiresAt !== null && notification.expiresAt <= sendAt) return 'expires_before_send';
          const open = deliveries.filter((delivery) => !isTerminal(delivery.status));
          const changes = open.map((delivery) => change(delivery, notification, { type: 'reschedule', dueAt: sendAt }));
          const all = changes.flatMap((one) => one ?? []);
          return all.length === changes.length && all.length > 0
            ? all.map((one) => ({ ...one, sendAt }))
            : 'not_scheduled';
        },
        'rescheduled',
      ),

    discard: (id) =>
      apply<'discarded' | 'not_found'>(
        notificationOf(id),
        (record) => {
          const changes = record.deliveries
            .filter((delivery) => delivery.id === id)
            .flatMap((delivery) => change(delivery, record.notification, { type: 'discard' }) ?? []);
          return changes.length > 0 ? changes : 'not_found';
        },
        'discarded',
      ),

    async retryDeadLetters(filter, dryRun, part = ALL) {
      let matched = 0;
      let retried = 0;
      let after = part.after;
      do {
        const limit = Math.min(PAGE, part.limit - matched);
        const page: Awaited<ReturnType<Store['deadLetters']>> = await deps.store.deadLetters(filter, {
          limit,
          after,
          scan: SCAN,
        });
        matched += page.items.length;
        if (!dryRun && page.items.length > 0) {
          const changes = page.items.flatMap(({ delivery, notification }) => {
            const one = change(delivery, notification, { type: 'retry', notBefore: notification.sendAt });
            return one === null ? [] : [{ one, requestId: notification.requestId }];
          });
          const written = await deps.store.write(changes.map(({ one }) => [one]));
          const applied = changes.filter((_, index) => written[index] === true);
          for (const { one, requestId } of applied) tell([one], requestId);
          retried += applied.length;
        }
        after = page.next;
      } while (after !== null && matched < part.limit);
      return { matched, retried, next: after };
    },
  };
}
