import type { Fault } from '../domain/problem.ts';
import {
  isUserId,
  parseEmail,
  parsePhone,
  parseTelegramChat,
  type Recipient,
  recipientFromText,
} from '../domain/recipient.ts';
import { parseCallableUrl } from '../domain/url.ts';
import type { RecipientIn, RecipientObjectIn } from './contract/notification-in.ts';
import { fault } from './contract/shape.ts';

/**
 * The recipient of a request in normal form. Adds what is wrong with it to `faults`, and then answers null.
 * `allowsWebhook`: whether webhooks may go to a URL.
 */
export function readRecipient(
  given: RecipientIn,
  pointer: string,
  allowsWebhook: (url: string) => boolean,
  faults: Fault[],
): Recipient | null {
  if (typeof given !== 'string') return readObject(given, pointer, allowsWebhook, faults);
  const recipient = recipientFromText(given);
  if (recipient === null) faults.push(textFault(given, pointer));
  return recipient;
}

function textFault(given: string, pointer: string): Fault {
  if (given.trim() === '') return fault(pointer, 'no_recipient');
  if (given.includes('@')) return fault(pointer, 'invalid_email');
  return fault(pointer, given.startsWith('+') ? 'invalid_phone' : 'invalid_user_id');
}

/** What each field must be, and what it is called if it is not. */
type Field = Exclude<keyof RecipientObjectIn, 'telegram' | 'push_token' | 'push_tokens'>;
const FIELDS: Readonly<Record<Field, readonly [keyof Recipient, (text: string) => string | null, Fault['code']]>> = {
  user_id: ['userId', (text) => (isUserId(text) ? text : null), 'invalid_user_id'],
  email: ['email', parseEmail, 'invalid_email'],
  phone: ['phone', parsePhone, 'invalid_phone'],
  slack: ['slack', (text) => (/^[A-Za-z0-9._#@-]{1,80}$/.test(text) ? text : parseCallableUrl(text)), 'invalid_url'],
  discord: ['discord', parseCallableUrl, 'invalid_url'],
  teams: ['teams', parseCallableUrl, 'invalid_url'],
  whatsapp: ['whatsapp', parsePhone, 'invalid_phone'],
  webhook_url: ['webhookUrl', parseCallableUrl, 'invalid_url'],
  locale: ['locale', parseLocale, 'invalid_locale'],
  timezone: ['timezone', parseTimezone, 'invalid_timezone'],
};
const FIELD_LIST = Object.entries(FIELDS) as [Field, (typeof FIELDS)[Field]][];

function readObject(
  given: RecipientObjectIn,
  pointer: string,
  allowsWebhook: (url: string) => boolean,
  faults: Fault[],
): Recipient | null {
  const before = faults.length;
  const read: Partial<Record<keyof Recipient, string | readonly string[]>> = {};
  for (const [name, [field, parse, code]] of FIELD_LIST) {
    const text = given[name];
    if (text === undefined) continue;
    const value = parse(text);
    if (value === null) faults.push(fault(`${pointer}/${name}`, code));
    else if (field === 'webhookUrl' && !allowsWebhook(value))
      faults.push(fault(`${pointer}/${name}`, 'url_not_allowed'));
    else read[field] = value;
  }
  if (given.telegram !== undefined) {
    const chat = parseTelegramChat(String(given.telegram));
    if (chat === null) faults.push(fault(`${pointer}/telegram`, 'invalid_telegram'));
    else read.telegram = chat;
  }
  const tokens = readPushTokens(given, pointer, faults);
  if (tokens !== null) read.pushTokens = tokens;
  if (faults.length > before) return null;
  if (Object.keys(read).every((field) => field === 'locale' || field === 'timezone')) {
    faults.push(fault(pointer, 'no_recipient'));
    return null;
  }
  // Every entry was made by the parser of its own field.
  return read as Recipient;
}

function readPushTokens(given: RecipientObjectIn, pointer: string, faults: Fault[]): readonly string[] | null {
  const { push_token: one, push_tokens: many } = given;
  if (one !== undefined && many !== undefined) faults.push(fault(`${pointer}/push_token`, 'conflicting_fields'));
  const isToken = (token: string) => /^[\x21-\x7e]+$/.test(token);
  if (one !== undefined && !isToken(one)) faults.push(fault(`${pointer}/push_token`, 'invalid_format'));
  for (const [index, token] of (many ?? []).entries()) {
    if (!isToken(token)) faults.push(fault(`${pointer}/push_tokens/${index}`, 'invalid_format'));
  }
  return many ?? (one === undefined ? null : [one]);
}

function parseLocale(text: string): string | null {
  try {
    return Intl.getCanonicalLocales(text)[0] ?? null;
  } catch {
    return null;
  }
}

function parseTimezone(text: string): string | null {
  // Intl takes offsets such as "+01:00" too; they are no zones.
  if (!/^[A-Za-z]/.test(text)) return null;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}
