import type { NotificationId } from '../../domain/ids.ts';
import type { Attempt } from '../../domain/outcome.ts';
import type { Recipient } from '../../domain/recipient.ts';
import { foldStatus } from '../../domain/status.ts';
import type { Claim, NotificationFilter, NotificationRecord, Page, PageRequest } from '../store.ts';
import type { DeliveryRow, NotificationRow, Tables } from './tables.ts';

export function listNotifications(
  tables: Tables,
  filter: NotificationFilter,
  page: PageRequest,
  readAtOf: (id: NotificationId) => number | null,
): Page<NotificationRecord> {
  const items: NotificationRecord[] = [];
  let scanned = 0;
  let next: string | null = null;
  for (let place = tables.placeBefore(page.after); place >= 0; place--) {
    const row = tables.byAge[place];
    if (row === undefined || !inTime(row, filter)) continue;
    if (items.length >= page.limit || scanned >= page.scan) return { items, next };
    scanned++;
    next = row.notification.id;
    if (matches(row, filter)) items.push(recordOf(row, readAtOf));
  }
  return { items, next: null };
}

export function listDeadLetters(
  tables: Tables,
  filter: NotificationFilter & { readonly code?: string },
  page: PageRequest,
): Page<Claim & { readonly log: readonly Attempt[] }> {
  const items: (Claim & { readonly log: readonly Attempt[] })[] = [];
  let scanned = 0;
  let next: string | null = null;
  for (let place = tables.placeBefore(page.after); place >= 0; place--) {
    const row = tables.byAge[place];
    if (row === undefined || !inTime(row, filter)) continue;
    const isWanted = matches(row, filter);
    // Ids fall all the way, so a page may end between two legs of one notification.
    for (const leg of row.deliveries.toReversed()) {
      if (!isDeadLetter(leg) || (page.after !== null && leg.id >= page.after)) continue;
      if (items.length >= page.limit || scanned >= page.scan) return { items, next };
      scanned++;
      next = leg.id;
      if (!isWanted || leg.delivery.reason !== (filter.code ?? leg.delivery.reason)) continue;
      items.push({ delivery: leg.delivery, notification: row.notification, log: [...leg.log] });
    }
  }
  return { items, next: null };
}

export function recordOf(row: NotificationRow, readAtOf: (id: NotificationId) => number | null): NotificationRecord {
  return {
    notification: row.notification,
    deliveries: row.deliveries.map((leg) => leg.delivery),
    attempts: row.deliveries.flatMap((leg) => leg.log.map((attempt) => ({ ...attempt, deliveryId: leg.id }))),
    readAt: readAtOf(row.notification.id),
  };
}

function isDeadLetter({ delivery }: DeliveryRow): boolean {
  return delivery.status === 'failed' && delivery.discardedAt === null;
}

function inTime({ notification }: NotificationRow, filter: NotificationFilter): boolean {
  const { createdAt } = notification;
  return createdAt >= (filter.createdAfter ?? createdAt) && createdAt < (filter.createdBefore ?? Infinity);
}

function matches({ notification, deliveries }: NotificationRow, filter: NotificationFilter): boolean {
  const { status, channel, userId, recipient, tag, requestId, text } = filter;
  const states = deliveries.map((leg) => leg.delivery);
  return (
    (status === undefined || foldStatus(states) === status) &&
    (channel === undefined || states.some((delivery) => delivery.chain.includes(channel))) &&
    (userId === undefined || notification.recipient.userId === userId) &&
    (recipient === undefined || reaches(notification.recipient, recipient)) &&
    (tag === undefined || notification.tags.includes(tag)) &&
    (requestId === undefined || notification.requestId === requestId) &&
    (text === undefined || [notification.title ?? '', notification.message].some((part) => contains(part, text)))
  );
}

function reaches(recipient: Recipient, address: string): boolean {
  const { locale: _locale, timezone: _timezone, pushTokens, ...addresses } = recipient;
  return Object.values(addresses).includes(address) || (pushTokens ?? []).includes(address);
}

/** ASCII letters match in either case, all others only as they are: what a database's LIKE does everywhere. */
export function contains(whole: string, part: string): boolean {
  return lowerAscii(whole).includes(lowerAscii(part));
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
