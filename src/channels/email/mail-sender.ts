import { isIP } from 'node:net';
import { parseEmail } from '../../domain/recipient.ts';
import type { Sender } from '../../domain/setting-forms.ts';

/**
 * Whom mail comes from where the message does not say: the configured sender, else the account if that is an
 * address, else `tidings` at the server's domain. Null: none of these was given.
 */
export function defaultSender(
  from: Sender | null,
  account: { readonly user: string | null; readonly host: string } | null,
): Sender | null {
  if (from !== null || account === null) return from;
  const user = parseEmail(account.user ?? '');
  if (user !== null) return { name: null, address: user };
  const own = isIP(account.host) === 0 ? parseEmail(`tidings@${account.host}`) : null;
  return { name: null, address: own ?? 'tidings@localhost' };
}

/** The `Message-ID` of a message, the same for every attempt: in the sender's domain, with its angle brackets. */
export function messageIdOf(id: string, from: Sender): string {
  return `<${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`;
}

const OWN_HEADERS = new Set([
  ...['from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'subject', 'date', 'message-id', 'mime-version'],
  ...['return-path', 'received', 'dkim-signature', 'x-mailer', 'auto-submitted'],
]);

/**
 * The caller's headers without those that are ours to write, and the word that keeps vacation responders silent
 * (RFC 3834).
 */
export function extraHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name, value]) => {
    const lower = name.toLowerCase();
    const isName = /^[\x21-\x39\x3b-\x7e]+$/.test(name);
    return isName && !OWN_HEADERS.has(lower) && !lower.startsWith('content-') && !/\p{Cc}/u.test(value);
  });
  return { ...Object.fromEntries(kept), 'Auto-Submitted': 'auto-generated' };
}
