import type { Channel } from './channel.ts';
import type { DeliveryId, NotificationId } from './ids.ts';
import type { Priority } from './notification.ts';
import type { Reason } from './reason.ts';

/**
 * The states of a delivery, in the order in which a notification's status is folded from them: the first one that
 * any of its deliveries has is the notification's (see status.ts).
 */
export const DELIVERY_STATUSES = [
  'sending',
  'retrying',
  'pending',
  'scheduled',
  'delivered',
  'sent',
  'failed',
  'expired',
  'suppressed',
  'cancelled',
] as const;

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** One leg of a notification's route = one fallback chain, with its own state. Only `transition` makes a new one. */
export interface Delivery {
  readonly id: DeliveryId;
  readonly notificationId: NotificationId;
  /** 1, 2, …: which leg of the route this is. */
  readonly leg: number;
  /** The channels, in the order in which they are tried. */
  readonly chain: readonly Channel[];
  readonly status: DeliveryStatus;
  /**
   * Grows by one with every write. The version that a claim gave is the lease's fencing token: a write that names an
   * older version changes nothing.
   */
  readonly version: number;
  readonly priority: Priority;
  /**
   * When somebody must look at this delivery again: the next attempt, the end of the lease while `sending`, or the
   * expiry if that comes first. Null exactly when the state is terminal.
   */
  readonly dueAt: number | null;
  readonly expiresAt: number | null;
  /** The pass over the chain that is under way or comes next: 1, 2, … */
  readonly round: number;
  /** Index in `chain` of the channel to try now. */
  readonly position: number;
  /** Channels that are out for good: rejected, or without an address. */
  readonly out: readonly Channel[];
  /** How many attempts the log holds. */
  readonly attempts: number;
  /** How often a worker was lost while sending this since it was last (re)started. */
  readonly crashes: number;
  /** Since when it only waits for a provider's own time; null when it does not. */
  readonly limitedSince: number | null;
  readonly channelUsed: Channel | null;
  /** Why it was not sent, or not yet. */
  readonly reason: Reason | null;
  readonly sentAt: number | null;
  readonly deliveredAt: number | null;
  /** When it reached its terminal state. */
  readonly finishedAt: number | null;
  /** When a human set this dead letter aside. */
  readonly discardedAt: number | null;
}

const UNFINISHED: ReadonlySet<DeliveryStatus> = new Set(['sending', 'retrying', 'pending', 'scheduled']);

export function isTerminal(status: DeliveryStatus): boolean {
  return !UNFINISHED.has(status);
}

export function isExpired(delivery: Delivery, now: number): boolean {
  return delivery.expiresAt !== null && delivery.expiresAt <= now;
}

/** When a provider is called next; null when that is now, under way, or never (finished, or the expiry comes first). */
export function nextAttemptAt(delivery: Delivery): number | null {
  if (delivery.status !== 'scheduled' && delivery.status !== 'retrying') return null;
  return delivery.dueAt === delivery.expiresAt ? null : delivery.dueAt;
}

/** The channel to try now. */
export function currentChannel(delivery: Delivery): Channel {
  const channel = delivery.chain[delivery.position];
  if (channel === undefined) throw new Error(`delivery ${delivery.id}: position ${delivery.position} is off its chain`);
  return channel;
}

/**
 * A delivery as it is first written. `dueAt` in the future makes it `scheduled`; the expiry caps it. One that is
 * ready is due at once, or from `handedOverUntil` on where a queue is told of it.
 */
export function newDelivery(
  at: {
    id: DeliveryId;
    notificationId: NotificationId;
    leg: number;
    chain: readonly Channel[];
    unaddressed: readonly Channel[];
    priority: Priority;
    dueAt: number;
    expiresAt: number | null;
    handedOverUntil?: number | null;
  },
  now: number,
): Delivery {
  const position = at.chain.findIndex((channel) => !at.unaddressed.includes(channel));
  const dead = position === -1;
  const wanted = Math.min(at.dueAt, at.expiresAt ?? at.dueAt);
  const scheduled = wanted > now;
  const ready = at.handedOverUntil ?? wanted;
  const dueAt = scheduled ? wanted : Math.min(ready, at.expiresAt ?? ready);
  return {
    id: at.id,
    notificationId: at.notificationId,
    leg: at.leg,
    chain: at.chain,
    status: dead ? 'failed' : scheduled ? 'scheduled' : 'pending',
    version: 1,
    priority: at.priority,
    dueAt: dead ? null : dueAt,
    expiresAt: at.expiresAt,
    round: 1,
    position: dead ? 0 : position,
    out: at.unaddressed,
    attempts: at.unaddressed.length,
    crashes: 0,
    limitedSince: null,
    channelUsed: null,
    reason: dead ? 'no_address' : null,
    sentAt: null,
    deliveredAt: null,
    finishedAt: dead ? now : null,
    discardedAt: null,
  };
}

/** It is ready and yet not due in the store: a queue was told of it, and names it to a worker. */
export function isHandedOver({ status, dueAt }: Pick<Delivery, 'status' | 'dueAt'>, now: number): boolean {
  return status === 'pending' && dueAt !== null && dueAt > now;
}
