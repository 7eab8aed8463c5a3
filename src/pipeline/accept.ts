import type { Channel } from '../domain/channel.ts';
import type { Clock } from '../domain/clock.ts';
import { type Delivery, newDelivery } from '../domain/delivery.ts';
import type { Emit } from '../domain/events.ts';
import { deliveryId, type IdMaker, type NotificationId } from '../domain/ids.ts';
import type { Notification } from '../domain/notification.ts';
import { type Attempt, attemptOf } from '../domain/outcome.ts';
import { planRoute, type RouteRules, type Strategy } from '../domain/route.ts';
import type { AcceptResult, NewNotification, Store, Submission } from '../store/store.ts';
import type { HandedOverUntil, HandOff } from './hand-off.ts';

/** A request to tell one recipient something, checked and in normal form. Times are ms since the epoch. */
export interface SendRequest extends Omit<Notification, 'id' | 'requestId' | 'broadcastId' | 'createdAt' | 'sendAt'> {
  /** Null: the default route. */
  readonly channels: readonly (Channel | readonly Channel[])[] | null;
  readonly strategy: Strategy;
  readonly sendAt: number | null;
}

/** How a request is to be recognised when it comes again. */
export interface RequestKey {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** What became of the parts of one submission, before it is durable. */
export interface Accepted {
  /** The notification's id, or the broadcast's where many were made. */
  readonly id: NotificationId;
  readonly createdAt: number;
  readonly notifications: readonly { readonly id: NotificationId; readonly status: Delivery['status'] }[];
}

/** One submission: all its requests are accepted together or not at all. */
export interface AcceptRequest {
  readonly requestId: string;
  readonly requests: readonly SendRequest[];
  /** Many recipients of one request share an id of their own. */
  readonly broadcast: boolean;
  readonly key: RequestKey | null;
  /** Writes the answer that is given now and, for a key seen again, later. */
  readonly answer: (accepted: Accepted) => string;
}

export type AcceptAnswer =
  /** `id` as in `Accepted`. */
  | { readonly kind: 'accepted'; readonly id: NotificationId; readonly answer: string }
  /** What was answered the first time. */
  | { readonly kind: 'replayed'; readonly answer: string }
  /** The key was used for another request. */
  | { readonly kind: 'mismatch' }
  /** These requests (by index) have no channel with an address; nothing of the submission was accepted. */
  | { readonly kind: 'unroutable'; readonly indexes: readonly number[] };

export interface AcceptDeps {
  readonly store: Pick<Store, 'accept'>;
  readonly handOff: HandOff;
  readonly handedOverUntil: HandedOverUntil;
  readonly clock: Clock;
  readonly ids: IdMaker;
  readonly rules: RouteRules;
  readonly emit: Emit;
}

/**
 * The way in. Answers when everything accepted is durable; each submission on its own. Throws `StoreUnavailable`,
 * and then nothing was accepted (or, if the answer of a commit was lost, it can be asked again with its key).
 */
export type Accept = (submissions: readonly AcceptRequest[]) => Promise<readonly AcceptAnswer[]>;

export function createAccept(deps: AcceptDeps): Accept {
  return async (submissions) => {
    const now = deps.clock.now();
    const plans = submissions.map((submission) => plan(submission, deps, now));
    const routable = plans.filter((plan) => plan.kind === 'routable');
    const results = await deps.store.accept(routable.map((plan) => plan.submission));
    let next = 0;
    return plans.map((plan) => {
      if (plan.kind === 'unroutable') return plan;
      const result = results[next++];
      tell(plan, result, deps);
      return toAnswer(plan, result);
    });
  };
}

interface Routable {
  readonly kind: 'routable';
  readonly requestId: string;
  readonly submission: Submission;
  readonly id: NotificationId;
  readonly answer: string;
}

function plan(
  request: AcceptRequest,
  deps: AcceptDeps,
  now: number,
): Routable | Extract<AcceptAnswer, { kind: 'unroutable' }> {
  const legs = request.requests.map((one) => planRoute(one.channels, one.strategy, one.recipient, deps.rules));
  if (legs.some((route) => route.length === 0)) {
    return { kind: 'unroutable', indexes: legs.flatMap((route, index) => (route.length === 0 ? [index] : [])) };
  }
  const handedOverUntil = deps.handedOverUntil(now);
  const broadcastId = request.broadcast ? deps.ids.notificationId(now) : null;
  const made = request.requests.map((one, index) =>
    newNotification(
      one,
      legs[index] ?? [],
      { requestId: request.requestId, broadcastId, handedOverUntil },
      deps.ids.notificationId(now),
      now,
    ),
  );
  const first = made[0];
  if (first === undefined) throw new Error('a submission must hold at least one request');
  const id = broadcastId ?? first.notification.id;
  const answer = request.answer({
    id,
    createdAt: now,
    notifications: made.map(({ notification, deliveries }) => ({
      id: notification.id,
      status: deliveries.some((delivery) => delivery.status === 'scheduled') ? 'scheduled' : 'pending',
    })),
  });
  const key = request.key === null ? null : { ...request.key, answer, createdAt: now };
  return { kind: 'routable', requestId: request.requestId, submission: { notifications: made, key }, id, answer };
}

function newNotification(
  request: SendRequest,
  legs: ReturnType<typeof planRoute>,
  about: {
    readonly requestId: string;
    readonly broadcastId: NotificationId | null;
    readonly handedOverUntil: number | null;
  },
  id: NotificationId,
  now: number,
): NewNotification {
  const { requestId, broadcastId, handedOverUntil } = about;
  // Field by field: to copy all but two of them costs several times as much.
  const notification: Notification = {
    id,
    requestId,
    broadcastId,
    createdAt: now,
    recipient: request.recipient,
    title: request.title,
    message: request.message,
    actionUrl: request.actionUrl,
    data: request.data,
    overrides: request.overrides,
    priority: request.priority,
    sendAt: request.sendAt,
    expiresAt: request.expiresAt,
    retry: request.retry,
    onUnknown: request.onUnknown,
    metadata: request.metadata,
    tags: request.tags,
  };
  const attempts = new Map<Delivery['id'], readonly Attempt[]>();
  const deliveries = legs.map((leg, index) => {
    const delivery = newDelivery(
      {
        id: deliveryId(id, index + 1),
        notificationId: id,
        leg: index + 1,
        chain: leg.chain,
        unaddressed: leg.unaddressed,
        priority: request.priority,
        dueAt: request.sendAt ?? now,
        expiresAt: request.expiresAt,
        handedOverUntil,
      },
      now,
    );
    if (leg.unaddressed.length > 0) attempts.set(delivery.id, leg.unaddressed.map(noAddress(now)));
    return delivery;
  });
  return { notification, deliveries, attempts };
}

function noAddress(now: number): (channel: Channel, index: number) => Attempt {
  return (channel, index) =>
    attemptOf(
      { kind: 'rejected', code: 'no_address', detail: `the recipient has no address for ${channel}` },
      { number: index + 1, channel, provider: null, startedAt: now, durationMs: 0 },
    );
}

function tell(plan: Routable, result: AcceptResult | undefined, deps: AcceptDeps): void {
  const { requestId, submission } = plan;
  if (result?.kind === 'replayed') deps.emit({ type: 'replayed', requestId });
  if (result?.kind !== 'accepted') return;
  const { notifications } = submission;
  deps.emit({ type: 'accepted', requestId, ids: notifications.map(({ notification }) => notification.id) });
  const [first] = notifications;
  const isOne = first !== undefined && notifications.length === 1;
  deps.handOff(isOne ? first.deliveries : notifications.flatMap(({ deliveries }) => deliveries));
}

function toAnswer(plan: Routable, result: AcceptResult | undefined): AcceptAnswer {
  if (result === undefined) throw new Error('the store answered fewer results than it was given submissions');
  switch (result.kind) {
    case 'accepted':
      return { kind: 'accepted', id: plan.id, answer: plan.answer };
    case 'replayed':
      return { kind: 'replayed', answer: result.answer };
    case 'mismatch':
      return { kind: 'mismatch' };
  }
}
