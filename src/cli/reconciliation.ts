import type { Clock } from '../domain/clock.ts';
import { type DeliveryStatus, isTerminal } from '../domain/delivery.ts';
import { type DeliveryId, firstIdAt, type NotificationId } from '../domain/ids.ts';
import { pause } from '../domain/pause.ts';
import type { AuditStore, DeliveryGroup, FaultCode } from '../store/audit.ts';

/** What a store says of itself. Times are ms since the epoch. */
export interface Reconciliation {
  readonly at: number;
  readonly accepted: {
    /** As counted in the transactions that accepted. */
    readonly counted: number;
    /** Deleted by retention. */
    readonly forgotten: number;
    readonly there: number;
    /** How many more are there than there can be (negative: fewer), whatever has moved meanwhile. */
    readonly difference: number;
  };
  readonly notifications: Tally;
  readonly deliveries: Tally;
  readonly faults: readonly { readonly code: FaultCode; readonly count: number; readonly ids: readonly string[] }[];
  /** What a start would do. */
  readonly toSend: {
    readonly inDoubt: {
      readonly count: number;
      readonly leaseEnded: number;
      /** Ended without another send, as the request wants at most one message. */
      readonly atMostOnce: number;
      readonly first: readonly { readonly id: DeliveryId; readonly leaseUntil: number }[];
    };
    readonly due: { readonly count: number; readonly since: number | null };
    readonly expired: number;
    readonly later: { readonly count: number; readonly from: number | null };
  };
}

export interface Tally {
  readonly all: number;
  readonly finished: number;
  readonly live: number;
  readonly byStatus: Readonly<Partial<Record<DeliveryStatus, number>>>;
}

/** Notifications of one step, and how many ids are kept of each fault. */
const STEP = 2_000;
const IDS_KEPT = 20;
const IN_DOUBT_KEPT = 100;
/** What is younger may still be being committed, in ms: longer than any transaction may take. */
const YOUNG = 60_000;
const NO_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff' as NotificationId;

/**
 * Goes through a store that others may be working with. What is accepted meanwhile is newer than all that was counted
 * at the beginning, and what is forgotten meanwhile is counted at the end, so neither looks like a fault.
 */
export async function reconcile(store: AuditStore, clock: Clock): Promise<Reconciliation> {
  const at = await store.now();
  const young = firstIdAt(at - YOUNG);
  const before = await store.count(young);
  const sums = new Sums();
  await goThrough(store, clock, sums, null, young);
  const old = sums.notifications;
  const after = await store.count(NO_ID);
  await goThrough(store, clock, sums, young, null);
  const expected = before.accepted - before.forgotten - before.there;
  const most = expected;
  const least = expected - (after.forgotten - before.forgotten);
  const first = await store.inDoubt(IN_DOUBT_KEPT);
  return {
    at,
    accepted: {
      counted: before.accepted,
      forgotten: after.forgotten,
      there: sums.notifications,
      difference: old > most ? old - most : Math.min(0, old - least),
    },
    notifications: tallyOf(sums.notifications, sums.byStatus),
    deliveries: tallyOf(sums.deliveries, sums.deliveriesByStatus),
    faults: [...sums.faults].map(([code, { count, ids }]) => ({ code, count, ids })),
    toSend: { ...sums.toSend(), inDoubt: { ...sums.inDoubt, first } },
  };
}

export function addsUp({ accepted, faults }: Reconciliation): boolean {
  return accepted.difference === 0 && faults.length === 0;
}

/** As long a pause after each step as it took: half of one core at most, and half of what the store can read. */
async function goThrough(
  store: AuditStore,
  clock: Clock,
  sums: Sums,
  from: NotificationId | null,
  before: NotificationId | null,
): Promise<void> {
  let after = from;
  do {
    const began = clock.now();
    const stretch = await store.stretch(after, before, STEP);
    sums.add(stretch);
    after = stretch.next;
    await pause(clock, clock.now() - began);
  } while (after !== null);
}

class Sums {
  notifications = 0;
  deliveries = 0;
  readonly byStatus = new Map<DeliveryStatus, number>();
  readonly deliveriesByStatus = new Map<DeliveryStatus, number>();
  readonly faults = new Map<FaultCode, { count: number; ids: string[] }>();
  readonly inDoubt = { count: 0, leaseEnded: 0, atMostOnce: 0 };
  #due = 0;
  #since = Infinity;
  #expired = 0;
  #later = 0;
  #from = Infinity;

  add(stretch: Awaited<ReturnType<AuditStore['stretch']>>): void {
    this.notifications += stretch.notifications;
    for (const [status, count] of stretch.byStatus) grow(this.byStatus, status, count);
    for (const group of stretch.deliveries) this.#addGroup(group);
    for (const { code, id } of stretch.faults) {
      const fault = this.faults.get(code) ?? { count: 0, ids: [] };
      this.faults.set(code, fault);
      fault.count += 1;
      if (fault.ids.length < IDS_KEPT) fault.ids.push(id);
    }
  }

  toSend(): Omit<Reconciliation['toSend'], 'inDoubt'> {
    const known = (time: number) => (Number.isFinite(time) ? time : null);
    return {
      due: { count: this.#due, since: known(this.#since) },
      expired: this.#expired,
      later: { count: this.#later, from: known(this.#from) },
    };
  }

  #addGroup({ status, count, due, expired, firstDueAt, firstLaterAt, atMostOnce }: DeliveryGroup): void {
    this.deliveries += count;
    grow(this.deliveriesByStatus, status, count);
    if (isTerminal(status)) return;
    if (status === 'sending') {
      this.inDoubt.count += count;
      this.inDoubt.leaseEnded += due;
      this.inDoubt.atMostOnce += atMostOnce;
      return;
    }
    this.#due += due;
    this.#expired += expired;
    this.#later += count - due - expired;
    this.#since = Math.min(this.#since, firstDueAt ?? Infinity);
    this.#from = Math.min(this.#from, firstLaterAt ?? Infinity);
  }
}

function grow(counts: Map<DeliveryStatus, number>, status: DeliveryStatus, by: number): void {
  counts.set(status, (counts.get(status) ?? 0) + by);
}

function tallyOf(all: number, byStatus: ReadonlyMap<DeliveryStatus, number>): Tally {
  const finished = [...byStatus].reduce((sum, [status, count]) => sum + (isTerminal(status) ? count : 0), 0);
  const live = [...byStatus].reduce((sum, [status, count]) => sum + (isTerminal(status) ? 0 : count), 0);
  return { all, finished, live, byStatus: Object.fromEntries(byStatus) };
}
