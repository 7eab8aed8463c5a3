import { domainToASCII, domainToUnicode } from 'node:url';
import type { Channel } from './channel.ts';

/** Who is told: a user id and/or addresses. All are checked and in normal form. */
export interface Recipient {
  readonly userId?: string;
  readonly email?: string;
  /** E.164. */
  readonly phone?: string;
  /** A chat id (an integer as text) or a public `@name`. */
  readonly telegram?: string;
  readonly pushTokens?: readonly string[];
  readonly slack?: string;
  readonly discord?: string;
  readonly teams?: string;
  /** E.164. */
  readonly whatsapp?: string;
  readonly webhookUrl?: string;
  /** BCP 47. */
  readonly locale?: string;
  /** IANA. */
  readonly timezone?: string;
}

/** A bare string is an e-mail address, an E.164 phone number, or else a user id. Null: none of them. */
export function recipientFromText(text: string): Recipient | null {
  if (text.includes('@')) {
    const email = parseEmail(text);
    return email === null ? null : { email };
  }
  if (text.startsWith('+')) {
    const phone = parsePhone(text);
    return phone === null ? null : { phone };
  }
  return isUserId(text) ? { userId: text } : null;
}

/** The recipient's own address on a channel; null if it has none. */
export function addressOn(channel: Channel, recipient: Recipient): string | null {
  switch (channel) {
    case 'email':
      return recipient.email ?? null;
    case 'sms':
      return recipient.phone ?? null;
    case 'push':
      return recipient.pushTokens?.[0] ?? null;
    case 'telegram':
      return recipient.telegram ?? null;
    case 'whatsapp':
      return recipient.whatsapp ?? null;
    case 'slack':
      return recipient.slack ?? null;
    case 'discord':
      return recipient.discord ?? null;
    case 'teams':
      return recipient.teams ?? null;
    case 'webhook':
      return recipient.webhookUrl ?? null;
    case 'in_app':
      return recipient.userId ?? null;
  }
}

const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The address in normal form, or null. A strict subset of RFC 5321: an ASCII dot-atom of at most 64 characters, and
 * a domain of at least two labels, at most 253 characters in all; an international domain becomes its A-label form.
 * Quoted local parts, comments, groups, display names and address literals are refused on purpose: parsers disagree
 * about them, and disagreement is how mail reaches people it was not meant for.
 */
export function parseEmail(text: string): string | null {
  if (text.length > 320) return null;
  const at = text.indexOf('@');
  if (at < 1 || at !== text.lastIndexOf('@')) return null;
  const local = text.slice(0, at);
  if (local.length > 64 || !LOCAL_PART.test(local)) return null;
  const given = text.slice(at + 1);
  // domainToASCII reads URL hosts: keep what only a URL would understand away from it.
  if (given.length === 0 || /[\s%:/?#[\]\\@<>^|\p{Cc}]/u.test(given)) return null;
  const domain = domainToASCII(given);
  if (domain.length === 0 || domain.length > 253 || local.length + 1 + domain.length > 254) return null;
  const labels = domain.split('.');
  if (labels.length < 2 || !labels.every((label) => DOMAIN_LABEL.test(label))) return null;
  if (/^[0-9]+$/.test(labels.at(-1) ?? '')) return null;
  // A label that only claims to be international cannot be read back, and stays as it is.
  if (/(^|\.)xn--/.test(domainToUnicode(domain))) return null;
  return `${local}@${domain}`;
}

/** ITU-T E.164: a plus sign and 7 to 15 digits, the first not 0. */
export function parsePhone(text: string): string | null {
  return /^\+[1-9][0-9]{6,14}$/.test(text) ? text : null;
}

/** A signed 64-bit chat id as decimal text, or a public name (5–32 word characters). */
export function parseTelegramChat(text: string): string | null {
  if (/^@[A-Za-z][A-Za-z0-9_]{4,31}$/.test(text)) return text;
  if (!/^-?[1-9][0-9]{0,18}$/.test(text)) return null;
  const id = BigInt(text);
  return BigInt.asIntN(64, id) === id ? text : null;
}

/** 1–255 characters, printable, without leading or trailing blanks. */
export function isUserId(text: string): boolean {
  return text.length >= 1 && text.length <= 255 && text.trim() === text && !/[\p{Cc}\p{Cs}]/u.test(text);
}
