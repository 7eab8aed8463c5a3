import { DELIVERY_STATUSES, type Delivery, type DeliveryStatus } from './delivery.ts';

/** A notification's status: the first of its deliveries' in the order of DELIVERY_STATUSES. Never stored. */
export function foldStatus(deliveries: readonly Pick<Delivery, 'status'>[]): DeliveryStatus {
  let best: number = DELIVERY_STATUSES.length;
  for (const delivery of deliveries) best = Math.min(best, statusRank(delivery.status));
  const status = DELIVERY_STATUSES[best];
  if (status === undefined) throw new Error('a notification without deliveries has no status');
  return status;
}

/** The place of a status in the folding order, 0 first. */
export function statusRank(status: DeliveryStatus): number {
  return DELIVERY_STATUSES.indexOf(status);
}
