import type { DeliverTask, Queue } from '../../src/queue/queue.ts';

export interface Bell extends Queue {
  /** Everything that was published, a call each. */
  readonly published: readonly (readonly DeliverTask[])[];
  /** From now on publishing fails, or works again. */
  fail(failing: boolean): void;
}

/** A queue that carries nothing and only rings. A ring that nobody waits for is kept for the next one who does. */
export function bell(): Bell {
  const published: (readonly DeliverTask[])[] = [];
  let waiting: (() => void)[] = [];
  let rung = false;
  let failing = false;
  return {
    carries: false,
    published,
    fail(now) {
      failing = now;
    },
    async publish(tasks) {
      if (failing) throw new Error('the queue is away');
      published.push(tasks);
      rung = waiting.length === 0;
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    take(_limit, signal) {
      if (rung || signal.aborted) {
        rung = false;
        return Promise.resolve([]);
      }
      return new Promise((resolve) => {
        const wake = () => {
          waiting = waiting.filter((one) => one !== wake);
          signal.removeEventListener('abort', wake);
          resolve([]);
        };
        waiting.push(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    },
    ack: () => Promise.resolve(),
    probe: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
