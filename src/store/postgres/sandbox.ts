import type { Channel } from '../../domain/channel.ts';
import { deliveryId, type NotificationId } from '../../domain/ids.ts';
import type { JsonObject } from '../../domain/notification.ts';
import {
  type NewSandboxMessage,
  SANDBOX_KEEPS,
  SANDBOX_TEXTS,
  type SandboxFilter,
  type SandboxMessage,
  type SandboxPage,
} from '../sandbox.ts';
import { holdsText, Parameters } from './filter.ts';
import { type Columns, DELIVERY_KEY, insertRows } from './recordset.ts';
import { deliveryKey, parse } from './rows.ts';
import type { Row, Session } from './session.ts';

export const MESSAGE = {
  ...DELIVERY_KEY,
  channel: 'text',
  recipient: 'text',
  message: 'text',
  caught_at: 'bigint',
} as const satisfies Columns;

/**
 * Numbers of transactions that were undone are missing, so it may keep a few less. What another process trims at the
 * same time is passed over.
 */
const TRIM = `DELETE FROM tidings.sandbox WHERE id IN (SELECT id FROM tidings.sandbox
  WHERE id <= (SELECT max(id) FROM tidings.sandbox) - ${SANDBOX_KEEPS} FOR UPDATE SKIP LOCKED)`;

/** The messages of many calls. */
export async function addToSandbox(session: Session, messages: readonly NewSandboxMessage[]): Promise<void> {
  const rows = messages.map((caught) => ({
    ...deliveryKey(caught.deliveryId),
    channel: caught.channel,
    recipient: caught.to,
    message: JSON.stringify(caught.message),
    caught_at: caught.caughtAt,
  }));
  await session.rows(insertRows('sandbox', MESSAGE, '$1'), [JSON.stringify(rows)]);
  await session.rows(TRIM);
}

export async function listSandbox(
  session: Session,
  filter: SandboxFilter,
  page: { readonly limit: number; readonly after: string | null },
): Promise<SandboxPage> {
  const parameters = new Parameters();
  const where = [`id < ${parameters.of(page.after === null ? Number.MAX_SAFE_INTEGER : Number(page.after))}`];
  if (filter.channel !== undefined) where.push(`channel = ${parameters.of(filter.channel)}`);
  if (filter.to !== undefined) where.push(`recipient = ${parameters.of(filter.to)}`);
  if (filter.notificationId !== undefined) where.push(`notification_id = ${parameters.of(filter.notificationId)}`);
  if (filter.text !== undefined) {
    const texts = SANDBOX_TEXTS.map((field) => `(message::jsonb ->> '${field}')`);
    where.push(holdsText(['recipient', ...texts], filter.text, parameters));
  }
  const rows = await session.rows(
    `SELECT * FROM tidings.sandbox WHERE ${where.join(' AND ')} ORDER BY id DESC LIMIT ${parameters.of(page.limit + 1)}`,
    parameters.values,
  );
  const items = rows.slice(0, page.limit).map(messageFrom);
  return { items, next: rows.length > page.limit ? String(items.at(-1)?.id) : null };
}

export async function clearSandbox(session: Session): Promise<void> {
  await session.rows('DELETE FROM tidings.sandbox');
}

export function messageFrom(row: Row): SandboxMessage {
  const notificationId = row.notification_id as NotificationId;
  return {
    id: row.id as number,
    notificationId,
    deliveryId: deliveryId(notificationId, Number(row.leg)),
    channel: row.channel as Channel,
    to: row.recipient as string,
    message: parse(row.message) as JsonObject,
    caughtAt: row.caught_at as number,
  };
}
