import { claimOrder } from '../domain/claim-order.ts';
import type { Clock } from '../domain/clock.ts';
import type { Emit } from '../domain/events.ts';
import { pause } from '../domain/pause.ts';
import type { DeliverTask, Queue } from '../queue/queue.ts';
import type { Claim, Store } from '../store/store.ts';
import { LAST_WORD } from './deadline.ts';
import type { Deliver, HeldClaim } from './deliver.ts';
import { inTime } from './in-time.ts';
import { createPace } from './pace.ts';

export interface WorkDeps {
  readonly store: Pick<Store, 'claimDue' | 'claim' | 'renew' | 'nextDueAt'>;
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

/**
 * How many times `concurrency` a worker has in hand at most: what waits for nobody outside, as an entry in the inbox,
 * gives its slot back before it is done. So the store always has enough of them for one commit to serve many.
 */
const MOST_IN_HAND = 8;
/** One claim asks for no more than this, or than there are slots: it keeps the store busy as a whole. */
const MOST_AT_ONCE = 1_000;

interface Held {
  readonly claim: Claim;
  takesSlot: boolean;
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
  /** How many of those held take a slot. */
  let taken = 0;
  /** Slots that a claim under way may fill. */
  let reserved = 0;
  /**
   * How many times `concurrency` a claim asks for. It doubles as long as all that comes waits for nobody outside; of what
   * comes beyond the slots when that has changed, each waits for a slot here, and no more is claimed meanwhile.
   */
  let ahead = 1;
  /** By it so many more are claimed as will find a slot soon: no slot then waits for the store. */
  const pace = createPace(deps.clock);
  let reserve = 0;
  /** Those in hand that wait for a slot: who gives one back hands it to the first. */
  const line: (() => void)[] = [];
  let waiting: (() => void)[] = [];
  let claimed = 0;
  let answered = 0;
  let refused = 0;
  let askedLast = 0;
  let answeredLast = 0;

  function slotFreed(): Promise<void> {
    return new Promise((resolve) => waiting.push(resolve));
  }

  function wakeWaiting(): void {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  function free(): number {
    // Not one by one: half a reserve is claimed for little more than one delivery is.
    if (line.length > reserve / 2) return 0;
    const slots = deps.concurrency * ahead + reserve - taken - line.length;
    return Math.min(slots, deps.concurrency * MOST_IN_HAND - held.size) - reserved;
  }

  function freeSlot(holding: Held): void {
    if (!holding.takesSlot) return;
    holding.takesSlot = false;
    pace.passed();
    const next = line.shift();
    if (next === undefined) {
      taken -= 1;
      wakeWaiting();
    } else next();
  }

  /** Null: it has one. Otherwise it will have by then. Who is not going to call anybody is not made to wait. */
  function takeSlot(holding: Held): Promise<void> | null {
    holding.takesSlot = true;
    if (taken >= deps.concurrency && !holding.lost && !stopping.signal.aborted) {
      return new Promise((resolve) => line.push(resolve));
    }
    taken += 1;
    return null;
  }

  /** Resolves with the number of free slots, at least one; after the turn in which the first became free. */
  async function freeSlots(): Promise<number> {
    for (;;) {
      while (free() <= 0) await slotFreed();
      // Those that were settled by the same commit come free together: one claim then serves them all.
      await pause(deps.clock, 0);
      const slots = free();
      if (slots > 0) return slots;
    }
  }

  /** The same, and the answer, `most` at most, is kept free for `claimInto`: the other loop looks for slots too. */
  async function reserveSlots(most: number): Promise<number> {
    for (;;) {
      await freeSlots();
      const slots = Math.min(most, free());
      if (slots <= 0) continue;
      reserved += slots;
      return slots;
    }
  }

  /** Fills reserved slots with what `claim` answers. */
  async function claimInto(slots: number, claim: () => Promise<readonly Claim[]>) {
    const leaseEndsAt = deps.clock.now() + deps.leaseMs;
    reserve = Math.min(pace.soon(), deps.concurrency);
    const asked = claim();
    try {
      const claims = await inTime(deps.clock, asked);
      const before = taken;
      const ending = take(claims, { leaseEndsAt, lost: false });
      if (taken > before || line.length > 0) ahead = 1;
      else if (claims.length === slots) ahead = Math.min(ahead * 2, MOST_IN_HAND);
      return { claims, ending };
    } catch (error) {
      // Nobody waits for them any more: what comes after all goes back without a call.
      asked.then((claims) => take(claims, { leaseEndsAt, lost: true }), ignore);
      throw error;
    } finally {
      reserved -= slots;
      wakeWaiting();
    }
  }

  function take(claims: readonly Claim[], lease: Pick<Held, 'leaseEndsAt' | 'lost'>): Promise<void>[] {
    claimed += claims.length;
    return claims.map(async (claim) => {
      const holding: Held = { claim, takesSlot: false, ...lease };
      held.add(holding);
      try {
        const slot = takeSlot(holding);
        if (slot !== null) await slot;
        await deps.deliver(heldClaim(holding));
      } catch (error) {
        // The lease runs out and the sweeper takes over.
        deps.emit({ type: 'fault', where: 'deliver', error });
      } finally {
        held.delete(holding);
        freeSlot(holding);
        wakeWaiting();
      }
    });
  }

  function heldClaim(holding: Held): HeldClaim {
    return {
      ...holding.claim,
      freeSlot: () => freeSlot(holding),
      mayStillSend: () => !holding.lost && holding.leaseEndsAt - deps.clock.now() > deps.sendTimeout + LAST_WORD,
    };
  }

  async function turnOnce(): Promise<void> {
    turnAt = deps.clock.now();
    if (!(await fromStore())) await idle();
  }

  /** One turn: what is due in the store goes into the free slots. True: there may be more. */
  async function fromStore(): Promise<boolean> {
    const limit = await reserveSlots(Math.max(deps.concurrency, MOST_AT_ONCE));
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

  /** One turn: what the queue names goes into the free slots, and is acknowledged when settled. */
  async function fromQueue(queue: Queue): Promise<void> {
    const tasks = [...(await queue.take(await freeSlots(), stopping.signal))];
    // While it waited for tasks, the other loop may have filled the slots. At the end the rest comes again, to anybody.
    while (tasks.length > 0 && !stopping.signal.aborted) {
      const slots = await reserveSlots(tasks.length);
      await deliverTasks(queue, tasks.splice(0, slots));
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
      for (const next of line.splice(0)) {
        taken += 1;
        next();
      }
      await Promise.all(loops);
      while (held.size > 0) await slotFreed();
    },
    lastTurnAt: () => turnAt,
    signs() {
      return {
        freeSlots: Math.max(0, deps.concurrency - taken),
        claimed,
        answered,
        refused,
        unanswered: answeredLast < askedLast,
      };
    },
  };
}

function ignore(): void {}
