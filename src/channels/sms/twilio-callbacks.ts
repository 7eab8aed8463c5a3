import { createHmac, timingSafeEqual } from 'node:crypto';
import type { News } from '../../domain/receipt.ts';
import type { ReadReceipts, SendContext } from '../provider.ts';
import { toldAttempt } from '../told-attempt.ts';

/** Twilio's status callbacks: one form for each new state of a message, to the URL that the message was sent with. */

const PATH = '/receipts/twilio';
/**
 * Twilio's own way of being asked to repeat a callback that was not answered with 2xx, up to five times; by itself it
 * repeats only where it could not connect. It is not sent along, and not signed.
 */
const AGAIN = '#rc=5&rp=all';

/** Where Twilio is to tell of an attempt. */
export function callbackUrl(
  publicUrl: string,
  { deliveryId, attempt }: Pick<SendContext, 'deliveryId' | 'attempt'>,
): string {
  return `${publicUrl}${PATH}?${new URLSearchParams({ delivery: deliveryId, attempt: String(attempt) }).toString()}${AGAIN}`;
}

/** `canceled`: by somebody in Twilio's console, before it was sent. All others are on the way to one of these. */
const NEWS: Readonly<Record<string, News>> = {
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'bounced',
  failed: 'bounced',
  canceled: 'bounced',
};

export function readCallbacks(authToken: string, publicUrl: string): ReadReceipts {
  return ({ headers, target, body }) => {
    const form = new URLSearchParams(body.toString('utf8'));
    const url = publicUrl + target;
    if (!isSigned(url, form, headers['x-twilio-signature'] ?? '', authToken)) return { kind: 'forged' };
    const status = form.get('MessageStatus');
    const messageId = form.get('MessageSid');
    if (status === null || messageId === null) return { kind: 'unreadable' };
    const { searchParams } = new URL(url);
    const told = toldAttempt(searchParams.get('delivery'), searchParams.get('attempt'));
    const news = Object.hasOwn(NEWS, status) ? NEWS[status] : undefined;
    if (told === null) return { kind: 'read', receipts: [], foreign: 1, ignored: 0 };
    if (news === undefined) return { kind: 'read', receipts: [], foreign: 0, ignored: 1 };
    const receipt = { ...told, channel: 'sms', provider: 'twilio', messageId, news } as const;
    return { kind: 'read', receipts: [receipt], foreign: 0, ignored: 0 };
  };
}

/**
 * HMAC-SHA1, by the account's token, over the URL and after it each field's name and value, in the order of the names.
 * Twilio is not of one mind whether a port belongs into the URL, so its own libraries take either.
 */
function isSigned(url: string, form: URLSearchParams, signature: string, authToken: string): boolean {
  if (!URL.canParse(url)) return false;
  const names = [...new Set(form.keys())].toSorted();
  const fields = names.map((name) => [...new Set(form.getAll(name))].toSorted().map((value) => name + value));
  const told = Buffer.from(signature);
  return spellings(url)
    .map((one) =>
      Buffer.from(
        createHmac('sha1', authToken)
          .update(one + fields.flat().join(''))
          .digest('base64'),
      ),
    )
    .some((expected) => expected.length === told.length && timingSafeEqual(expected, told));
}

/** Without a port, and with the one it has or else that of the scheme. */
function spellings(url: string): readonly string[] {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const rest = `${pathname}${search}`;
  const standard = protocol === 'https:' ? '443' : '80';
  const withPort = `${protocol}//${hostname}:${port === '' ? standard : port}${rest}`;
  return [`${protocol}//${hostname}${rest}`, withPort];
}
