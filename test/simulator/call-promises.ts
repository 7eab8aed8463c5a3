import type { SendContext } from '../../src/channels/provider.ts';
import { isTerminal } from '../../src/domain/delivery.ts';
import type { Call, Row } from './calls.ts';
import type { Life } from './life.ts';
import type { Finding } from './promises.ts';

/** How long after its signal a provider is still listened to, in ms. */
const LAST_WORD = 250;

/** Renewed every third of a lease, none is lost by less than that. */
const LEASE_PARTS = 3;

/** What must hold when a provider is called. `call` is not among the row's calls yet. */
export function checkCall(row: Row, call: Call, context: SendContext, storeNow: number, slack: number): Finding {
  const { delivery } = row;
  const { life } = call;
  if (delivery.status === 'cancelled') return ['cancel', 'it is cancelled, and a call starts'];
  if (row.stopped) return ['cancel', 'its notification was cancelled, and a call starts'];
  const ownNow = life.clock.now();
  if (delivery.expiresAt !== null && delivery.expiresAt <= ownNow) {
    return ['expiry', `it expired ${ownNow - delivery.expiresAt} ms ago, and a call starts`];
  }
  const { sendAt } = row.notification;
  if (sendAt !== null && sendAt > storeNow + slack) {
    return ['due', `it is to be sent at ${sendAt}, and a call starts`];
  }
  if (context.notAfter !== delivery.expiresAt) return ['expiry', 'the provider is not told when it expires'];
  if (delivery.status !== 'sending' || row.claim === null) {
    return [isTerminal(delivery.status) ? 'once' : 'holder', `it is ${delivery.status}, and a call starts`];
  }
  if (row.claim.by !== life) return ['holder', `${row.claim.by.name} holds it, and ${life.name} calls`];
  if (delivery.dueAt === null || delivery.dueAt <= storeNow) return ['holder', 'the lease is over, and a call starts'];
  if (delivery.out.includes(call.channel)) return ['moves', `${call.channel} is out, and is tried`];
  if (delivery.chain[delivery.position] !== call.channel) return ['moves', `${call.channel} is not its turn`];
  return checkKey(row, call) ?? checkRepeat(row, call);
}

function checkKey(row: Row, call: Call): Finding {
  if (!call.key.includes(row.delivery.id)) return ['stable_key', `${call.key} is not this delivery's`];
  const other = row.calls.find((one) => (one.key === call.key) !== (one.channel === call.channel));
  return other === undefined
    ? null
    : ['stable_key', `${other.key} on ${other.channel}, ${call.key} on ${call.channel}`];
}

function checkRepeat(row: Row, call: Call): Finding {
  const again = row.calls.find(
    (one) => one.bounced && one.channel === call.channel && one.generation === call.generation,
  );
  if (again !== undefined) return ['moves', `attempt ${again.attempt} bounced, and the channel is tried again`];
  const earlier = row.calls.filter((one) => one.generation === call.generation && !one.bounced);
  if (row.notification.onUnknown === 'fail') {
    // What an inbox was to take, and has not, is known not to have worked.
    const open = earlier.find((one) => one.takenAt !== null || (one.channel !== 'in_app' && !isRefusal(one)));
    if (open !== undefined) return ['at_most_once', `attempt ${open.attempt} may have worked (${open.fate})`];
  }
  const rejected = earlier.find((one) => one.recorded === 'rejected' && one.channel === call.channel);
  if (rejected !== undefined)
    return ['moves', `attempt ${rejected.attempt} was rejected, and the channel is tried again`];
  const accepted = earlier.find((one) => one.recorded === 'accepted');
  return accepted === undefined ? null : ['once', `attempt ${accepted.attempt} was recorded as accepted`];
}

function isRefusal({ said }: Call): boolean {
  return said?.outcome?.kind === 'rejected' || said?.outcome?.kind === 'deferred';
}

/** A provider has taken the message: each time it had before needs an excuse. Counts them. */
export function checkTaken(call: Call, sendTimeout: number, leaseMs: number): { finding: Finding; duplicates: number } {
  let duplicates = 0;
  for (const other of call.row.calls) {
    if (other === call || other.takenAt === null || other.generation !== call.generation) continue;
    if (other.bounced) continue;
    duplicates += 1;
    const first = other.at <= call.at ? other : call;
    if (!isExcused(first, sendTimeout, leaseMs)) {
      const what = `attempt ${first.attempt} (${first.fate}) was taken and is ${first.recorded ?? 'not recorded'}, and so is attempt ${Math.max(call.attempt, other.attempt)}`;
      return { finding: ['once', what], duplicates };
    }
  }
  return { finding: null, duplicates };
}

/** Nobody could know that this call had worked when the next one was made. */
function isExcused(call: Call, sendTimeout: number, leaseMs: number): boolean {
  const { said, at, life, recorded } = call;
  if (recorded === 'accepted') return false;
  const answered = said?.outcome?.kind === 'accepted' && said.at <= at + sendTimeout + LAST_WORD;
  if (recorded !== null) return !answered || said.at >= at + sendTimeout;
  // It is not in the log: whoever made it did not come to that.
  return isLost(life, call, leaseMs);
}

/** Its process died, or so much befell it that it could not keep the lease. */
function isLost(life: Life, call: Call, leaseMs: number): boolean {
  if (life.crashedAt !== null && life.crashedAt >= call.at) return true;
  let lost = 0;
  let counted = call.claimedAt;
  for (const { what, from, until } of life.troubles) {
    if (what === 'store' || until < counted) continue;
    lost += until - Math.max(from, counted);
    counted = until;
  }
  return lost >= leaseMs / LEASE_PARTS;
}
