import { claimOrder } from '../domain/claim-order.ts';
import type { Clock } from '../domain/clock.ts';
import type { Emit } from '../domain/events.ts';
import { pause } from '../domain/pause.ts';
import type { DeliverTask, Queue } from '../queue/queue.ts';
import type { Claim, Store } from '../store/store.ts';
import { LAST_WORD } from './deadline.ts';
import type { Deliver, HeldClaim } from './deliver.ts';
import { inTime } from './in-time.ts';
import { createSlots, type InHand } from './slots.ts';

export interface WorkDeps {
  readonly store: Pick<Store, 'claimDue' | 'claim' | 'renew' | 'nextDueAt' | 'claimsAfterWrites'>;
  /** Rings when something may be due in the store. */
  readonly bell: Queue;
  /** Names what was handed over; null where the store is the queue. */
  readonly queue: Queue | null;
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Deliveries at once that wait for somebody outside. */
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
  signs(): WorkSigns;
}

/** By what a worker that is well can be told from one that is not. Numbers are since the start. */
export interface WorkSigns {
  /** Slots that no delivery takes. */
  readonly freeSlots: number;
  /** Deliveries claimed, from wherever they came. */
  readonly claimed: number;
  /** How often the store has answered to "what is due", and how often of them with a refusal. */
  readonly answered: number;
  readonly refused: number;
  /** It was asked what is due, and has not answered yet. */
  readonly unanswered: boolean;
}

/** The longest sleep, in ms: a safety net under the bell, and the pulse that `lastTurnAt` shows. */
const LONGEST_SLEEP = 5_000;
/**
 * The shortest, after a claim that found nothing: what is due by this process's clock may not yet be by the store's. It
 * doubles up to `FRUITLESS_SLEEP` as long as something is due and cannot be claimed, as it is locked by somebody else.
 */
const SHORTEST_SLEEP = 5;
const FRUITLESS_SLEEP = 320;
/** The wait after a fault of the store, in ms. */
const FAULT_WAIT = 250;

/** One claim asks for no more than this, or than there are slots: it keeps the store busy as a whole. */
const MOST_AT_ONCE = 1_000;

interface Held {
  readonly claim: Claim;
  /** By this process's clock, from before the claim was asked for: never later than the store's own. */
  leaseEndsAt: number;
  lost: boolean;
}

export function createWorker(deps: WorkDeps): Worker {
  const stopping = new AbortController();
  // By claim, not by id: what was lost and reclaimed can come back while its first result still waits to be refused.
  const held = new Set<Held>();
  const loops: Promise<void>[] = [];
  let turnAt = deps.clock.now();
  let turns = 0;
  let fruitless = SHORTEST_SLEEP;
  const slots = createSlots(deps.clock, deps.concurrency);
  let claimed = 0;
  let answered = 0;
  let refused = 0;
  let askedLast = 0;
  let answeredLast = 0;

  /** Fills so many reserved slots with what `claim` answers. */
  async function claimInto(reserved: number, claim: () => Promise<readonly Claim[]>) {
    const leaseEndsAt = deps.clock.now() + deps.leaseMs;
    const asked = claim();
    try {
      const claims = await inTime(deps.clock, asked);
      const ending = slots.admit(reserved, () => take(claims, { leaseEndsAt, lost: false }));
      return { claims, ending };
    } catch (error) {
      // Nobody waits for them any more: what comes after all goes back without a call.
      asked.then((claims) => take(claims, { leaseEndsAt, lost: true }), ignore);
      throw error;
    } finally {
      slots.release(reserved);
    }
  }

  function take(claims: readonly Claim[], lease: Pick<Held, 'leaseEndsAt' | 'lost'>): Promise<void>[] {
    claimed += claims.length;
    return claims.map(async (claim) => {
      const holding: Held = { claim, ...lease };
      const place = slots.enter(lease.lost);
      held.add(holding);
      try {
        if (place.turn !== null) await place.turn;
        await deps.deliver(heldClaim(holding, place));
      } catch (error) {
        // The lease runs out and the sweeper takes over.
        deps.emit({ type: 'fault', where: 'deliver', error });
      } finally {
        held.delete(holding);
        place.leave();
      }
    });
  }

  function heldClaim(holding: Held, { freeSlot, freeSlotSoon }: InHand): HeldClaim {
    return {
      ...holding.claim,
      freeSlot,
      recording: deps.store.claimsAfterWrites ? freeSlotSoon : ignore,
      mayStillSend: () => !holding.lost && holding.leaseEndsAt - deps.clock.now() > deps.sendTimeout + LAST_WORD,
    };
  }

  async function turnOnce(): Promise<void> {
    turnAt = deps.clock.now();
    if (!(await fromStore())) await idle();
  }

  /** One turn: what is due in the store goes into the free slots. True: there may be more. */
  async function fromStore(): Promise<boolean> {
    const limit = await slots.reserve(Math.max(deps.concurrency, MOST_AT_ONCE));
    const { claims } = await claimInto(limit, async () => {
      if (stopping.signal.aborted) return [];
      return claimDue(limit);
    });
    if (claims.length > 0) fruitless = SHORTEST_SLEEP;
    return claims.length > 0;
  }

  async function claimDue(limit: number): Promise<readonly Claim[]> {
    const ask = ++askedLast;
    try {
      return await deps.store.claimDue({ limit, order: claimOrder(turns++), leaseMs: deps.leaseMs });
    } catch (error) {
      refused += 1;
      throw error;
    } finally {
      answered += 1;
      answeredLast = Math.max(answeredLast, ask);
    }
  }

  /**
   * One turn: what the queue names goes into the free slots, and is acknowledged when settled. It is asked when slots are
   * free, not before: until then it may keep back what is more urgent than what it has to give.
   */
  async function fromQueue(queue: Queue): Promise<void> {
    const tasks = [...(await queue.take(await slots.some(), stopping.signal))];
    // While it waited for tasks, the other loop may have filled the slots. At the end the rest comes again, to anybody.
    while (tasks.length > 0 && !stopping.signal.aborted) {
      const reserved = await slots.reserve(tasks.length);
      await deliverTasks(queue, tasks.splice(0, reserved));
    }
  }

  /** Fills as many reserved slots. */
  async function deliverTasks(queue: Queue, tasks: readonly DeliverTask[]): Promise<void> {
    const ids = tasks.map((task) => task.id);
    const { claims, ending } = await claimInto(tasks.length, () => deps.store.claim(ids, deps.leaseMs));
    const byId = new Map(tasks.map((task) => [task.id, task]));
    for (const [index, claim] of claims.entries()) {
      const task = byId.get(claim.delivery.id);
      byId.delete(claim.delivery.id);
      if (task !== undefined) void ending[index]?.then(() => acknowledge(queue, [task]));
    }
    // Not claimable: finished, or with another worker, or not due. The store knows; the queue can forget them.
    await acknowledge(queue, [...byId.values()]);
  }

  async function acknowledge(queue: Queue, tasks: readonly DeliverTask[]): Promise<void> {
    if (tasks.length === 0) return;
    try {
      await queue.ack(tasks);
    } catch (error) {
      deps.emit({ type: 'fault', where: 'queue', error });
    }
  }

  /** Until the next delivery is due, the bell rings, or the worker stops. */
  async function idle(): Promise<void> {
    const next = await inTime(deps.clock, deps.store.nextDueAt());
    const wait = Math.min((next ?? Infinity) - deps.clock.now(), LONGEST_SLEEP);
    fruitless = wait > 0 ? SHORTEST_SLEEP : Math.min(fruitless * 2, FRUITLESS_SLEEP);
    const over = new AbortController();
    const end = () => over.abort();
    const cancel = deps.clock.after(Math.max(fruitless, wait), end);
    stopping.signal.addEventListener('abort', end, { once: true });
    if (stopping.signal.aborted) end();
    try {
      await deps.bell.take(1, over.signal);
    } finally {
      cancel();
      stopping.signal.removeEventListener('abort', end);
    }
  }

  async function loop(where: string, turn: () => Promise<unknown>): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await turn();
      } catch (error) {
        deps.emit({ type: 'fault', where, error });
        await pause(deps.clock, FAULT_WAIT, stopping.signal);
      }
    }
  }

  /**
   * Keeps the leases of what is long in hand. Looked at every third of a lease, and renewed from a sixth on, none has
   * less than half of it left: enough for a send, however long it waited in its provider's line.
   */
  async function renewals(): Promise<void> {
    await pause(deps.clock, deps.leaseMs / 3, stopping.signal);
    const now = deps.clock.now();
    const old = [...held].filter((one) => !one.lost && one.leaseEndsAt - now <= (deps.leaseMs * 5) / 6);
    if (old.length === 0) return;
    const leases = old.map(({ claim }) => ({ id: claim.delivery.id, version: claim.delivery.version }));
    const renewed = await inTime(deps.clock, deps.store.renew(leases, deps.leaseMs));
    for (const [index, one] of old.entries()) {
      if (renewed[index] === true) one.leaseEndsAt = now + deps.leaseMs;
      else one.lost = true;
    }
  }

  return {
    start() {
      if (loops.length > 0) return;
      loops.push(loop('worker', turnOnce));
      const { queue } = deps;
      if (queue !== null) loops.push(loop('queue', () => fromQueue(queue)));
      loops.push(loop('leases', renewals));
    },
    async stop() {
      stopping.abort();
      slots.open();
      await Promise.all(loops);
      await slots.empty();
    },
    lastTurnAt: () => turnAt,
    signs() {
      return {
        freeSlots: slots.free(),
        claimed,
        answered,
        refused,
        unanswered: answeredLast < askedLast,
      };
    },
  };
}

function ignore(): void {}
