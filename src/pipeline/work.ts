import { claimOrder } from '../domain/claim-order.ts';
import type { Clock } from '../domain/clock.ts';
import type { Emit } from '../domain/events.ts';
import type { DeliveryId } from '../domain/ids.ts';
import type { DeliverTask, Queue } from '../queue/queue.ts';
import type { Claim, Store } from '../store/store.ts';
import type { Deliver, HeldClaim } from './deliver.ts';
import { pause } from './pause.ts';

export interface WorkDeps {
  readonly store: Pick<Store, 'claimDue' | 'claim' | 'renew' | 'nextDueAt'>;
  readonly queue: Queue;
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Deliveries in hand at once. */
  readonly concurrency: number;
  readonly leaseMs: number;
  /** Longest one call may take, in ms. */
  readonly sendTimeout: number;
}

/** Claims what is due and delivers it, as many at once as it may. */
export interface Worker {
  start(): void;
  /** Claims no more; resolves when everything in hand is settled or given back. */
  stop(): Promise<void>;
  /** When its loop last went round, in ms since the epoch. */
  lastTurnAt(): number;
}

/** The longest sleep, in ms: a safety net under the bell, and the pulse that `lastTurnAt` shows. */
const LONGEST_SLEEP = 5_000;
/** The wait after a fault of the store, in ms. */
const FAULT_WAIT = 250;

interface Held {
  readonly claim: Claim;
  /** By this process's clock, from before the claim was asked for: never later than the store's own. */
  leaseEndsAt: number;
  lost: boolean;
}

export function createWorker(deps: WorkDeps): Worker {
  const stopping = new AbortController();
  const held = new Map<DeliveryId, Held>();
  const loops: Promise<void>[] = [];
  let turnAt = deps.clock.now();
  let turns = 0;
  let waiting: (() => void)[] = [];

  function slotFreed(): Promise<void> {
    return new Promise((resolve) => waiting.push(resolve));
  }

  /** Resolves with the number of free slots, at least one; after the turn in which the first became free. */
  async function freeSlots(): Promise<number> {
    while (held.size >= deps.concurrency) await slotFreed();
    // Those that were settled by the same commit come free together: one claim then serves them all.
    await pause(deps.clock, 0);
    return deps.concurrency - held.size;
  }

  function take(claims: readonly Claim[], leaseEndsAt: number): Promise<void>[] {
    return claims.map(async (claim) => {
      const holding: Held = { claim, leaseEndsAt, lost: false };
      held.set(claim.delivery.id, holding);
      try {
        await deps.deliver(heldClaim(holding));
      } catch (error) {
        // The lease runs out and the sweeper takes over.
        deps.emit({ type: 'fault', where: 'deliver', error });
      } finally {
        held.delete(claim.delivery.id);
        const woken = waiting;
        waiting = [];
        for (const wake of woken) wake();
      }
    });
  }

  function heldClaim(holding: Held): HeldClaim {
    return {
      ...holding.claim,
      mayStillSend: () => !holding.lost && holding.leaseEndsAt - deps.clock.now() > deps.sendTimeout,
    };
  }

  /** One turn: what is due in the store goes into the free slots. True: there may be more. */
  async function fromStore(): Promise<boolean> {
    const limit = await freeSlots();
    if (stopping.signal.aborted) return false;
    const leaseEndsAt = deps.clock.now() + deps.leaseMs;
    const order = claimOrder(turns++);
    const claims = await deps.store.claimDue({ limit, order, leaseMs: deps.leaseMs });
    void Promise.all(take(claims, leaseEndsAt));
    return claims.length > 0;
  }

  /** One turn: what the queue names goes into the free slots, and is acknowledged when settled. */
  async function fromQueue(): Promise<void> {
    const limit = await freeSlots();
    const tasks = await deps.queue.take(limit, stopping.signal);
    if (tasks.length === 0) return;
    const leaseEndsAt = deps.clock.now() + deps.leaseMs;
    const claims = await deps.store.claim(
      tasks.map((task) => task.id),
      deps.leaseMs,
    );
    const byId = new Map(tasks.map((task) => [task.id, task]));
    const ending = take(claims, leaseEndsAt);
    for (const [index, claim] of claims.entries()) {
      const task = byId.get(claim.delivery.id);
      byId.delete(claim.delivery.id);
      if (task !== undefined) void ending[index]?.then(() => acknowledge([task]));
    }
    // Not claimable: finished, or with another worker, or not due. The store knows; the queue can forget them.
    await acknowledge([...byId.values()]);
  }

  async function acknowledge(tasks: readonly DeliverTask[]): Promise<void> {
    if (tasks.length === 0) return;
    try {
      await deps.queue.ack(tasks);
    } catch (error) {
      deps.emit({ type: 'fault', where: 'queue', error });
    }
  }

  /** Until the next delivery is due, the bell rings, or the worker stops. */
  async function idle(): Promise<void> {
    const next = await deps.store.nextDueAt();
    const wait = Math.min(next === null ? LONGEST_SLEEP : Math.max(0, next - deps.clock.now()), LONGEST_SLEEP);
    if (deps.queue.carries) return pause(deps.clock, wait, stopping.signal);
    const over = new AbortController();
    const end = () => over.abort();
    const cancel = deps.clock.after(wait, end);
    stopping.signal.addEventListener('abort', end, { once: true });
    if (stopping.signal.aborted) end();
    await deps.queue.take(1, over.signal);
    cancel();
    stopping.signal.removeEventListener('abort', end);
  }

  async function loop(where: string, turn: () => Promise<unknown>): Promise<void> {
    while (!stopping.signal.aborted) {
      turnAt = deps.clock.now();
      try {
        await turn();
      } catch (error) {
        deps.emit({ type: 'fault', where, error });
        await pause(deps.clock, FAULT_WAIT, stopping.signal);
      }
    }
  }

  /** Keeps the leases of long sends: those in hand for a third of their lease get a new one. */
  async function renewals(): Promise<void> {
    await pause(deps.clock, deps.leaseMs / 3, stopping.signal);
    const now = deps.clock.now();
    const old = [...held.values()].filter((one) => !one.lost && one.leaseEndsAt - now < (deps.leaseMs * 2) / 3);
    if (old.length === 0) return;
    const leases = old.map(({ claim }) => ({ id: claim.delivery.id, version: claim.delivery.version }));
    const renewed = await deps.store.renew(leases, deps.leaseMs);
    for (const [index, one] of old.entries()) {
      if (renewed[index] === true) one.leaseEndsAt = now + deps.leaseMs;
      else one.lost = true;
    }
  }

  return {
    start() {
      if (loops.length > 0) return;
      loops.push(loop('worker', async () => (await fromStore()) || idle()));
      if (deps.queue.carries) loops.push(loop('queue', fromQueue));
      loops.push(loop('leases', renewals));
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
      while (held.size > 0) await slotFreed();
    },
    lastTurnAt: () => turnAt,
  };
}
