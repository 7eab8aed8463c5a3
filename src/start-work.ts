import type { Parts, Role, Stops } from './parts.ts';
import { createBulkhead } from './pipeline/bulkhead.ts';
import { createDeliver } from './pipeline/deliver.ts';
import { createForgetter } from './pipeline/forget.ts';
import { createProviderGate } from './pipeline/provider-gate.ts';
import { createRetainer } from './pipeline/retain.ts';
import { createSettle } from './pipeline/settle.ts';
import { createSweeper } from './pipeline/sweep.ts';
import { createWatchdog, type Watchdog } from './pipeline/watchdog.ts';
import { createWorker, type Worker } from './pipeline/work.ts';

/** Who delivers in this process, and who watches over that. */
export interface Work {
  readonly worker: Worker;
  readonly watchdog: Watchdog;
}

/** The roles `worker` and `scheduler`. Null: this process does not deliver. */
export function startWork(parts: Parts, roles: ReadonlySet<Role>, giveUp: () => void, stops: Stops): Work | null {
  const { config, store, clock, bell, queue, channels, emit, handOff, traces } = parts;
  const common = { store, handOff, clock, retry: config.retry, emit };
  if (roles.has('worker') || roles.has('scheduler')) {
    const sweeper = createSweeper(common);
    sweeper.start();
    stops.push(() => sweeper.stop());
    const forgetter = createForgetter({ store, clock, emit });
    forgetter.start();
    stops.push(() => forgetter.stop());
    const retainer = createRetainer({ store, clock, random: Math.random, emit, retention: config.retention });
    retainer.start();
    stops.push(() => retainer.stop());
  }
  if (!roles.has('worker')) return null;
  let stopping = false;
  const deliver = createDeliver({
    channels,
    gate: createProviderGate(clock, emit),
    bulkhead: createBulkhead(clock, config.concurrency),
    settle: createSettle(common),
    clock,
    random: Math.random,
    emit,
    sendTimeout: config.sendTimeout,
    ...(traces === null ? {} : { traceparent: traces.traceparent }),
    stopping: () => stopping,
  });
  const { concurrency, leaseMs, sendTimeout } = config;
  const worker = createWorker({
    store,
    bell,
    queue,
    deliver,
    clock,
    emit,
    concurrency,
    leaseMs,
    sendTimeout,
  });
  worker.start();
  stops.push(async () => {
    stopping = true;
    await worker.stop();
  });
  const watchdog = createWatchdog({ store, worker, clock, emit, giveUp });
  watchdog.start();
  stops.push(() => watchdog.stop());
  return { worker, watchdog };
}
