import type { Channel } from './channel.ts';
import type { DeliveryId } from './ids.ts';
import type { Attempt } from './outcome.ts';

/** `delivered`: it has reached where it was sent. `bounced`: it came back, or could not be handed over after all. */
export type News = 'delivered' | 'bounced';

/** A provider's later news about an attempt. What names the attempt was sent along with it, and comes back. */
export interface Receipt {
  readonly deliveryId: DeliveryId;
  readonly attempt: number;
  readonly channel: Channel;
  readonly provider: string;
  /** The provider's own id of the message; null where it tells none. */
  readonly messageId: string | null;
  readonly news: News;
}

/**
 * The attempt in a delivery's log that a receipt is about; null if there is none that can have worked. Calls of a lost
 * worker are in no log one by one, and their numbers are given again: where the attempt of that number is not the one,
 * the receipt is of the lost worker before it on the same channel.
 */
export function attemptTold<A extends Attempt>(receipt: Receipt, log: readonly A[]): A | null {
  return (
    log.find((attempt) => isTheOne(receipt, attempt)) ??
    log.findLast(
      ({ code, channel, number }) => code === 'worker_lost' && channel === receipt.channel && number <= receipt.attempt,
    ) ??
    null
  );
}

function isTheOne(receipt: Receipt, attempt: Attempt): boolean {
  const { number, channel, provider, outcome, providerMessageId } = attempt;
  const ids = [receipt.messageId, providerMessageId];
  return (
    (outcome === 'accepted' || outcome === 'unknown') &&
    number === receipt.attempt &&
    channel === receipt.channel &&
    provider === receipt.provider &&
    (ids.includes(null) || receipt.messageId === providerMessageId)
  );
}
