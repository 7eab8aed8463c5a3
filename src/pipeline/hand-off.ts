import type { Clock } from '../domain/clock.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { Emit } from '../domain/events.ts';
import type { DeliverTask, Queue } from '../queue/queue.ts';

/**
 * Store → workers, after the commit. Never fails the request that brought the deliveries: they are durable, and what
 * nobody was told of is found in the store when it is due. Safe to repeat.
 */
export type HandOff = (deliveries: readonly Delivery[]) => void;

/**
 * Until when a queue that carries is trusted with what is accepted now: so long it is not due in the store, and only
 * the worker that the queue names it to may take it. Null: no queue, or none that works; then it is due at once.
 */
export type HandedOverUntil = (now: number) => number | null;

export interface HandOffDeps {
  /** Wakes the workers of this process, and of others where the store can. */
  readonly bell: Queue;
  /** Carries the ids of what is accepted; null where the store itself is the queue. */
  readonly queue: Queue | null;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** How long a queue is trusted, in ms. If it, or the worker it told, is lost, the workers find the delivery then. */
const TRUST = 30_000;
/** After a queue has failed nothing is handed to it for this long, in ms. */
const DISTRUST = 5_000;
/** Most tasks that wait for the queue. Past it they are left to the store: the queue is behind. */
const WAITING_TASKS = 20_000;
const BATCH = 1_000;

export function createHandOff({ bell, queue, clock, emit }: HandOffDeps): {
  readonly handOff: HandOff;
  readonly handedOverUntil: HandedOverUntil;
} {
  let failedAt: number | null = null;
  let waiting: DeliverTask[] = [];
  let publishing = false;

  async function tell(told: Queue, tasks: readonly DeliverTask[]): Promise<boolean> {
    try {
      await told.publish(tasks);
      return true;
    } catch (error) {
      emit({ type: 'fault', where: 'hand-off', error });
      return false;
    }
  }

  /** What comes while one batch is on its way goes together in the next. */
  async function publishAll(carrier: Queue): Promise<void> {
    publishing = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      if (await tell(carrier, batch)) continue;
      failedAt = clock.now();
      waiting = [];
    }
    publishing = false;
  }

  const handOff: HandOff = (deliveries) => {
    const open = deliveries.filter(({ dueAt }) => dueAt !== null);
    if (open.length === 0) return;
    const now = clock.now();
    // What is ready and yet not due in the store is the queue's. All others are the store's: the bell is rung for those
    // that wait for their time too, as it may be earlier than the one that the worker sleeps for.
    const handedOver = queue === null ? [] : open.filter((one) => one.status === 'pending' && (one.dueAt ?? 0) > now);
    if (handedOver.length < open.length) void tell(bell, open.map(taskOf));
    if (queue === null || handedOver.length === 0 || waiting.length + handedOver.length > WAITING_TASKS) return;
    waiting.push(...handedOver.map(taskOf));
    if (!publishing) void publishAll(queue);
  };

  const handedOverUntil: HandedOverUntil = (now) => {
    if (queue === null || (failedAt !== null && now - failedAt < DISTRUST)) return null;
    return now + TRUST;
  };

  return { handOff, handedOverUntil };
}

function taskOf({ id, priority }: Delivery): DeliverTask {
  return { v: 1, id, priority };
}
