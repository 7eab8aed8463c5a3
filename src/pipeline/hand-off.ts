import type { Delivery } from '../domain/delivery.ts';
import type { Emit } from '../domain/events.ts';
import type { DeliverTask, Queue } from '../queue/queue.ts';

/**
 * Store → queue, after the commit. Never fails the request that brought the deliveries: they are durable, and what
 * the queue did not take is found in the store when it is due. Safe to repeat.
 */
export type HandOff = (deliveries: readonly Delivery[]) => void;

export function createHandOff(queue: Queue, emit: Emit): HandOff {
  return (deliveries) => {
    // Scheduled ones are not handed over, but the bell is rung: the next due time may now be an earlier one.
    if (deliveries.every((delivery) => delivery.dueAt === null)) return;
    const tasks: DeliverTask[] = deliveries
      .filter((delivery) => delivery.status === 'pending')
      .map((delivery) => ({ v: 1, id: delivery.id, priority: delivery.priority }));
    queue.publish(tasks).catch((error: unknown) => emit({ type: 'fault', where: 'hand-off', error }));
  };
}
