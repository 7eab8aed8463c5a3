import type { Delivery } from '../domain/delivery.ts';
import type { Emit } from '../domain/events.ts';
import type { DeliverTask, Queue } from '../queue/queue.ts';

/**
 * Store → queue, after the commit. Never fails the request that brought the deliveries: they are durable, and what
 * the queue did not take is found in the store when it is due. Safe to repeat.
 */
export type HandOff = (deliveries: readonly Delivery[]) => void;

export function createHandOff(queue: Queue, emit: Emit): HandOff {
  async function publish(tasks: readonly DeliverTask[]): Promise<void> {
    try {
      await queue.publish(tasks);
    } catch (error) {
      emit({ type: 'fault', where: 'hand-off', error });
    }
  }

  return (deliveries) => {
    // Those that wait for their time are not handed over. A queue that only rings is told of them too: the next due
    // time may now be an earlier one than the worker sleeps for.
    const tasks: DeliverTask[] = deliveries
      .filter(({ status, dueAt }) => (queue.carries ? status === 'pending' : dueAt !== null))
      .map((delivery) => ({ v: 1, id: delivery.id, priority: delivery.priority }));
    if (tasks.length === 0) return;
    void publish(tasks);
  };
}
