import type { Queue } from '../queue.ts';
import type { ChangeSignal } from './change-signal.ts';

export interface DatabaseQueueOptions {
  /** Rings for the commits of other processes; null where there are none. */
  readonly changes: ChangeSignal | null;
}

/**
 * The store is the queue, and this is its bell: a ring says that something may be due, and the worker asks the store
 * what. A ring wakes everybody who waits. One that comes while nobody does is remembered, so that whoever asks next
 * does not sleep over work that was accepted while it was busy; a hundred of them are still one.
 */
export function databaseQueue({ changes }: DatabaseQueueOptions): Queue {
  const waiting = new Set<() => void>();
  let rung = false;
  let closed = false;

  function ring(): void {
    if (waiting.size === 0) rung = true;
    for (const wake of waiting) wake();
  }

  const unsubscribe = changes?.subscribe(ring);

  return {
    carries: false,

    async publish(tasks) {
      if (closed) throw new Error('the queue is closed');
      if (tasks.length > 0) ring();
    },

    async take(_limit, signal) {
      if (closed || signal.aborted) return [];
      if (rung) {
        rung = false;
        return [];
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
      return [];
    },

    async ack() {},

    async probe() {
      if (closed) throw new Error('the queue is closed');
    },

    async close() {
      if (closed) return;
      closed = true;
      unsubscribe?.();
      for (const wake of waiting) wake();
    },
  };
}
