import { type DeliveryId, parseDeliveryId } from '../domain/ids.ts';

/** What goes out with a send, as texts, and comes back with the vendor's news of it. */
export interface ToldAttempt {
  readonly deliveryId: DeliveryId;
  /** 1, 2, … within the delivery. */
  readonly attempt: number;
}

/** Null: they name no attempt that there can be. */
export function toldAttempt(delivery: unknown, attempt: unknown): ToldAttempt | null {
  const deliveryId = typeof delivery === 'string' ? parseDeliveryId(delivery) : null;
  if (deliveryId === null || typeof attempt !== 'string' || !/^[1-9][0-9]{0,8}$/.test(attempt)) return null;
  return { deliveryId, attempt: Number(attempt) };
}
