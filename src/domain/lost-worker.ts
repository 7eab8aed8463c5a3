import type { Channel } from './channel.ts';
import type { Outcome } from './outcome.ts';

/**
 * What is known of an attempt whose worker was lost: nothing, but where a message is sent by its record. Of one that an
 * inbox would have taken there is none, and so it was not sent.
 */
export function outcomeOfLost(channel: Channel): Extract<Outcome, { readonly kind: 'unknown' | 'deferred' }> {
  if (channel === 'in_app') {
    return {
      kind: 'deferred',
      code: 'worker_lost',
      detail: 'the lease ran out before the entry was written',
      scope: 'attempt',
    };
  }
  return { kind: 'unknown', code: 'worker_lost', detail: 'the lease ran out before a result was recorded' };
}
