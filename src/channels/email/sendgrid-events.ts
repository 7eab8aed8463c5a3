import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { DeliveryId } from '../../domain/ids.ts';
import type { News, Receipt } from '../../domain/receipt.ts';
import { record } from '../http-outcome.ts';
import type { EmailMessage, ReadReceipts, ReceiptRequest, SendContext } from '../provider.ts';
import { toldAttempt } from '../told-attempt.ts';

/**
 * SendGrid's Event Webhook: what became of mail, in lists of up to 768 KB, which are repeated for a day until they are
 * answered with 2xx. Every event brings back the `custom_args` of its mail.
 */

/**
 * What names the attempt. A mail with copies has events for each address with the same arguments, and only those of
 * the recipient count; SendGrid keeps arguments for long, so the address itself does not go there.
 */
export function customArgs(
  { to, cc, bcc }: EmailMessage,
  { notificationId, deliveryId, attempt }: SendContext,
): Readonly<Record<string, string>> {
  const recipient = cc.length + bcc.length === 0 ? {} : { recipient: recipientMark(deliveryId, to) };
  return { notification_id: notificationId, delivery_id: deliveryId, attempt: String(attempt), ...recipient };
}

function recipientMark(deliveryId: DeliveryId, address: string): string {
  return createHash('sha256').update(`${deliveryId}:${address.toLowerCase()}`).digest('base64url').slice(0, 16);
}

/** The base64 of an elliptic curve's public key (SubjectPublicKeyInfo); undefined: it is none. */
export function parsePublicKey(text: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ec' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** A bounce of type `blocked` is final too: SendGrid does not try again. */
const NEWS: Readonly<Record<string, News>> = { delivered: 'delivered', bounce: 'bounced', dropped: 'bounced' };

export function readEvents(key: KeyObject): ReadReceipts {
  return (request) => {
    if (!isSigned(request, key)) return { kind: 'forged' };
    const events = parsed(request.body);
    if (!Array.isArray(events)) return { kind: 'unreadable' };
    const receipts: Receipt[] = [];
    let foreign = 0;
    let ignored = 0;
    for (const one of events) {
      const event = record(one);
      if (event === null) return { kind: 'unreadable' };
      const news = Object.hasOwn(NEWS, String(event.event)) ? NEWS[String(event.event)] : undefined;
      const told = toldAttempt(event.delivery_id, event.attempt);
      if (told === null) foreign += 1;
      else if (news === undefined || !isOfRecipient(event, told.deliveryId)) ignored += 1;
      else receipts.push({ ...told, channel: 'email', provider: 'sendgrid', messageId: messageIdOf(event), news });
    }
    return { kind: 'read', receipts, foreign, ignored };
  };
}

/** ECDSA over the time, as it stands in its header, and the bytes of the body. */
function isSigned({ headers, body }: ReceiptRequest, key: KeyObject): boolean {
  const signature = headers['x-twilio-email-event-webhook-signature'] ?? '';
  const time = headers['x-twilio-email-event-webhook-timestamp'] ?? '';
  if (signature === '' || time === '') return false;
  return verify('sha256', Buffer.concat([Buffer.from(time), body]), key, Buffer.from(signature, 'base64'));
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

function isOfRecipient({ recipient, email }: Readonly<Record<string, unknown>>, deliveryId: DeliveryId): boolean {
  if (recipient === undefined) return true;
  return typeof email === 'string' && recipientMark(deliveryId, email) === recipient;
}

/** `X-Message-Id` of the send, which servers and recipients append to; a bounce that comes late can be without it. */
function messageIdOf({ sg_message_id: id }: Readonly<Record<string, unknown>>): string | null {
  return typeof id === 'string' && id !== '' ? (id.split('.', 1)[0] ?? null) : null;
}
