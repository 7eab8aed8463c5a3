import type { Message } from '../channels/provider.ts';
import type { Channel } from '../domain/channel.ts';
import type { Delivery } from '../domain/delivery.ts';
import { escapeHtml } from '../domain/escape-html.ts';
import type { Notification } from '../domain/notification.ts';
import { addressFor } from '../domain/route.ts';
import { formatTime } from '../domain/time.ts';

/**
 * What goes out on one channel: the notification's common text, or what its `overrides` say for the channel.
 * Null: the recipient has no address there. Pure; the same for every attempt.
 */
export function render(
  channel: Channel,
  notification: Notification,
  delivery: Delivery,
  sandboxed: ReadonlySet<Channel>,
): Message | null {
  const to = addressFor(channel, notification.recipient, sandboxed);
  return to === null ? null : messageFor(channel, to, notification, delivery);
}

function messageFor(channel: Channel, to: string, notification: Notification, delivery: Delivery): Message {
  const { title, message, actionUrl, data } = notification;
  const overrides = notification.overrides ?? {};
  switch (channel) {
    case 'email':
      return emailFor(to, notification, delivery);
    case 'sms':
    case 'whatsapp':
      return { channel, to, text: overrides[channel]?.text ?? oneText(notification) };
    case 'telegram':
      return {
        channel,
        to,
        text: overrides.telegram?.text ?? oneText(notification),
        parseMode: overrides.telegram?.parse_mode ?? null,
        silent: overrides.telegram?.silent ?? false,
      };
    case 'push':
      return {
        channel,
        to,
        tokens: notification.recipient.pushTokens ?? [],
        title: overrides.push?.title ?? title,
        body: overrides.push?.body ?? message,
        data: overrides.push?.data ?? data,
      };
    case 'slack':
    case 'discord':
    case 'teams':
      return { channel, to, text: overrides[channel]?.text ?? oneText(notification) };
    case 'webhook':
      return {
        channel,
        to,
        id: delivery.id,
        body: JSON.stringify(overrides.webhook?.payload ?? payloadOf(notification)),
      };
    case 'in_app':
      return {
        channel,
        to,
        title: overrides.in_app?.title ?? title,
        body: overrides.in_app?.body ?? message,
        actionUrl: overrides.in_app?.action_url ?? actionUrl,
        data: overrides.in_app?.data ?? data,
      };
  }
}

function emailFor(to: string, notification: Notification, delivery: Delivery): Message {
  const email = notification.overrides?.email ?? {};
  return {
    channel: 'email',
    to,
    from: email.from ?? null,
    replyTo: email.reply_to ?? null,
    cc: email.cc ?? [],
    bcc: email.bcc ?? [],
    subject: email.subject ?? notification.title ?? firstLine(notification.message),
    text: email.text ?? withLink(notification.message, notification.actionUrl),
    html: email.html ?? toHtml(notification),
    headers: { 'X-Tidings-Notification': notification.id, ...email.headers },
    attachments: (email.attachments ?? []).map((attachment) => ({
      filename: attachment.filename,
      contentType: attachment.content_type ?? null,
      content: attachment.content,
    })),
    messageId: delivery.id,
  };
}

/** Where there is only one field: title, text and link below one another. */
function oneText(notification: Notification): string {
  const text = withLink(notification.message, notification.actionUrl);
  return notification.title === null ? text : `${notification.title}\n\n${text}`;
}

function withLink(text: string, link: string | null): string {
  return link === null || isPath(link) ? text : `${text}\n\n${link}`;
}

/** A path leads somewhere within a site only: outside of it, it is no link. */
function isPath(link: string): boolean {
  return link.startsWith('/');
}

/**
 * A subject for a message without a title: one line without control characters; 78 is the line length that
 * RFC 5322 §2.1.1 advises.
 */
function firstLine(text: string): string {
  const line = (text.trim().split(/[\r\n\u2028\u2029]/, 1)[0] ?? '').replace(/\p{Cc}+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length > 78 ? `${characters.slice(0, 77).join('')}…` : line;
}

function toHtml({ title, message, actionUrl }: Notification): string {
  const heading = title === null ? '' : `<h1 style="font-size:1.25em">${escapeHtml(title)}</h1>\n`;
  const paragraphs = message
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${escapeHtml(paragraph).replaceAll('\n', '<br>\n')}</p>`)
    .join('\n');
  const link =
    actionUrl === null || isPath(actionUrl)
      ? ''
      : `\n<p><a href="${escapeHtml(actionUrl)}">${escapeHtml(actionUrl)}</a></p>`;
  return `<!doctype html>\n<html>\n<head><meta charset="utf-8"></head>\n<body style="font-family:sans-serif;line-height:1.5">\n${heading}${paragraphs}${link}\n</body>\n</html>\n`;
}

function payloadOf(notification: Notification) {
  return {
    type: 'notification',
    timestamp: formatTime(notification.createdAt),
    data: {
      id: notification.id,
      user_id: notification.recipient.userId ?? null,
      title: notification.title,
      message: notification.message,
      action_url: notification.actionUrl,
      data: notification.data,
    },
  };
}
