import type { Clock } from '../../domain/clock.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { PRIORITIES, type Priority } from '../../domain/notification.ts';
import type { DeliverTask, Queue } from '../queue.ts';

export interface MemoryQueueOptions {
  readonly clock: Clock;
  /** How long a taken task may stay without an acknowledgement before it comes again. */
  readonly visibilityMs?: number;
  /** How many tasks it holds, taken ones included; `publish` throws past that. */
  readonly capacity?: number;
}

interface Taker {
  readonly limit: number;
  readonly give: (tasks: readonly DeliverTask[]) => void;
}

/**
 * A queue that carries, in memory: what a broker does, without one. High priorities first, first come first served
 * within one; a task that waits already is not queued again. It has no time of its own.
 */
export function memoryQueue({ clock, visibilityMs = 60_000, capacity = 100_000 }: MemoryQueueOptions): Queue {
  return new InMemory(clock, visibilityMs, capacity);
}

class InMemory implements Queue {
  readonly carries = true;
  readonly #clock: Clock;
  readonly #visibilityMs: number;
  readonly #capacity: number;
  readonly #ready: Readonly<Record<Priority, Map<DeliveryId, DeliverTask>>> = {
    high: new Map(),
    normal: new Map(),
    low: new Map(),
  };
  /** Taken and not acknowledged; each with what takes its return back. */
  readonly #taken = new Map<DeliveryId, () => void>();
  readonly #takers = new Set<Taker>();
  #closed = false;

  constructor(clock: Clock, visibilityMs: number, capacity: number) {
    this.#clock = clock;
    this.#visibilityMs = visibilityMs;
    this.#capacity = capacity;
  }

  async publish(tasks: readonly DeliverTask[]): Promise<void> {
    this.#checkOpen();
    const held = PRIORITIES.reduce((sum, priority) => sum + this.#ready[priority].size, this.#taken.size);
    if (held + tasks.length > this.#capacity) throw new Error('the queue is full');
    for (const task of tasks) this.#enqueue(task);
    this.#serve();
  }

  async take(limit: number, signal: AbortSignal): Promise<readonly DeliverTask[]> {
    if (this.#closed || signal.aborted) return [];
    const tasks = this.#next(limit);
    if (tasks.length > 0) return tasks;
    return new Promise((resolve) => {
      const give = (given: readonly DeliverTask[]) => {
        this.#takers.delete(taker);
        signal.removeEventListener('abort', end);
        resolve(given);
      };
      const end = () => give([]);
      const taker = { limit, give };
      this.#takers.add(taker);
      signal.addEventListener('abort', end);
    });
  }

  async ack(tasks: readonly DeliverTask[]): Promise<void> {
    for (const { id } of tasks) {
      this.#taken.get(id)?.();
      this.#taken.delete(id);
    }
  }

  async probe(): Promise<void> {
    this.#checkOpen();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const taker of this.#takers) taker.give([]);
    for (const takeBack of this.#taken.values()) takeBack();
    this.#taken.clear();
    for (const priority of PRIORITIES) this.#ready[priority].clear();
  }

  #enqueue(task: DeliverTask): void {
    const line = this.#ready[task.priority];
    if (!line.has(task.id)) line.set(task.id, task);
  }

  /** Whoever has waited longest is served first. */
  #serve(): void {
    for (const taker of this.#takers) {
      const tasks = this.#next(taker.limit);
      if (tasks.length === 0) return;
      taker.give(tasks);
    }
  }

  #next(limit: number): readonly DeliverTask[] {
    const tasks: DeliverTask[] = [];
    for (const priority of PRIORITIES) {
      for (const task of this.#ready[priority].values()) {
        if (tasks.length >= limit) return tasks;
        this.#ready[priority].delete(task.id);
        this.#expectAck(task);
        tasks.push(task);
      }
    }
    return tasks;
  }

  #expectAck(task: DeliverTask): void {
    this.#taken.get(task.id)?.();
    const takeBack = this.#clock.after(this.#visibilityMs, () => {
      this.#taken.delete(task.id);
      this.#enqueue(task);
      this.#serve();
    });
    this.#taken.set(task.id, takeBack);
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error('the queue is closed');
  }
}
