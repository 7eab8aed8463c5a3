import type { Delivery } from '../../src/domain/delivery.ts';
import type { Attempt } from '../../src/domain/outcome.ts';
import type { Call, Row } from './calls.ts';
import type { Finding } from './promises.ts';

/**
 * What a receipt may make of a delivery, from the point of view of the calls: the ledger knows which of them is which,
 * whatever number it bears. `latest`: the latest that it can be by the writer's clock.
 */
export function checkReceived(row: Row, after: Delivery, attempts: readonly Attempt[], latest: number): Finding {
  if (attempts.length > 0) return ['complete_log', 'a receipt made an attempt'];
  const { delivery: before, sentBy } = row;
  if (after.status === 'delivered') {
    const can = before.status === 'sent' ? [sentBy] : row.calls.filter(isInDoubt);
    const isTrue = can.some((call) => call?.told.has('delivered') === true && call.channel === after.channelUsed);
    return isTrue ? null : ['told', `it was ${before.status}, and no call that this hangs on was told to be delivered`];
  }
  if (sentBy?.told.has('bounced') !== true) {
    return ['told', `it was ${before.status}, and the call that it was sent by did not bounce`];
  }
  if (after.reason !== 'bounced' || !after.out.includes(sentBy.channel))
    return ['reasons', 'it bounced, and does not say so'];
  if (after.status === 'pending') return row.stopped ? ['cancel', 'it was cancelled, and goes on'] : null;
  const left = before.chain.filter((channel, place) => place > before.position && !after.out.includes(channel));
  const isCancelled = row.siblings.some((leg) => leg.delivery.status === 'cancelled');
  const isOver = isCancelled || (before.expiresAt !== null && before.expiresAt <= latest);
  return left.length > 0 && !isOver ? ['persistent', `it bounced and failed with ${left.join()} left`] : null;
}

/** At the end, when everything was told: is everything known that can be? */
export function checkHeard(row: Row): Finding {
  const { delivery, sentBy, calls, bounced, cancelled } = row;
  if (sentBy?.heard.has('bounced') === true) return ['heard', `it is ${delivery.status}, and has bounced`];
  if (delivery.status === 'sent' && sentBy?.heard.has('delivered') === true) {
    return ['heard', `it is sent, and attempt ${sentBy.attempt} is known to be delivered`];
  }
  // What was sent by another attempt, or cancelled, when the news came had no use for them.
  if (bounced || cancelled || (delivery.status !== 'failed' && delivery.status !== 'expired')) return null;
  const through = calls.find((call) => call.heard.has('delivered') && isInDoubt(call));
  return through === undefined
    ? null
    : ['heard', `it is ${delivery.status}, and attempt ${through.attempt} is known to be delivered`];
}

/** Nobody knew whether it had worked. */
function isInDoubt({ recorded }: Call): boolean {
  return recorded === null || recorded === 'unknown';
}
