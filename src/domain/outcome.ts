import type { Channel } from './channel.ts';
import type { NewInboxEntry } from './inbox-entry.ts';
import type { Reason } from './reason.ts';

/**
 * What a provider said of one attempt. The provider classifies its own failures; nobody else looks at its answer.
 *
 * - `accepted`: it has taken the message. `providerMessageId` is null where it gives none. With `entry` the message is
 *   this entry of an inbox, and is there once it is recorded that it was sent: both are written together.
 * - `rejected`: never try this channel again for this delivery. `recipientDead`: nor this address for anyone.
 * - `deferred`: nothing was sent, trying later may work. `scope: 'provider'` says that the fault is the provider's
 *   or our account's, not the message's: its next provider is tried at once, and its health suffers.
 *   With `retryAfterMs` the provider named a time: a wait for it is not an attempt.
 * - `unknown`: bytes were sent and no answer came. Policy decides, not the provider. It speaks against the provider's
 *   health, unless its scope is the attempt.
 */
export type Outcome =
  | { readonly kind: 'accepted'; readonly providerMessageId: string | null; readonly entry?: NewInboxEntry }
  | { readonly kind: 'rejected'; readonly code: Reason; readonly detail: string; readonly recipientDead?: boolean }
  | {
      readonly kind: 'deferred';
      readonly code: Reason;
      readonly detail: string;
      readonly scope: 'attempt' | 'provider';
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'unknown'; readonly code: Reason; readonly detail: string; readonly scope?: 'attempt' };

/** One call to one provider, as the log keeps it. */
export interface Attempt {
  /** 1, 2, … within the delivery. */
  readonly number: number;
  readonly channel: Channel;
  /** Null where no provider was called (`no_address`) or none is known (`worker_lost`). */
  readonly provider: string | null;
  readonly outcome: Outcome['kind'];
  readonly code: Reason | null;
  /** At most 500 characters of the provider's own words; no message text, no secrets. */
  readonly detail: string | null;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly providerMessageId: string | null;
}

/** Longest `detail` that is kept, in characters. */
export const MAX_DETAIL = 500;

export function attemptOf(
  outcome: Outcome,
  call: { number: number; channel: Attempt['channel']; provider: string | null; startedAt: number; durationMs: number },
): Attempt {
  return {
    ...call,
    outcome: outcome.kind,
    code: outcome.kind === 'accepted' ? null : outcome.code,
    detail: outcome.kind === 'accepted' ? null : outcome.detail.slice(0, MAX_DETAIL).toWellFormed(),
    providerMessageId: outcome.kind === 'accepted' ? outcome.providerMessageId : null,
  };
}
