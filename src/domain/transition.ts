import type { Channel } from './channel.ts';
import { currentChannel, type Delivery, type DeliveryStatus, isExpired, isHandedOver, isTerminal } from './delivery.ts';
import { outcomeOfLost } from './lost-worker.ts';
import type { OnUnknown } from './notification.ts';
import type { Attempt, Outcome } from './outcome.ts';
import type { Reason } from './reason.ts';
import type { News } from './receipt.ts';
import { backoff, type RetryPolicy } from './retry-policy.ts';

/** What can happen to a delivery. Times are ms since the epoch, waits are ms. */
export type DeliveryEvent =
  /** A worker takes it, until `leaseUntil`. A queue that named it need not wait for what is pending to be due. */
  | { readonly type: 'claimed'; readonly leaseUntil: number; readonly named?: boolean }
  /** The channel was tried, with `attempts` new rows in the log; `random` in [0, 1) places a wait in its jitter. */
  | { readonly type: 'tried'; readonly outcome: Outcome; readonly attempts: number; readonly random: number }
  /** Its worker gives it back without having called anybody; not to be claimed again before `notBefore`. */
  | { readonly type: 'released'; readonly notBefore?: number }
  /** The queue that it was handed to does not carry: it is due at once, for whoever looks into the store. */
  | { readonly type: 'taken_back' }
  /** The lease ran out: its worker is lost, and whether a message left is not known. */
  | { readonly type: 'lease_expired' }
  /** `expires_at` is reached; while `sending`, only the holder of the lease may say so. */
  | { readonly type: 'expired' }
  | { readonly type: 'cancel' }
  /** Only while scheduled. */
  | { readonly type: 'reschedule'; readonly dueAt: number }
  /** A human asks to start it afresh; not before the time it was to be sent at, if that is still to come. */
  | { readonly type: 'retry'; readonly notBefore?: number | null }
  /** A human sets a dead letter aside. */
  | { readonly type: 'discard' }
  /** It is finished, and what is written together with this counts on it: a change made meanwhile refuses both. */
  | { readonly type: 'kept' }
  /** A provider's later news of an attempt in the log. `cancelled`: nothing of the notification may be sent any more. */
  | {
      readonly type: 'receipt';
      readonly news: News;
      readonly of: Pick<Attempt, 'number' | 'channel' | 'outcome'>;
      readonly cancelled?: boolean;
    };

export interface DeliveryPolicy {
  readonly retry: RetryPolicy;
  readonly onUnknown: OnUnknown;
}

/** Waits in a row that providers ask for are borne this long together where the chain has another channel to go to. */
export const PATIENCE = 60_000;

/** The same where it has none: a day. After that they count as failures. */
export const MAX_LIMITED = 86_400_000;

/** The shortest such wait. As they cost no attempt, a shorter one would let a provider keep a worker spinning. */
export const MIN_LIMITED = 1_000;

/** Lost workers a delivery survives: with one more it is taken to be what kills them. */
export const MAX_CRASHES = 5;

/**
 * The only writer of a delivery's state.
 *
 * ```
 *              claimed (lease, version = fencing token)
 *  scheduled ─┐                     ┌── accepted ──► sent ── delivered ──► delivered
 *  pending   ─┼──────► sending ─────┤
 *  retrying  ─┘          ▲          ├── rejected : the channel is out ─► next channel ─► … ─► failed
 *      ▲                 │          ├── deferred : next channel; after the last one the next round
 *      │  due            │          ├── limited  : the same channel at the provider's time; costs no round
 *      └─────────────────┴──────────┼── unknown  : like deferred, or failed (maybe_sent) if `onUnknown` is fail
 *                                   ├── released : pending, nothing was called; retrying where that is for later
 *                                   └── lease expired : pending, same channel; too often: failed (worker_lost)
 *  scheduled | pending | retrying ── cancel ─► cancelled ;  ── expired ─► expired ;  sending ── expired ─► expired
 *  scheduled ── reschedule ─► scheduled ;  pending ── taken back ─► pending, due at once
 *  failed | cancelled | expired ── retry ─► pending, all channels and rounds afresh
 *  failed ── discard ─► failed, set aside
 *  sent | delivered ── bounced ─► next channel, else failed
 *  pending | retrying | scheduled | failed | expired ── an attempt of unknown outcome was delivered ─► delivered
 * ```
 *
 * Answers null where the event does not apply in this state: then nothing has happened. Otherwise the version has
 * grown by one, and `dueAt` is null exactly if the new state is terminal.
 */
export function transition(
  delivery: Delivery,
  event: DeliveryEvent,
  now: number,
  policy: DeliveryPolicy,
): Delivery | null {
  const next = apply(delivery, event, now, policy);
  return next === null ? null : { ...next, version: delivery.version + 1 };
}

function apply(delivery: Delivery, event: DeliveryEvent, now: number, policy: DeliveryPolicy): Delivery | null {
  const sending = delivery.status === 'sending';
  const waiting = !sending && !isTerminal(delivery.status);
  switch (event.type) {
    case 'claimed':
      return leased(delivery, event, now);
    case 'tried':
      return sending ? tried({ ...delivery, attempts: delivery.attempts + event.attempts }, event, now, policy) : null;
    case 'released':
      return sending ? released(delivery, event.notBefore ?? now, now) : null;
    case 'taken_back':
      return isHandedOver(delivery, now) ? wake(delivery, 'pending', now) : null;
    case 'lease_expired':
      if (!sending || delivery.dueAt === null || delivery.dueAt > now) return null;
      return workerLost(delivery, now, policy);
    case 'expired':
      return !isTerminal(delivery.status) && isExpired(delivery, now)
        ? finish(delivery, 'expired', 'expired', now)
        : null;
    case 'cancel':
      return waiting ? finish(delivery, 'cancelled', 'cancelled', now) : null;
    case 'reschedule':
      return delivery.status === 'scheduled' ? wake(delivery, 'scheduled', event.dueAt) : null;
    case 'retry':
      return delivery.status === 'failed' || delivery.status === 'cancelled' || delivery.status === 'expired'
        ? afresh(delivery, event.notBefore ?? now, now)
        : null;
    case 'discard':
      return delivery.status === 'failed' && delivery.discardedAt === null ? { ...delivery, discardedAt: now } : null;
    case 'kept':
      return isTerminal(delivery.status) ? delivery : null;
    case 'receipt':
      return receipt(delivery, event, now);
  }
}

function leased<D extends Claimable>(
  delivery: D,
  { leaseUntil, named = false }: Extract<DeliveryEvent, { type: 'claimed' }>,
  now: number,
): D | null {
  const { status, dueAt } = delivery;
  const due = (dueAt !== null && dueAt <= now) || (named && status === 'pending');
  if (status === 'sending' || isTerminal(status) || !due) return null;
  return { ...delivery, status: 'sending', dueAt: leaseUntil };
}

function tried(
  delivery: Delivery,
  event: { readonly outcome: Outcome; readonly random: number },
  now: number,
  policy: DeliveryPolicy,
): Delivery {
  const { outcome } = event;
  switch (outcome.kind) {
    case 'accepted':
      return {
        ...finish(delivery, 'sent', null, now),
        channelUsed: currentChannel(delivery),
        limitedSince: null,
        sentAt: now,
      };
    case 'rejected':
      return nextChannel(drop(delivery), outcome.code, now, policy, event.random);
    case 'unknown':
      if (policy.onUnknown === 'fail') return finish(delivery, 'failed', 'maybe_sent', now);
      return nextChannel(delivery, outcome.code, now, policy, event.random);
    case 'deferred': {
      const resumeAt = limitedUntil(delivery, outcome.retryAfterMs, now);
      if (resumeAt === null) return nextChannel(delivery, outcome.code, now, policy, event.random);
      return wake(
        { ...delivery, reason: outcome.code, limitedSince: delivery.limitedSince ?? now },
        'retrying',
        resumeAt,
      );
    }
  }
}

/** Until when a wait that costs no attempt lasts. Null: there is none, or it is too long to be borne. */
function limitedUntil(delivery: Delivery, retryAfterMs: number | undefined, now: number): number | null {
  if (retryAfterMs === undefined) return null;
  const until = now + Math.ceil(Math.max(retryAfterMs, MIN_LIMITED));
  const borne = nextPosition(delivery) === null ? MAX_LIMITED : PATIENCE;
  return until - (delivery.limitedSince ?? now) <= borne ? until : null;
}

/** What waits is not `pending`: a queue that names it must not wake it. */
function released(delivery: Delivery, notBefore: number, now: number): Delivery {
  return notBefore > now ? wake(delivery, 'retrying', notBefore) : wake(delivery, 'pending', now);
}

function workerLost(delivery: Delivery, now: number, policy: DeliveryPolicy): Delivery {
  const lost: Delivery = {
    ...delivery,
    attempts: delivery.attempts + 1,
    crashes: delivery.crashes + 1,
    reason: 'worker_lost',
  };
  const { kind } = outcomeOfLost(currentChannel(delivery));
  if (kind === 'unknown' && policy.onUnknown === 'fail') return finish(lost, 'failed', 'maybe_sent', now);
  if (lost.crashes > MAX_CRASHES) return finish(lost, 'failed', 'worker_lost', now);
  // The same channel again, not the next one: there the stable idempotency key can absorb the repeat.
  return wake(lost, 'pending', now);
}

/** The channel that was just tried is done with for this round. */
function nextChannel(
  delivery: Delivery,
  reason: Reason,
  now: number,
  policy: DeliveryPolicy,
  random: number,
): Delivery {
  const moved: Delivery = { ...delivery, reason, limitedSince: null };
  const position = nextPosition(delivery);
  if (position !== null) return wake({ ...moved, position }, 'pending', now);
  const first = delivery.chain.findIndex((channel) => !delivery.out.includes(channel));
  if (first === -1 || delivery.round >= policy.retry.rounds) return finish(moved, 'failed', reason, now);
  const wait = backoff(policy.retry, delivery.round, random);
  return wake({ ...moved, position: first, round: delivery.round + 1 }, 'retrying', now + wait);
}

/** Where in the chain this round goes on; null at its end. */
function nextPosition(delivery: Delivery): number | null {
  const position = delivery.chain.findIndex(
    (channel, index) => index > delivery.position && !delivery.out.includes(channel),
  );
  return position === -1 ? null : position;
}

/**
 * Only what the attempt itself brought about is changed, so news of an older one touches nothing newer. That it bounced
 * outweighs that it was delivered, in whichever order they come: a server that has taken a message can still find that
 * nobody is there. While it is being sent only the holder of the lease writes.
 */
function receipt(
  delivery: Delivery,
  { news, of, cancelled }: Extract<DeliveryEvent, { type: 'receipt' }>,
  now: number,
): Delivery | null {
  // The log ends with the attempt that was accepted. What came through without that has no `sentAt`.
  const isLast = of.number === delivery.attempts && of.channel === delivery.channelUsed;
  const isOfTheSend = delivery.sentAt !== null && isLast && of.outcome === 'accepted';
  if (news === 'bounced') return isOfTheSend ? bounced(delivery, cancelled ?? false, now) : null;
  if (delivery.status === 'sent') return isOfTheSend ? { ...delivery, status: 'delivered', deliveredAt: now } : null;
  return of.outcome === 'unknown' && IN_DOUBT.has(delivery.status) ? cameThrough(delivery, of.channel, now) : null;
}

/** Where an attempt of unknown outcome may still turn out to have worked. A cancel is the last word. */
const IN_DOUBT: ReadonlySet<DeliveryStatus> = new Set(['pending', 'retrying', 'scheduled', 'failed', 'expired']);

function bounced(delivery: Delivery, isLast: boolean, now: number): Delivery {
  const dropped: Delivery = {
    ...drop(delivery),
    channelUsed: null,
    sentAt: null,
    deliveredAt: null,
    reason: 'bounced',
  };
  const position = nextPosition(dropped);
  if (position === null || isLast || isExpired(delivery, now)) return finish(dropped, 'failed', 'bounced', now);
  return wake({ ...dropped, position, finishedAt: null }, 'pending', now);
}

function cameThrough(delivery: Delivery, channel: Channel, now: number): Delivery {
  const over = { reason: null, limitedSince: null, dueAt: null, discardedAt: null, finishedAt: now };
  return { ...delivery, ...over, status: 'delivered', channelUsed: channel, deliveredAt: now };
}

/** All channels again, those without an address too: by now the recipient may have one. */
function afresh(delivery: Delivery, notBefore: number, now: number): Delivery {
  const cleared = {
    round: 1,
    position: 0,
    out: [],
    crashes: 0,
    limitedSince: null,
    reason: null,
    finishedAt: null,
    discardedAt: null,
  };
  return wake({ ...delivery, ...cleared }, notBefore > now ? 'scheduled' : 'pending', Math.max(notBefore, now));
}

function drop(delivery: Delivery): Delivery {
  const channel: Channel = currentChannel(delivery);
  return { ...delivery, out: [...delivery.out, channel] };
}

/** Waits until `dueAt`, or until the expiry if that comes first: then it is looked at only to be ended. */
function wake(delivery: Delivery, status: 'scheduled' | 'pending' | 'retrying', dueAt: number): Delivery {
  return { ...delivery, status, dueAt: delivery.expiresAt === null ? dueAt : Math.min(dueAt, delivery.expiresAt) };
}

function finish(
  delivery: Delivery,
  status: 'sent' | 'failed' | 'expired' | 'cancelled',
  reason: Reason | null,
  now: number,
): Delivery {
  return { ...delivery, status, reason, dueAt: null, finishedAt: now };
}

/** What the event `claimed` looks at and changes. */
export type Claimable = Pick<Delivery, 'status' | 'dueAt' | 'version'>;

/** The event `claimed`, for stores: it needs no policy, and no more of a delivery than that. */
export function claimed<D extends Claimable>(delivery: D, leaseUntil: number, now: number, named: boolean): D | null {
  const next = leased(delivery, { type: 'claimed', leaseUntil, named }, now);
  return next === null ? null : { ...next, version: delivery.version + 1 };
}

/** The event `taken_back`, which needs none either. */
export function takenBack(delivery: Delivery, now: number): Delivery | null {
  return transition(delivery, { type: 'taken_back' }, now, NO_POLICY);
}

const NO_POLICY: DeliveryPolicy = { retry: { rounds: 1, delays: [] }, onUnknown: 'fail' };
