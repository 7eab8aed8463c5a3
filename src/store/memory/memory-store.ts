import type { Clock } from '../../domain/clock.ts';
import { tallyAccepted, tallyWritten } from '../../domain/counters.ts';
import type { DeliveryId, NotificationId } from '../../domain/ids.ts';
import type { Priority } from '../../domain/notification.ts';
import { claimed } from '../../domain/transition.ts';
import type { InboxMark, InboxStatus, InboxStore } from '../inbox.ts';
import { type MoveLog, moveText, type News } from '../moves.ts';
import type { NewSandboxMessage, SandboxFilter, SandboxStore } from '../sandbox.ts';
import {
  type AcceptResult,
  type Change,
  type Claim,
  type IdempotencyKey,
  type Lease,
  type NotificationFilter,
  type PageRequest,
  type Store,
  StoreUnavailable,
  type Submission,
} from '../store.ts';
import { Figures } from './figures.ts';
import { Inboxes } from './inbox.ts';
import { Moves } from './moves.ts';
import { SandboxMessages } from './sandbox.ts';
import { listDeadLetters, listNotifications, recordOf } from './search.ts';
import { type DeliveryRow, Tables } from './tables.ts';

export type MemoryStore = Store & InboxStore & SandboxStore & MoveLog & News;

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** How many notifications and keys it holds of each; past that it is unavailable. */
  readonly capacity?: number;
}

/**
 * The store in memory, for tests and simulations: what it answers is what every other store must answer. It has no
 * time of its own, every call is done in one go, and the same calls give the same answers.
 */
export function memoryStore({ clock, capacity = 1_000_000 }: MemoryStoreOptions): MemoryStore {
  return new InMemory(clock, capacity);
}

type Page = { readonly limit: number; readonly after: string | null };

class InMemory implements MemoryStore {
  readonly claimsAfterWrites = true;
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #tables = new Tables();
  readonly #keys = new Map<string, IdempotencyKey>();
  readonly #figures = new Figures();
  readonly #inboxes = new Inboxes();
  readonly #sandbox = new SandboxMessages();
  readonly #moves = new Moves();
  readonly #news = new Set<() => void>();
  #closed = false;

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  async accept(submissions: readonly Submission[]) {
    this.#checkOpen();
    const notifications = submissions.reduce((sum, submission) => sum + submission.notifications.length, 0);
    this.#checkRoom(notifications, this.#tables.notifications.size);
    this.#checkRoom(submissions.filter(({ key }) => key !== null).length, this.#keys.size);
    const results = submissions.map((submission) => this.#acceptOne(submission));
    this.#ring();
    return results;
  }

  async claimDue({ limit, order, leaseMs }: { limit: number; order: readonly Priority[]; leaseMs: number }) {
    this.#checkOpen();
    const claims: Claim[] = [];
    for (const priority of order) {
      const heap = this.#tables.waiting[priority];
      for (let row = heap.peek(); row !== undefined && row.dueAt <= this.#clock.now(); row = heap.peek()) {
        if (claims.length >= limit) return claims;
        claims.push(...this.#claimRow(row, leaseMs, false));
      }
    }
    return claims;
  }

  async claim(ids: readonly DeliveryId[], leaseMs: number) {
    this.#checkOpen();
    return ids.flatMap((id) => {
      const row = this.#tables.deliveries.get(id);
      return row === undefined ? [] : this.#claimRow(row, leaseMs, true);
    });
  }

  async expiredLeases(limit: number) {
    this.#checkOpen();
    const rows = this.#tables.leased.first(limit, (row) => row.dueAt <= this.#clock.now());
    return rows.map((row) => ({ delivery: row.delivery, notification: row.of.notification }));
  }

  async renew(leases: readonly Lease[], leaseMs: number) {
    this.#checkOpen();
    const now = this.#clock.now();
    return leases.map(({ id, version }) => {
      const row = this.#tables.deliveries.get(id);
      // A lease that has ended may already be on its way to be reclaimed: a renewal must not promise otherwise.
      if (row?.delivery.status !== 'sending' || row.delivery.version !== version || row.dueAt <= now) return false;
      this.#tables.replace(row, { ...row.delivery, dueAt: now + leaseMs });
      return true;
    });
  }

  async write(groups: readonly (readonly Change[])[]) {
    this.#checkOpen();
    const written = groups.map((group) => this.#writeGroup(group));
    this.#ring();
    return written;
  }

  async nextDueAt() {
    this.#checkOpen();
    const times = Object.values(this.#tables.waiting).flatMap((heap) => heap.peek()?.dueAt ?? []);
    return times.length > 0 ? Math.min(...times) : null;
  }

  async findAnswer(scope: string, key: string) {
    this.#checkOpen();
    const known = this.#keys.get(slotOf({ scope, key }));
    return known === undefined ? null : { fingerprint: known.fingerprint, answer: known.answer };
  }

  async find(id: NotificationId) {
    this.#checkOpen();
    const row = this.#tables.notifications.get(id);
    return row === undefined ? null : recordOf(row, (other) => this.#inboxes.readAtOf(other));
  }

  async list(filter: NotificationFilter, page: PageRequest) {
    this.#checkOpen();
    return listNotifications(this.#tables, filter, page, (id) => this.#inboxes.readAtOf(id));
  }

  async deadLetters(filter: NotificationFilter & { readonly code?: string }, page: PageRequest) {
    this.#checkOpen();
    return listDeadLetters(this.#tables, filter, page);
  }

  async stats(since: number) {
    this.#checkOpen();
    return this.#figures.since(since, this.#tables.unfinished);
  }

  async backlog() {
    this.#checkOpen();
    return backlogOf(this.#tables, this.#clock.now());
  }

  async purge({ keysBefore, limit }: { readonly keysBefore: number; readonly limit: number }) {
    this.#checkOpen();
    let purged = 0;
    for (const [slot, key] of this.#keys) {
      if (purged >= limit) break;
      if (key.createdAt < keysBefore && this.#keys.delete(slot)) purged++;
    }
    return purged;
  }

  async probe() {
    this.#checkOpen();
  }

  async reconnect() {}

  async close() {
    this.#closed = true;
  }

  async listInbox(userId: string, status: InboxStatus | null, page: Page) {
    this.#checkOpen();
    return this.#inboxes.list(userId, status, page);
  }

  async countInbox(userId: string) {
    this.#checkOpen();
    return this.#inboxes.count(userId);
  }

  async markInboxEntry(userId: string, id: DeliveryId, mark: InboxMark, now: number) {
    this.#checkOpen();
    const entry = this.#inboxes.mark(userId, id, mark, now);
    this.#ring();
    return entry;
  }

  async markInbox(userId: string, mark: InboxMark, which: Parameters<InboxStore['markInbox']>[2], now: number) {
    this.#checkOpen();
    const changed = this.#inboxes.markMany(userId, mark, which, now);
    this.#ring();
    return changed;
  }

  async endOfInboxes() {
    this.#checkOpen();
    return this.#inboxes.log.end();
  }

  async inboxAfter(userId: string, point: string, limit: number) {
    this.#checkOpen();
    return this.#inboxes.log.after(userId, point, limit);
  }

  async inboxesAfter(point: string, limit: number) {
    this.#checkOpen();
    return this.#inboxes.log.usersAfter(point, limit);
  }

  async forgetMarks(before: number, limit: number) {
    this.#checkOpen();
    return this.#inboxes.log.forgetMarks(before, limit);
  }

  async endOfMoves() {
    this.#checkOpen();
    return this.#moves.end();
  }

  async movesAfter(point: string, limit: number) {
    this.#checkOpen();
    return this.#moves.after(point, limit);
  }

  async forgetMoves(keep: number, limit: number) {
    this.#checkOpen();
    return this.#moves.forget(keep, limit);
  }

  onNews(ring: () => void) {
    const own = () => ring();
    this.#news.add(own);
    return () => void this.#news.delete(own);
  }

  async addToSandbox(messages: readonly NewSandboxMessage[]) {
    this.#checkOpen();
    this.#sandbox.add(messages);
  }

  async listSandbox(filter: SandboxFilter, page: Page) {
    this.#checkOpen();
    return this.#sandbox.list(filter, page);
  }

  async clearSandbox() {
    this.#checkOpen();
    this.#sandbox.clear();
  }

  #acceptOne({ notifications, key }: Submission): AcceptResult {
    if (key !== null) {
      const slot = slotOf(key);
      const known = this.#keys.get(slot);
      if (known !== undefined) {
        const same = known.fingerprint === key.fingerprint;
        return same ? { kind: 'replayed', answer: known.answer } : { kind: 'mismatch' };
      }
      this.#keys.set(slot, key);
    }
    const tally = this.#figures.at(this.#clock.now());
    for (const parcel of notifications) {
      this.#tables.insert(parcel);
      for (const delivery of parcel.deliveries) {
        const log = parcel.attempts.get(delivery.id) ?? [];
        tallyWritten(tally, delivery, log);
        this.#moves.add(moveText(delivery, log), this.#clock.now());
      }
    }
    tallyAccepted(tally, notifications.length);
    return { kind: 'accepted' };
  }

  #claimRow(row: DeliveryRow, leaseMs: number, named: boolean): Claim[] {
    const now = this.#clock.now();
    const delivery = claimed(row.delivery, now + leaseMs, now, named);
    if (delivery === null) return [];
    this.#tables.replace(row, delivery);
    return [{ delivery, notification: row.of.notification }];
  }

  /** All or nothing: every version is looked at before anything is written. */
  #writeGroup(group: readonly Change[]): boolean {
    const held = group.every(({ after }) => {
      return this.#tables.deliveries.get(after.id)?.delivery.version === after.version - 1;
    });
    if (held) for (const change of group) this.#writeOne(change);
    return held;
  }

  #writeOne({ after, attempts, sendAt, kept, entry }: Change): void {
    const row = this.#tables.deliveries.get(after.id);
    if (row === undefined) return;
    if (kept === undefined) {
      tallyWritten(this.#figures.at(this.#clock.now()), after, attempts);
      this.#moves.add(moveText(after, attempts), this.#clock.now());
    }
    this.#tables.replace(row, after);
    row.log.push(...attempts);
    if (sendAt !== undefined) row.of.notification = { ...row.of.notification, sendAt };
    if (entry !== undefined) this.#inboxes.add(entry);
  }

  #ring(): void {
    for (const ring of this.#news) ring();
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
  }

  #checkRoom(wanted: number, used: number): void {
    if (wanted > 0 && used + wanted > this.#capacity) {
      throw new StoreUnavailable('the store is full', { overloaded: true });
    }
  }
}

const BACKLOG_LIMIT = 100_000;

function backlogOf(tables: Tables, now: number): { depth: number; oldestDueAt: number | null } {
  let depth = 0;
  let oldestDueAt: number | null = null;
  for (const heap of Object.values(tables.waiting)) {
    for (const row of heap.values()) if (row.dueAt <= now) depth++;
    const first = heap.peek()?.dueAt ?? Infinity;
    if (first <= now) oldestDueAt = Math.min(first, oldestDueAt ?? first);
  }
  return { depth: Math.min(depth, BACKLOG_LIMIT), oldestDueAt };
}

function slotOf({ scope, key }: Pick<IdempotencyKey, 'scope' | 'key'>): string {
  return JSON.stringify([scope, key]);
}
