import type { Emit, TripEvent } from '../../src/domain/events.ts';
import { idMaker } from '../../src/domain/ids.ts';
import { type Accept, createAccept } from '../../src/pipeline/accept.ts';
import { createBulkhead } from '../../src/pipeline/bulkhead.ts';
import { type Control, createControl } from '../../src/pipeline/control.ts';
import { createDeliver } from '../../src/pipeline/deliver.ts';
import { createHandOff } from '../../src/pipeline/hand-off.ts';
import { createHealth, type HealthReport } from '../../src/pipeline/health.ts';
import { createProviderGate } from '../../src/pipeline/provider-gate.ts';
import { createReceive, type Receive } from '../../src/pipeline/receive.ts';
import { createSettle } from '../../src/pipeline/settle.ts';
import { createSweeper } from '../../src/pipeline/sweep.ts';
import { createWatchdog } from '../../src/pipeline/watchdog.ts';
import { createWorker } from '../../src/pipeline/work.ts';
import { databaseQueue } from '../../src/queue/database/database-queue.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import type { Part } from './ledger.ts';
import type { Life } from './life.ts';
import { queueLink } from './queue-link.ts';
import { storeLink } from './store-link.ts';
import { vendors } from './vendors.ts';
import { isPlanned } from './weather.ts';
import type { World } from './world.ts';

/** How long after its end a trouble can still be felt, in ms. */
const TROUBLED_FOR = 120_000;

/** The real pipeline as one process has it, wired as `main.ts` does. */
export interface Service {
  readonly accept: Accept;
  readonly control: Control;
  readonly receive: Receive;
  readonly health: () => Promise<HealthReport>;
  /** Another process has committed. */
  readonly ring: () => void;
  /** Takes and claims no more, and resolves when what is in hand is done. */
  stop(): Promise<void>;
}

/** `giveUp`: its worker cannot be brought to work any more. */
export function startService(world: World, life: Life, giveUp: () => void): Service {
  const { plan } = world;
  const random = world.chance(`own of ${life.name}`);
  const { clock } = life;
  const rings = new Set<() => void>();
  const subscribe = (ring: () => void) => {
    rings.add(ring);
    return () => rings.delete(ring);
  };
  const bell = databaseQueue({ changes: { subscribe } });
  const queue = world.broker() === null ? null : queueLink(world, life);
  const emit = watching(world, life);
  const { handOff, handedOverUntil, ...handingOver } = createHandOff({
    bell,
    queue,
    clock,
    emit,
    store: storeLink(world, life, 'hand-off'),
  });
  const common = (part: Part) => ({ store: storeLink(world, life, part), handOff, clock, retry: plan.retry, emit });
  const channels = vendors(world, life);
  let stopping = false;
  const deliver = createDeliver({
    ...{ channels, clock, emit, gate: createProviderGate(clock, emit), settle: createSettle(common('settle')) },
    bulkhead: createBulkhead(clock, plan.concurrency),
    ...{ random: () => random.next(), sendTimeout: plan.sendTimeout, stopping: () => stopping },
  });
  const { concurrency, leaseMs, sendTimeout } = plan;
  const worker = createWorker({
    ...{ store: storeLink(world, life, 'worker'), bell, queue, deliver, clock, emit },
    ...{ concurrency, leaseMs, sendTimeout },
  });
  const sweeper = createSweeper(common('sweep'));
  const roles = life.host.plan;
  const watchdog = createWatchdog({ store: storeLink(world, life, 'health'), worker, clock, emit, giveUp });
  if (roles.sweeper) sweeper.start();
  if (roles.worker) {
    worker.start();
    watchdog.start();
  }
  const rules = { defaultChannels: ['email'], sandboxed: channels.sandboxed } as const;
  const ids = idMaker(random.bytes);
  return {
    accept: createAccept({ ...common('accept'), handedOverUntil, ids, rules }),
    control: createControl(common('control')),
    receive: createReceive(common('receive')),
    health: createHealth({
      ...{ store: storeLink(world, life, 'health'), queue: queue ?? bell, clock },
      worker: roles.worker ? worker : null,
      watchdog: roles.worker ? watchdog : null,
    }),
    ring() {
      for (const ring of rings) ring();
    },
    async stop() {
      await watchdog.stop();
      stopping = true;
      await worker.stop();
      if (roles.sweeper) await sweeper.stop();
      await handingOver.idle();
      await bell.close();
    },
  };
}

/** Nothing may go wrong in a process but what was planned to, or comes of that. */
function watching(world: World, life: Life): Emit {
  return (event: TripEvent) => {
    if (!life.alive || event.type !== 'fault' || isPlanned(event.error)) return;
    // A process that stood still, or whose store was slow, misses answers and sees no progress.
    const isExplained = event.error instanceof StoreUnavailable || event.where === 'watchdog';
    if (isExplained && life.wasTroubled(world.timeline.now() - TROUBLED_FOR)) return;
    const text = event.error instanceof Error ? (event.error.stack ?? event.error.message) : String(event.error);
    world.ledger.break('sound', `${life.name}, ${event.where}: ${text}`, []);
  };
}
