import type { Clock } from '../domain/clock.ts';
import { type Delivery, isHandedOver } from '../domain/delivery.ts';
import type { Emit } from '../domain/events.ts';
import { takenBack } from '../domain/transition.ts';
import type { DeliverTask, Queue } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';
import { createBatchLine } from './batch-line.ts';
import { inTime } from './in-time.ts';

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
  readonly store: Pick<Store, 'write'>;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** How long a queue is trusted, in ms. If it, or the worker it told, is lost, the workers find the delivery then. */
const TRUST = 30_000;
/** After a queue has failed nothing is handed to it for this long, in ms. */
const DISTRUST = 5_000;
/** Most tasks that wait for the queue. */
const WAITING_TASKS = 20_000;
/** Most deliveries that are taken back by one write. */
const TAKEN_BACK = 1_000;

export interface HandingOver {
  readonly handOff: HandOff;
  readonly handedOverUntil: HandedOverUntil;
  /** Resolves when the queue has all that it was to be told, or has failed. */
  readonly idle: () => Promise<void>;
}

export function createHandOff({ bell, queue, store, clock, emit }: HandOffDeps): HandingOver {
  let failedAt: number | null = null;
  const onFault = (error: unknown) => emit({ type: 'fault', where: 'hand-off', error });
  const line = createBatchLine<Delivery>({
    pass: async (deliveries) => queue?.publish(deliveries.map(taskOf)),
    async onFault(error, dropped) {
      failedAt = clock.now();
      onFault(error);
      await takeBack(dropped);
    },
    room: WAITING_TASKS,
  });

  /** So that they need not wait until the trust ends. Whoever has one by now keeps it: the write is refused. */
  async function takeBack(deliveries: readonly Delivery[]): Promise<void> {
    const rest = [...deliveries];
    try {
      while (rest.length > 0) {
        const changes = rest.splice(0, TAKEN_BACK).flatMap((one) => takenBack(one, clock.now()) ?? []);
        await inTime(clock, store.write(changes.map((after) => [{ after, attempts: [] }])));
        await bell.publish(changes.map(taskOf));
      }
    } catch (error) {
      onFault(error);
    }
  }

  const handOff: HandOff = (deliveries) => {
    const open = deliveries.filter(({ dueAt }) => dueAt !== null);
    if (open.length === 0) return;
    // What is ready and yet not due in the store is the queue's. All others are the store's: the bell is rung for those
    // that wait for their time too, as it may be earlier than the one that the worker sleeps for.
    const handedOver = queue === null ? [] : handedOverOf(open, clock.now());
    if (handedOver.length < open.length) bell.publish(open.map(taskOf)).catch(onFault);
    // Without room the queue is behind: they are left to the store.
    if (handedOver.length > 0) line.add(handedOver);
  };

  const handedOverUntil: HandedOverUntil = (now) => {
    if (queue === null || (failedAt !== null && now - failedAt < DISTRUST)) return null;
    return now + TRUST;
  };

  return { handOff, handedOverUntil, idle: () => line.idle() };
}

function handedOverOf(open: readonly Delivery[], now: number): readonly Delivery[] {
  return open.filter((one) => isHandedOver(one, now));
}

function taskOf({ id, priority }: Delivery): DeliverTask {
  return { v: 1, id, priority };
}
