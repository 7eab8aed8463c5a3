import { MAX_DETAIL, type Outcome } from '../domain/outcome.ts';
import type { Message } from './provider.ts';

/** Longest text of a vendor that is looked at, in characters; more never gets in. */
const LONGEST = 65_536;
/** Longest `providerMessageId` that is kept, in characters. */
const MAX_ID = 256;
/** Shorter ones cannot be told from words that stand there by themselves. */
const SHORTEST_SECRET = 4;
const SHORTEST_TEXT = 12;

/**
 * The one place through which a vendor's words get in. Vendors echo what they were sent, the login and the message
 * among it; what comes out is a single line without either, cut to the length that is kept.
 */
export type CleanOutcome = (outcome: Outcome, message: Message) => Outcome;

/** `secrets`: what was configured as such for this provider. */
export function outcomeCleaner(secrets: readonly string[]): CleanOutcome {
  const longEnough = secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
  const needles = [...new Set(longEnough.flatMap(waysToWrite))];
  const encoded = longEnough.flatMap(inBase64);

  return (outcome, message) => {
    if (outcome.kind === 'accepted') {
      const { providerMessageId } = outcome;
      if (providerMessageId === null || isPlainId(providerMessageId)) return outcome;
      return { ...outcome, providerMessageId: onOneLine(providerMessageId.slice(0, LONGEST)).slice(0, MAX_ID) };
    }
    let detail = outcome.detail.slice(0, LONGEST);
    for (const needle of needles) detail = detail.replaceAll(needle, '(secret)');
    for (const core of encoded) detail = withoutWordsThatHold(detail, core);
    for (const text of textsOf(message).flatMap(waysToWrite)) detail = detail.replaceAll(text, '(message)');
    return { ...outcome, detail: onOneLine(detail).slice(0, MAX_DETAIL).toWellFormed() };
  };
}

function isPlainId(id: string): boolean {
  return id.length <= MAX_ID && /^[\x20-\x7e]*$/.test(id);
}

/** Line ends, other control characters and those that turn the direction of writing are blanks. */
function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069 ]+/gu, ' ').trim();
}

/** As it is, within a URL, a form and JSON. */
function waysToWrite(text: string): readonly string[] {
  const whole = text.toWellFormed();
  const inForm = new URLSearchParams([['', whole]]).toString().slice(1);
  return [text, encodeURIComponent(whole), inForm, JSON.stringify(text).slice(1, -1)];
}

/**
 * What the base64 of any text that holds the secret has in it, as that of `user:password` does: one for each place
 * that the secret can have within three bytes.
 */
function inBase64(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2]
    .map((before) => {
      const whole = Math.floor((before + bytes.length) / 3) * 3;
      const text = Buffer.concat([Buffer.alloc(before), bytes])
        .subarray(0, whole)
        .toString('base64');
      return text.slice(before === 0 ? 0 : 4);
    })
    .filter((core) => core.length >= SHORTEST_SECRET);
}

const WORD_IN_BASE64 = /[A-Za-z0-9+/=]/;

/** Of the words around it too: they are the same credential. */
function withoutWordsThatHold(text: string, core: string): string {
  let at = text.indexOf(core);
  let rest = text;
  let done = '';
  while (at >= 0) {
    let [from, to] = [at, at + core.length];
    while (from > 0 && WORD_IN_BASE64.test(rest.charAt(from - 1))) from -= 1;
    while (to < rest.length && WORD_IN_BASE64.test(rest.charAt(to))) to += 1;
    done += `${rest.slice(0, from)}(secret)`;
    rest = rest.slice(to);
    at = rest.indexOf(core);
  }
  return done + rest;
}

/** What was said, in the form in which it was given to the provider; not to whom. */
function textsOf(message: Message): readonly string[] {
  return textFields(message).filter((text) => text.length >= SHORTEST_TEXT);
}

function textFields(message: Message): readonly string[] {
  switch (message.channel) {
    case 'email':
      return [message.html, message.text, message.subject];
    case 'push':
    case 'in_app':
      return [message.body, message.title ?? ''];
    case 'webhook':
      return [message.body];
    case 'sms':
    case 'whatsapp':
    case 'telegram':
    case 'slack':
    case 'discord':
    case 'teams':
      return [message.text];
  }
}
