import type { Channels, Message, OpenProvider, SendContext } from '../channels/provider.ts';
import type { Channel } from '../domain/channel.ts';
import type { Clock, Random } from '../domain/clock.ts';
import { currentChannel, isExpired } from '../domain/delivery.ts';
import type { Emit } from '../domain/events.ts';
import type { DeliveryId } from '../domain/ids.ts';
import { type Attempt, attemptOf, type Outcome } from '../domain/outcome.ts';
import type { Claim } from '../store/store.ts';
import type { Bulkhead } from './bulkhead.ts';
import { callWithDeadline } from './deadline.ts';
import type { ProviderGate } from './provider-gate.ts';
import { render } from './render.ts';
import type { Settle } from './settle.ts';

/** A claim as its worker holds it: the worker renews the lease, and knows when that fails. */
export interface HeldClaim extends Claim {
  /** False once the lease is lost, or will be before a send could end: then nobody may be called any more. */
  readonly mayStillSend: () => boolean;
  /** What is left of it waits for nobody outside: its slot is of better use to another. */
  readonly freeSlot: () => void;
  /** What came of it is being recorded: where the store keeps that order, whatever is claimed from now on comes later. */
  readonly recording: () => void;
}

export interface DeliverDeps {
  readonly channels: Channels;
  readonly gate: ProviderGate;
  readonly bulkhead: Bulkhead;
  readonly settle: Settle;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  /** Longest one call may take, in ms. */
  readonly sendTimeout: number;
  /** What a provider is told of the trace that its call belongs to. Left out: nothing is traced. */
  readonly traceparent?: (requestId: string, deliveryId: DeliveryId, attempt: number) => string;
  /** True while the worker is going down: what has not been sent is given back. */
  readonly stopping: () => boolean;
}

/** One claimed delivery: check → render → choose a provider → send → settle. Never throws for what providers do. */
export type Deliver = (claim: HeldClaim) => Promise<void>;

export function createDeliver(deps: DeliverDeps): Deliver {
  return async (claim) => {
    const settled = settle(claim, await travel(claim, deps), deps);
    claim.recording();
    await settled;
  };
}

/** What came of trying one channel: the calls made, and how they count together. */
type Trip =
  | { readonly kind: 'tried'; readonly outcome: Outcome; readonly attempts: readonly Attempt[] }
  /** Nobody was called, and the delivery goes back as it was. */
  | { readonly kind: 'released' }
  /** The same, but for a while: where it is to go others are waiting already. */
  | { readonly kind: 'sent_away'; readonly waitMs: number }
  /** It expired before anybody was called. */
  | { readonly kind: 'expired' };

function travel(claim: HeldClaim, deps: DeliverDeps): Promise<Trip> | Trip {
  const { delivery, notification } = claim;
  if (isExpired(delivery, deps.clock.now())) return { kind: 'expired' };
  const channel = currentChannel(delivery);
  const message = render(channel, notification, delivery, deps.channels.sandboxed);
  return message === null ? unaddressed(claim, channel, deps.clock.now()) : send(claim, message, deps);
}

/** The channel's providers in order, until one takes the message or says something about it that another would too. */
async function send(claim: HeldClaim, message: Message, deps: DeliverDeps): Promise<Trip> {
  const attempts: Attempt[] = [];
  const outcomes: Outcome[] = [];
  let heldBackFor: number | null = null;
  for (const provider of deps.channels.transports(message.channel)) {
    const { account, transport } = provider;
    const place = { account, connections: transport.concurrency, host: transport.hostOf(message) };
    if (place.host === null) claim.freeSlot();
    const entry = await deps.bulkhead.enter(place);
    if (entry.kind === 'full') {
      if (attempts.length === 0) return { kind: 'sent_away', waitMs: entry.waitMs };
      break;
    }
    let outcome: Outcome | null = null;
    try {
      const stop = whyStop(claim, deps);
      if (stop !== null) {
        if (attempts.length === 0) return { kind: stop };
        break;
      }
      const wait = deps.gate.admit(account);
      if (wait > 0) {
        heldBackFor = Math.min(heldBackFor ?? wait, wait);
        continue;
      }
      const called = await call(claim, message, provider, attempts.length, deps);
      outcome = called.outcome;
      deps.gate.called(account, outcome, called.attempt.startedAt);
      attempts.push(called.attempt);
      outcomes.push(outcome);
      if (!(outcome.kind === 'deferred' && outcome.scope === 'provider')) break;
    } finally {
      entry.leave(outcome);
    }
  }
  const heldBack = heldBackFor === null ? null : spread(heldBackFor, deps.random);
  return { kind: 'tried', outcome: together(outcomes, heldBack), attempts };
}

function whyStop(claim: HeldClaim, deps: DeliverDeps): 'expired' | 'released' | null {
  if (isExpired(claim.delivery, deps.clock.now())) return 'expired';
  return deps.stopping() || !claim.mayStillSend() ? 'released' : null;
}

async function call(
  claim: Claim,
  message: Message,
  provider: OpenProvider,
  made: number,
  deps: DeliverDeps,
): Promise<{ readonly outcome: Outcome; readonly attempt: Attempt }> {
  const { delivery, notification } = claim;
  const startedAt = deps.clock.now();
  const number = delivery.attempts + made + 1;
  const context = (signal: AbortSignal): SendContext => ({
    notificationId: delivery.notificationId,
    deliveryId: delivery.id,
    idempotencyKey: `${delivery.id}-${message.channel}`,
    attempt: number,
    signal,
    now: startedAt,
    notAfter: delivery.expiresAt,
    ...(deps.traceparent && { traceparent: deps.traceparent(notification.requestId, delivery.id, number) }),
  });
  const outcome = await callWithDeadline(deps, (signal) => provider.transport.send(message, context(signal)));
  const durationMs = Math.max(0, deps.clock.now() - startedAt);
  const attempt = attemptOf(outcome, {
    number,
    channel: message.channel,
    provider: provider.id,
    startedAt,
    durationMs,
  });
  return { outcome, attempt };
}

/** Several providers of one channel count as one try: the last word, or the shortest wait if that is all they ask for. */
function together(outcomes: readonly Outcome[], heldBackFor: number | null): Outcome {
  const last = outcomes.at(-1);
  if (last === undefined) return nobodyCalled(heldBackFor);
  if (last.kind !== 'deferred') return last;
  const waits = outcomes.map((outcome) => (outcome.kind === 'deferred' ? outcome.retryAfterMs : undefined));
  // One that failed without naming a time is a failure of the round, whatever the others asked for.
  if (waits.includes(undefined)) return withoutWait(last);
  const named = [...waits, heldBackFor ?? undefined].filter((wait) => wait !== undefined);
  return { ...last, retryAfterMs: Math.min(...named) };
}

function nobodyCalled(heldBackFor: number | null): Outcome {
  const scope = 'provider';
  if (heldBackFor === null) {
    return { kind: 'deferred', code: 'provider_misconfigured', detail: 'the channel has no provider', scope };
  }
  const detail = 'every provider of the channel is left alone for now';
  return { kind: 'deferred', code: 'provider_down', detail, scope, retryAfterMs: heldBackFor };
}

/** What is held back together does not come back together: up to half as long again. */
function spread(wait: number, random: Random): number {
  return Math.round(wait * (1 + random() / 2));
}

function withoutWait(outcome: Extract<Outcome, { kind: 'deferred' }>): Outcome {
  const { retryAfterMs: _named, ...rest } = outcome;
  return rest;
}

function unaddressed(claim: Claim, channel: Channel, now: number): Trip {
  const outcome: Outcome = {
    kind: 'rejected',
    code: 'no_address',
    detail: `the recipient has no address for ${channel}`,
  };
  const call = { number: claim.delivery.attempts + 1, channel, provider: null, startedAt: now, durationMs: 0 };
  return { kind: 'tried', outcome, attempts: [attemptOf(outcome, call)] };
}

/** Asks at once for the record of it. */
function settle(claim: HeldClaim, trip: Trip, deps: DeliverDeps): Promise<boolean> {
  switch (trip.kind) {
    case 'tried': {
      const { outcome, attempts } = trip;
      if (attempts.length === 0 && outcome.kind === 'deferred') heldBack(claim, outcome.retryAfterMs ?? 0, deps);
      const event = { type: 'tried', outcome, attempts: attempts.length, random: deps.random() } as const;
      return deps.settle(claim, event, attempts);
    }
    case 'sent_away': {
      const { waitMs } = trip;
      heldBack(claim, waitMs, deps);
      return deps.settle(claim, { type: 'released', notBefore: deps.clock.now() + waitMs }, []);
    }
    case 'released':
    case 'expired':
      return deps.settle(claim, { type: trip.kind }, []);
  }
}

function heldBack(claim: Claim, waitMs: number, deps: DeliverDeps): void {
  const { delivery, notification } = claim;
  deps.emit({
    type: 'held_back',
    requestId: notification.requestId,
    deliveryId: delivery.id,
    channel: currentChannel(delivery),
    waitMs,
  });
}
