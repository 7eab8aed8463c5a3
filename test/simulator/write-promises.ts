import { isDeepStrictEqual } from 'node:util';
import { type Delivery, type DeliveryStatus, isTerminal } from '../../src/domain/delivery.ts';
import type { Attempt } from '../../src/domain/outcome.ts';
import type { RetryPolicy } from '../../src/domain/retry-policy.ts';
import type { Change } from '../../src/store/store.ts';
import type { Row } from './calls.ts';
import type { Part } from './ledger.ts';
import { PROVIDERS } from './plan.ts';
import type { Finding } from './promises.ts';
import { checkReceived } from './receipt-promises.ts';

/** Whose write it is, and what time it is. */
export interface Writing {
  readonly part: Part;
  /** By the store's clock. */
  readonly storeNow: number;
  /** By the writer's. */
  readonly ownNow: number;
  /** How far the writer's clock can have been set meanwhile. */
  readonly slack: number;
  readonly retry: RetryPolicy;
  readonly sendTimeout: number;
}

type Moves = Readonly<Partial<Record<DeliveryStatus, readonly DeliveryStatus[]>>>;

/** The diagram once more, from the point of view of who writes: said apart from `transition`, so as to differ from it. */
const MOVES: Readonly<Partial<Record<Part, Moves>>> = {
  settle: { sending: ['sent', 'pending', 'retrying', 'failed', 'expired'] },
  'hand-off': { pending: ['pending'] },
  sweep: { sending: ['pending', 'failed'] },
  control: {
    scheduled: ['cancelled', 'scheduled'],
    pending: ['cancelled'],
    retrying: ['cancelled'],
    failed: ['pending', 'scheduled', 'failed'],
    cancelled: ['pending', 'scheduled'],
    expired: ['pending', 'scheduled'],
  },
  receive: {
    sent: ['delivered', 'pending', 'failed'],
    delivered: ['pending', 'failed'],
    scheduled: ['delivered'],
    pending: ['delivered'],
    retrying: ['delivered'],
    failed: ['delivered'],
    expired: ['delivered'],
  },
};

const CONSTANT = ['id', 'notificationId', 'leg', 'priority', 'expiresAt'] as const;
const MOST_CRASHES = 5;
const SHORTEST_JITTER = 0.9;

/** What a write that was taken must be like. The first finding is told. */
export function checkWrite(row: Row, change: Change, writing: Writing): Finding {
  const { after, attempts, sendAt } = change;
  const before = row.delivery;
  if (after.version !== before.version + 1) {
    return ['fenced', `a write of version ${after.version} was taken over version ${before.version}`];
  }
  if ((writing.part === 'control' || writing.part === 'receive') && isKept(before, after)) return null;
  const move = `${before.status} → ${after.status}`;
  if (MOVES[writing.part]?.[before.status]?.includes(after.status) !== true) {
    return ['moves', `${writing.part} wrote ${move}`];
  }
  const changed = CONSTANT.find((field) => after[field] !== before[field]);
  if (changed !== undefined) return ['moves', `${move} changed ${changed}`];
  if ((after.dueAt === null) !== isTerminal(after.status)) return ['moves', `${after.status} is due at ${after.dueAt}`];
  return (
    checkEntry(row, change) ??
    checkLog(row, after, attempts) ??
    (isTerminal(after.status) ? checkEnd(row, after, writing) : checkWait(row, after, writing)) ??
    (writing.part === 'settle' ? checkSettled(row, after, attempts, writing) : null) ??
    (writing.part === 'sweep' ? checkReclaimed(row, after, attempts, writing) : null) ??
    (writing.part === 'control' ? checkControlled(row, after, attempts, sendAt) : null) ??
    (writing.part === 'receive' ? checkReceived(row, after, attempts, writing.ownNow + writing.slack) : null)
  );
}

/** Finished and written again as it is: what is written together with it counts on that. */
function isKept(before: Delivery, after: Delivery): boolean {
  return isTerminal(before.status) && isDeepStrictEqual({ ...before, version: after.version }, after);
}

/** What is sent by the inbox comes with its entry, and nothing else does. */
function checkEntry({ delivery, notification }: Row, { after, entry }: Change): Finding {
  const isSent = delivery.status === 'sending' && after.status === 'sent' && after.channelUsed === 'in_app';
  if (isSent !== (entry !== undefined)) {
    return ['inbox', `it becomes ${after.status} by ${after.channelUsed}, and brings ${entry?.id ?? 'no entry'}`];
  }
  if (entry === undefined) return null;
  const isIts = entry.id === after.id && entry.userId === notification.recipient.userId;
  return isIts ? null : ['inbox', `it brings ${entry.id} for ${entry.userId}`];
}

function checkLog(row: Row, after: Delivery, attempts: readonly Attempt[]): Finding {
  const numbers = attempts.map(({ number }) => number);
  const expected = attempts.map((_, index) => row.log.length + index + 1);
  if (numbers.join() !== expected.join() || after.attempts !== row.log.length + attempts.length) {
    return ['complete_log', `after ${row.log.length} attempts come ${numbers.join()}, and it says ${after.attempts}`];
  }
  return null;
}

function checkEnd(row: Row, after: Delivery, { part, ownNow, slack, retry }: Writing): Finding {
  if (after.status === 'sent') {
    const taken = row.claim?.calls.find(
      ({ said, takenAt, channel }) =>
        said?.outcome?.kind === 'accepted' && takenAt !== null && channel === after.channelUsed,
    );
    return taken === undefined ? ['honest', 'it is sent, and no provider has said so'] : null;
  }
  if (after.status === 'delivered') return null;
  if (after.reason === null) return ['reasons', `it is ${after.status} without a reason`];
  if (after.status === 'expired' && (after.expiresAt === null || after.expiresAt > ownNow + slack)) {
    return ['moves', `it is expired before ${after.expiresAt}`];
  }
  if (after.reason === 'maybe_sent' && row.notification.onUnknown !== 'fail') {
    return ['persistent', 'it failed as maybe_sent, and nobody had asked for at most once'];
  }
  if (after.status === 'failed' && part === 'settle' && after.reason !== 'maybe_sent') {
    return checkGivenUp(after, (row.notification.retry ?? retry).rounds);
  }
  return null;
}

function checkGivenUp(after: Delivery, rounds: number): Finding {
  const left = after.chain.filter((channel) => !after.out.includes(channel));
  if (left.length > 0 && after.round < rounds) {
    return ['persistent', `it failed in round ${after.round} of ${rounds} with ${left.join()} left`];
  }
  return null;
}

function checkWait(row: Row, after: Delivery, { part, ownNow, slack, retry, sendTimeout }: Writing): Finding {
  const before = row.delivery;
  const dueAt = after.dueAt ?? Infinity;
  if (after.expiresAt !== null && dueAt > after.expiresAt) return ['expiry', `it waits beyond ${after.expiresAt}`];
  if (part !== 'settle' || after.status !== 'retrying') return null;
  const policy = row.notification.retry ?? retry;
  const earliest =
    after.round > before.round
      ? (policy.delays[before.round - 1] ?? policy.delays.at(-1) ?? 0) * SHORTEST_JITTER
      : shortestNamedWait(row);
  // The wait was counted from when the writer decided: before it wrote, and before an answer that came too late.
  const ends = (row.claim?.calls ?? []).map(({ said, at }) => Math.min(said?.at ?? at, at + sendTimeout));
  const from = Math.max(...ends, row.claim?.at ?? 0);
  const due = Math.min(from + earliest - 1, after.expiresAt ?? Infinity);
  return dueAt + slack < due
    ? ['due', `it is to wait ${earliest} ms from ${from} and is due at ${dueAt} (${ownNow})`]
    : null;
}

/** What providers asked for before this call may be made again; where others of the channel were not asked, nothing. */
function shortestNamedWait({ claim }: Row): number {
  const calls = claim?.calls ?? [];
  const channel = calls[0]?.channel;
  if (channel === undefined || calls.length < (PROVIDERS[channel]?.length ?? 0)) return 0;
  const waits = calls.map(({ said }) => (said?.outcome?.kind === 'deferred' ? (said.outcome.retryAfterMs ?? 0) : 0));
  return Math.min(...waits);
}

/** Every call of the claim stands in the log as what its process was told, no more and no less. */
function checkSettled(row: Row, after: Delivery, attempts: readonly Attempt[], { sendTimeout }: Writing): Finding {
  const calls = row.claim?.calls ?? [];
  const called = attempts.filter(({ provider }) => provider !== null);
  if (called.length !== calls.length) return ['complete_log', `${calls.length} calls left ${called.length} attempts`];
  for (const [index, call] of calls.entries()) {
    const { number, provider, outcome } = called[index] ?? {};
    if (number !== call.attempt || provider !== call.provider) {
      return ['complete_log', `call ${call.attempt} of ${call.provider} stands as ${number} of ${provider}`];
    }
    const inTime = call.said !== null && call.said.at < call.at + sendTimeout;
    const told = call.said?.outcome?.kind ?? 'unknown';
    if (outcome !== told && (inTime || outcome !== 'unknown')) {
      return ['honest', `${provider} said ${told}, the log says ${outcome}`];
    }
    if (index === calls.length - 1 && outcome === 'accepted' && after.status !== 'sent') {
      return ['once', `it was accepted and is ${after.status}`];
    }
  }
  return null;
}

function checkReclaimed(
  row: Row,
  after: Delivery,
  attempts: readonly Attempt[],
  { storeNow, slack }: Writing,
): Finding {
  const { dueAt } = row.delivery;
  if (dueAt === null || dueAt > storeNow + slack) return ['holder', `it was reclaimed before ${dueAt}`];
  const [only] = attempts;
  if (attempts.length !== 1 || only?.code !== 'worker_lost') return ['complete_log', 'a lost worker is not in the log'];
  // What an inbox has taken is recorded.
  const isKnown = row.delivery.chain[row.delivery.position] === 'in_app';
  if (only.outcome !== (isKnown ? 'deferred' : 'unknown'))
    return ['honest', `a lost worker's attempt is ${only.outcome}`];
  if (!isKnown && row.notification.onUnknown === 'fail' && after.status !== 'failed') {
    return ['at_most_once', `its worker is lost and it is ${after.status}`];
  }
  if (isKnown && after.status === 'failed' && after.reason !== 'worker_lost') {
    return ['persistent', `nothing was sent, and it failed as ${after.reason}`];
  }
  if (after.status === 'failed' && after.reason === 'worker_lost' && after.crashes <= MOST_CRASHES) {
    return ['persistent', `it failed after ${after.crashes} lost workers`];
  }
  return null;
}

function checkControlled(row: Row, after: Delivery, attempts: readonly Attempt[], sendAt?: number): Finding {
  if (attempts.length > 0) return ['complete_log', 'a human made an attempt'];
  if (after.status === 'failed' && after.discardedAt === null) return ['moves', 'failed → failed'];
  const isMoved = row.delivery.status === 'scheduled' && after.status === 'scheduled';
  if (isMoved && (sendAt === undefined || after.dueAt !== Math.min(sendAt, after.expiresAt ?? sendAt))) {
    return ['due', `it was put off to ${sendAt} and is due at ${after.dueAt}`];
  }
  return null;
}
