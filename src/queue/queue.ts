import type { DeliveryId } from '../domain/ids.ts';
import type { Priority } from '../domain/notification.ts';

/**
 * The port to what tells workers that deliveries are ready. It carries ids and nothing else: the store is the truth,
 * so a queue may lose, repeat or reorder without harm, and be wiped and rebuilt while running.
 *
 * Two sorts exist. A queue that `carries` names deliveries to the one worker that takes them. One that does not only
 * rings: the worker then asks the store what is due.
 */
export interface Queue {
  readonly carries: boolean;
  /** Resolves when the tasks are safe with the queue, or the bell has been rung. Safe to repeat. Throws when it cannot. */
  publish(tasks: readonly DeliverTask[]): Promise<void>;
  /**
   * Waits until there is something to do and takes up to `limit` tasks; an empty answer is the bell, or the signal's
   * end. A taken task that is never acknowledged comes again, to anybody.
   */
  take(limit: number, signal: AbortSignal): Promise<readonly DeliverTask[]>;
  /** The tasks are settled, or none of this queue's business any more. Unknown ones are ignored. */
  ack(tasks: readonly DeliverTask[]): Promise<void>;
  /** Resolves if the queue can be reached now. */
  probe(): Promise<void>;
  /** Ends every `take` with an empty answer and lets go of everything. Idempotent. */
  close(): Promise<void>;
}

/** What travels. `v` names this form, so that processes of two versions understand or refuse each other. */
export interface DeliverTask {
  readonly v: 1;
  readonly id: DeliveryId;
  readonly priority: Priority;
}
