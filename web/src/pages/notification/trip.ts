import type { Attempt, Delivery, Notification } from '../../api/types.ts';

/** The stations of a notification's trip, in the order in which they are shown. */
export type Station =
  | { readonly kind: 'accepted'; readonly at: string }
  | { readonly kind: 'waits'; readonly until: string }
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  | { readonly kind: 'next'; readonly at: string; readonly status: Delivery['status']; readonly reason: string | null }
  | { readonly kind: 'under_way' }
  | {
      readonly kind: 'end';
      readonly status: Delivery['status'];
      readonly reason: string | null;
      readonly at: string | null;
    };

/** One delivery is one line of stations: each leg of the route has its own end. */
export interface Leg {
  readonly delivery: Delivery;
  readonly stations: readonly Station[];
}

export function legsOf(notification: Notification): readonly Leg[] {
  return notification.deliveries.map((delivery) => {
    const attempts = notification.attempts.filter(({ delivery_id }) => delivery_id === delivery.id);
    return {
      delivery,
      stations: [
        ...attempts.map((attempt) => ({ kind: 'attempt' as const, attempt })),
        ...whatIsNow(delivery, notification),
      ],
    };
  });
}

function whatIsNow(delivery: Delivery, notification: Notification): readonly Station[] {
  const { status, reason, next_attempt_at: next } = delivery;
  switch (status) {
    case 'sending':
      return [{ kind: 'under_way' }];
    case 'scheduled':
      return [{ kind: 'waits', until: next ?? notification.send_at ?? notification.created_at }];
    case 'pending':
    case 'retrying':
      return next === null ? [{ kind: 'under_way' }] : [{ kind: 'next', at: next, status, reason }];
    case 'sent':
    case 'delivered':
    case 'failed':
    case 'cancelled':
    case 'expired':
    case 'suppressed':
      return [{ kind: 'end', status, reason, at: endOf(delivery, notification) }];
  }
}

/** The API tells when the notification was sent; a leg's own last attempt tells it more exactly. */
function endOf(delivery: Delivery, notification: Notification): string | null {
  const last = notification.attempts.findLast(({ delivery_id }) => delivery_id === delivery.id);
  if (delivery.status === 'delivered') return notification.delivered_at;
  if (last === undefined || delivery.status === 'cancelled' || delivery.status === 'expired') return null;
  return new Date(Date.parse(last.started_at) + last.duration_ms).toISOString();
}
