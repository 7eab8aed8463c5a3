import { type Delivery, type DeliveryStatus, isTerminal } from '../../domain/delivery.ts';
import type { DeliveryId, NotificationId } from '../../domain/ids.ts';
import type { Notification, Priority } from '../../domain/notification.ts';
import type { Attempt } from '../../domain/outcome.ts';
import type { NewNotification } from '../store.ts';
import { type Due, DueHeap } from './due-heap.ts';

export interface NotificationRow {
  notification: Notification;
  /** In order of leg. */
  readonly deliveries: readonly DeliveryRow[];
}

export interface DeliveryRow extends Due {
  readonly id: DeliveryId;
  readonly of: NotificationRow;
  delivery: Delivery;
  readonly log: Attempt[];
}

/** The rows, and what is kept beside them so that nothing on the hot path walks over history. */
export class Tables {
  readonly notifications = new Map<NotificationId, NotificationRow>();
  readonly deliveries = new Map<DeliveryId, DeliveryRow>();
  /** Oldest first, by id. */
  readonly byAge: NotificationRow[] = [];
  /** What waits for a worker. */
  readonly waiting: Readonly<Record<Priority, DueHeap<DeliveryRow>>> = {
    high: new DueHeap(),
    normal: new DueHeap(),
    low: new DueHeap(),
  };
  /** What a worker holds; due when the lease ends. */
  readonly leased = new DueHeap<DeliveryRow>();
  readonly unfinished = new Map<DeliveryStatus, number>();

  insert({ notification, deliveries, attempts }: NewNotification): void {
    if (this.notifications.has(notification.id)) throw new Error(`notification ${notification.id} is already there`);
    const rows: DeliveryRow[] = [];
    const row: NotificationRow = { notification, deliveries: rows };
    for (const delivery of deliveries) {
      const { id } = delivery;
      const log = [...(attempts.get(id) ?? [])];
      const deliveryRow: DeliveryRow = { id, of: row, delivery, log, dueAt: 0, place: -1 };
      rows.push(deliveryRow);
      this.deliveries.set(id, deliveryRow);
      this.#index(deliveryRow);
    }
    rows.sort((a, b) => a.delivery.leg - b.delivery.leg);
    this.notifications.set(notification.id, row);
    // Ids grow with time: the right place is at the end or close to it.
    let place = this.byAge.length;
    while (place > 0 && idAt(this.byAge, place - 1) > notification.id) place--;
    this.byAge.splice(place, 0, row);
  }

  replace(row: DeliveryRow, delivery: Delivery): void {
    if (row.place !== -1) this.#heapOf(row).remove(row);
    this.#count(row.delivery.status, -1);
    row.delivery = delivery;
    this.#index(row);
  }

  /** The place in `byAge` of the newest notification before `id` (null: of the newest); -1 if there is none. */
  placeBefore(id: string | null): number {
    let low = 0;
    let high = this.byAge.length;
    if (id === null) return high - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (idAt(this.byAge, middle) < id) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #index(row: DeliveryRow): void {
    this.#count(row.delivery.status, 1);
    if (row.delivery.dueAt === null) return;
    row.dueAt = row.delivery.dueAt;
    this.#heapOf(row).add(row);
  }

  #heapOf(row: DeliveryRow): DueHeap<DeliveryRow> {
    return row.delivery.status === 'sending' ? this.leased : this.waiting[row.delivery.priority];
  }

  #count(status: DeliveryStatus, by: 1 | -1): void {
    if (!isTerminal(status)) this.unfinished.set(status, (this.unfinished.get(status) ?? 0) + by);
  }
}

function idAt(rows: readonly NotificationRow[], place: number): string {
  return rows[place]?.notification.id ?? '';
}
