import type { DeliveryId, NotificationId } from '../domain/ids.ts';
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
  /**
   * Resolves when the tasks are safe with the queue, or the bell has been rung. Safe to repeat. Throws when it cannot,
   * within seconds: nothing is kept for a queue that is away.
   */
  publish(tasks: readonly DeliverTask[]): Promise<void>;
  /**
   * Waits until there is something to do and takes up to `limit` tasks; an empty answer is the bell, or the signal's
   * end. A taken task that is never acknowledged comes again, to anybody. While the queue is away this only waits.
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

/** Where tools outside of the service can watch for what has failed for good; nothing in it reads that again. */
export interface DeadLetterNotice {
  /** Resolves when all are there. Throws as `publish` does. The oldest make room when nobody takes them away. */
  deadLetter(letters: readonly DeadLetter[]): Promise<void>;
}

export interface DeadLetter {
  readonly id: DeliveryId;
  readonly notificationId: NotificationId;
  readonly reason: string;
}

/** A queue on a broker. */
export interface BrokerQueue extends Queue, DeadLetterNotice {}

/** What such a queue tells about itself, for logs and metrics. */
export type QueueNotice =
  /** The broker cannot be reached, or does not do what it is asked. Told once, until it is back. */
  | { readonly type: 'queue_away'; readonly error: unknown }
  | { readonly type: 'queue_back' }
  /** What the broker keeps the tasks in was gone and has been made again. */
  | { readonly type: 'queue_rebuilt' }
  /** Messages that are no tasks, or of a form unknown here, were put out of the way. `total`: since the start. */
  | { readonly type: 'set_aside'; readonly count: number; readonly total: number }
  /** Tasks that somebody took and did not acknowledge in time have come again. */
  | { readonly type: 'taken_over'; readonly count: number };
