import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

/** A request by which a vendor tells something, as it goes over the wire. */
export interface VendorPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** SendGrid with a key of its own: what its console shows of it, and its signed posts. */
export function sendGridSigner() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    /** The way https://www.twilio.com/docs/sendgrid/for-developers/tracking-events describes. */
    post(events: unknown, timestamp = '1769853000'): VendorPost {
      const body = typeof events === 'string' ? events : JSON.stringify(events);
      return {
        headers: {
          'content-type': 'application/json',
          'x-twilio-email-event-webhook-timestamp': timestamp,
          'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(timestamp + body), privateKey).toString(
            'base64',
          ),
        },
        body,
      };
    },
  };
}

/** An event with the fields that SendGrid documents for it, about a mail with these arguments. */
export function sendGridEvent(
  event: string,
  mail: { readonly args: Readonly<Record<string, string>>; readonly messageId: string; readonly email?: string },
) {
  const { args, messageId, email = 'user@example.com' } = mail;
  const about: Readonly<Record<string, object>> = {
    delivered: { response: '250 OK', tls: 1 },
    deferred: { response: '400 try again later', attempt_number: '5' },
    bounce: { reason: '550 5.1.1 The email account does not exist', status: '5.1.1', type: 'bounce' },
    dropped: { reason: 'Bounced Address', status: '5.0.0' },
    open: { useragent: 'Mozilla/5.0', ip: '192.0.2.1', sg_machine_open: true },
    click: { useragent: 'Mozilla/5.0', ip: '192.0.2.1', url: 'https://example.com/' },
  };
  return {
    email,
    timestamp: 1_769_853_000,
    'smtp-id': '<14c5d75ce93.dfd.64b469@ismtpd-555>',
    event,
    category: ['cat facts'],
    sg_event_id: 'ZGVsaXZlcmVkLTAtMjQxNzY2NDctSEVUZw',
    sg_message_id: `${messageId}.recvd-canary-7d8f9b5c4-abcde-1-697DB1A8-2A.0`,
    ...about[event],
    ...args,
  };
}

/** The way https://www.twilio.com/docs/usage/security#validating-requests describes. */
export function twilioPost(url: string, fields: Readonly<Record<string, string>>, authToken: string): VendorPost {
  let signed = url;
  for (const name of Object.keys(fields).toSorted()) signed += `${name}${fields[name] ?? ''}`;
  return {
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': createHmac('sha1', authToken).update(signed, 'utf8').digest('base64'),
      'i-twilio-idempotency-token': 'b0b7f2a5-4e1c-4d3a-9a52-1f1f1f1f1f1f',
    },
    body: new URLSearchParams(fields).toString(),
  };
}

/** The fields of a status callback for a text message. */
export function twilioStatus(status: string, sid: string): Readonly<Record<string, string>> {
  const failed = status === 'undelivered' || status === 'failed' ? { ErrorCode: '30003' } : {};
  return {
    AccountSid: 'AC00000000000000000000000000000001',
    ApiVersion: '2010-04-01',
    From: '+15005550006',
    MessageSid: sid,
    MessageStatus: status,
    SmsSid: sid,
    SmsStatus: status,
    To: '+4915112345678',
    ...failed,
  };
}
