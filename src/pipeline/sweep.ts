import type { Clock } from '../domain/clock.ts';
import { currentChannel } from '../domain/delivery.ts';
import type { Emit } from '../domain/events.ts';
import { outcomeOfLost } from '../domain/lost-worker.ts';
import { attemptOf } from '../domain/outcome.ts';
import { pause } from '../domain/pause.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import { transition } from '../domain/transition.ts';
import type { Claim, Store } from '../store/store.ts';
import type { HandOff } from './hand-off.ts';
import { inTime } from './in-time.ts';
import { type Ongoing, ongoing } from './ongoing.ts';
import { policyOf } from './settle.ts';

export interface SweepDeps {
  readonly store: Pick<Store, 'expiredLeases' | 'write' | 'purge'>;
  readonly handOff: HandOff;
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly emit: Emit;
}

/** How often lost workers are looked for, in ms: a pass of its own, so new work cannot starve it. */
const INTERVAL = 1_000;
const BATCH = 500;
/** How much longer it waits after a fault of the store, in ms: longer than a worker waits before it writes again. */
const AFTER_FAULT = 2_000;
/** How often and how far idempotency keys are forgotten, in ms. */
const PURGE_INTERVAL = 60_000;
export const KEY_LIFETIME = 86_400_000;
const PURGE_BATCH = 1_000;

/** Puts right what nobody else will. Any number may run at once: each repair is fenced, so one of them wins. */
export function createSweeper(deps: SweepDeps): Ongoing {
  return ongoing(async (signal) => {
    let purgeDue = deps.clock.now() + PURGE_INTERVAL;
    while (!signal.aborted) {
      try {
        while ((await reclaim(deps)) === BATCH && !signal.aborted);
        if (deps.clock.now() >= purgeDue) {
          await purge(deps, signal);
          purgeDue = deps.clock.now() + PURGE_INTERVAL;
        }
      } catch (error) {
        deps.emit({ type: 'fault', where: 'sweep', error });
        // Workers hold results that they could not write either: theirs come first when the store is back.
        await pause(deps.clock, AFTER_FAULT, signal);
      }
      await pause(deps.clock, INTERVAL, signal);
    }
  });
}

/** Takes deliveries back whose worker let the lease run out; answers how many it tried to. */
export async function reclaim(deps: SweepDeps): Promise<number> {
  const lost = await inTime(deps.clock, deps.store.expiredLeases(BATCH));
  const now = deps.clock.now();
  const repairs = lost.flatMap((claim) => repair(claim, deps.retry, now) ?? []);
  // By this process's clock none has ended yet: the store's is ahead, and asking again at once would go round and round.
  if (repairs.length === 0) return 0;
  const written = await inTime(deps.clock, deps.store.write(repairs.map(({ change }) => [change])));
  for (const [index, { change, requestId }] of repairs.entries()) {
    // Refused: its worker came back in time, or another sweeper was first.
    if (written[index] !== true) continue;
    deps.emit({ type: 'reclaimed', requestId, deliveryId: change.after.id });
    deps.emit({ type: 'moved', requestId, delivery: change.after });
    deps.handOff([change.after]);
  }
  return repairs.length;
}

function repair({ delivery, notification }: Claim, retry: RetryPolicy, now: number) {
  const after = transition(delivery, { type: 'lease_expired' }, now, policyOf(notification, retry));
  if (after === null) return null;
  const channel = currentChannel(delivery);
  const call = { number: after.attempts, channel, provider: null, startedAt: now, durationMs: 0 };
  const attempt = attemptOf(outcomeOfLost(channel), call);
  return { change: { after, attempts: [attempt] }, requestId: notification.requestId };
}

async function purge(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const keysBefore = deps.clock.now() - KEY_LIFETIME;
  const some = () => inTime(deps.clock, deps.store.purge({ keysBefore, limit: PURGE_BATCH }));
  while ((await some()) === PURGE_BATCH && !signal.aborted);
}
