import type { Channel } from './channel.ts';
import type { Delivery } from './delivery.ts';
import type { DeliveryId, NotificationId } from './ids.ts';
import type { Attempt } from './outcome.ts';
import type { Receipt } from './receipt.ts';

/**
 * What happens on a trip, as the pipeline tells it. Logs, metrics and tests subscribe to the same events; no event
 * holds a message's text or a secret.
 */
export type TripEvent =
  /** A request was taken and is durable. */
  | { readonly type: 'accepted'; readonly requestId: string; readonly ids: readonly NotificationId[] }
  /** A request came again with its idempotency key and got the first answer. */
  | { readonly type: 'replayed'; readonly requestId: string }
  /** One provider was called. */
  | {
      readonly type: 'attempted';
      readonly requestId: string;
      readonly deliveryId: DeliveryId;
      readonly attempt: Attempt;
      /** Since when the delivery was to go: its notification's send time, or when that was accepted. */
      readonly wantedAt: number;
    }
  /** No provider of the channel may be called just now. */
  | {
      readonly type: 'held_back';
      readonly requestId: string;
      readonly deliveryId: DeliveryId;
      readonly channel: Channel;
      readonly waitMs: number;
    }
  /** A delivery has a new state. */
  | { readonly type: 'moved'; readonly requestId: string; readonly delivery: Delivery }
  /** A worker that had lost its lease came with a result: it was refused. */
  | { readonly type: 'stale_settle'; readonly requestId: string; readonly deliveryId: DeliveryId }
  /** A lease ran out; its worker is taken to be lost. */
  | { readonly type: 'reclaimed'; readonly requestId: string; readonly deliveryId: DeliveryId }
  /** A provider has told later news of an attempt. `unknown`: of one that was never made. */
  | (Omit<Receipt, 'messageId'> & {
      readonly type: 'receipt';
      /** Null where the notification is not known. */
      readonly requestId: string | null;
      readonly result: 'applied' | 'stale' | 'unknown' | 'too_early';
    })
  /** They had ended long enough ago, and nothing of them is kept. */
  | { readonly type: 'forgotten'; readonly notifications: number }
  /** A provider is left alone until `until`. */
  | { readonly type: 'provider_paused'; readonly provider: string; readonly until: number; readonly cause: string }
  | { readonly type: 'provider_recovered'; readonly provider: string }
  /** An adapter threw where it must not: a bug, or the engine behind it is away. The trip goes on later. */
  | { readonly type: 'fault'; readonly where: string; readonly error: unknown };

export type Emit = (event: TripEvent) => void;
