import type { DatabaseSync } from 'node:sqlite';
import type { Channel } from '../../domain/channel.ts';
import { deliveryId, legOf, notificationOf } from '../../domain/ids.ts';
import type { JsonObject } from '../../domain/notification.ts';
import {
  type NewSandboxMessage,
  SANDBOX_KEEPS,
  SANDBOX_TEXTS,
  type SandboxFilter,
  type SandboxMessage,
  type SandboxPage,
} from '../sandbox.ts';
import { idBytes, idFrom, type Params, type Row } from './columns.ts';
import { lowerAscii } from './filter.ts';
import { parse } from './rows.ts';
import { insertInto } from './statements.ts';

const TEXTS = SANDBOX_TEXTS.map((field) => `json_extract(message, '$.${field}')`);
const HOLDS_TEXT = ['recipient', ...TEXTS].map((text) => `holds_text(${text}, :text)`).join(' OR ');

/** The sandbox's statements; `add` and `clear` run inside the caller's transaction. */
export function prepareSandbox(db: DatabaseSync) {
  const insert = insertInto(db, 'sandbox', ['notification_id', 'leg', 'channel', 'recipient', 'message', 'caught_at']);
  const trim = db.prepare('DELETE FROM sandbox WHERE id <= ?');
  const clear = db.prepare('DELETE FROM sandbox');

  return {
    add(messages: readonly NewSandboxMessage[]): void {
      let last: number | bigint = 0;
      for (const caught of messages) {
        last = insert.run([
          notificationOf(caught.deliveryId),
          legOf(caught.deliveryId),
          caught.channel,
          caught.to,
          JSON.stringify(caught.message),
          caught.caughtAt,
        ]).lastInsertRowid;
      }
      trim.run(Number(last) - SANDBOX_KEEPS);
    },

    clear(): void {
      clear.run();
    },

    list(filter: SandboxFilter, page: { limit: number; after: string | null }): SandboxPage {
      const params: Params = {
        before: page.after === null ? Number.MAX_SAFE_INTEGER : Number(page.after),
        limit: page.limit + 1,
      };
      const where = ['id < :before'];
      if (filter.channel !== undefined) {
        where.push('channel = :channel');
        params.channel = filter.channel;
      }
      if (filter.to !== undefined) {
        where.push('recipient = :to');
        params.to = filter.to;
      }
      if (filter.notificationId !== undefined) {
        where.push('notification_id = :notification');
        params.notification = idBytes(filter.notificationId);
      }
      if (filter.text !== undefined) {
        where.push(`(${HOLDS_TEXT})`);
        params.text = lowerAscii(filter.text);
      }
      const rows = db
        .prepare(`SELECT * FROM sandbox WHERE ${where.join(' AND ')} ORDER BY id DESC LIMIT :limit + 0`)
        .all(params);
      const items = rows.slice(0, page.limit).map(messageFrom);
      return { items, next: rows.length > page.limit ? String(items.at(-1)?.id) : null };
    },
  };
}

export function messageFrom(row: Row): SandboxMessage {
  const notificationId = idFrom(row.notification_id);
  return {
    id: row.id as number,
    notificationId,
    deliveryId: deliveryId(notificationId, row.leg as number),
    channel: row.channel as Channel,
    to: row.recipient as string,
    message: parse(row.message as string) as JsonObject,
    caughtAt: row.caught_at as number,
  };
}
