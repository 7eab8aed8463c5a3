import type { Outcome } from '../../domain/outcome.ts';
import type { Reason } from '../../domain/reason.ts';
import { baseUrl, text } from '../../domain/setting-forms.ts';
import {
  type Answered,
  httpOutcome,
  jsonObject,
  limited,
  misconfigured,
  retryAfter,
  statusOutcome,
} from '../http-outcome.ts';
import { defineProvider } from '../provider.ts';
import { callbackUrl, readCallbacks } from './twilio-callbacks.ts';

const settings = {
  accountSid: text('TWILIO_ACCOUNT_SID', {
    required: true,
    like: /^[0-9A-Za-z_-]{1,64}$/,
    form: 'an account SID (AC…)',
    doc: 'The account SID of the Twilio console.',
  }),
  authToken: text('TWILIO_AUTH_TOKEN', { required: true, secret: true, doc: 'The auth token of that account.' }),
  from: text('TWILIO_FROM_NUMBER', {
    required: true,
    like: /^(?:\+[1-9][0-9]{6,14}|MG[0-9A-Za-z]{1,64}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/,
    form: 'a phone number like +15005550006, a sender of up to 11 letters and digits, or a Messaging Service SID (MG…)',
    doc: 'Whom text messages come from.',
  }),
  baseUrl: baseUrl('TWILIO_BASE_URL', { default: 'https://api.twilio.com', doc: 'Where the API is.' }),
};

/** Twilio, `POST …/Messages.json`. It takes no idempotency key. Accepted means queued at Twilio. */
export const twilio = defineProvider({
  id: 'twilio',
  channel: 'sms',
  settings,
  receipts: ({ authToken }, publicUrl) => (publicUrl === null ? null : readCallbacks(authToken, publicUrl)),
  open({ accountSid, authToken, from, baseUrl }, { http, publicUrl }) {
    const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
    const origin: [string, string] = /^MG[0-9A-Za-z]{12,}$/.test(from) ? ['MessagingServiceSid', from] : ['From', from];
    return {
      concurrency: http.connections,
      hostOf: () => 'twilio',
      async send({ to, text }, context) {
        const { signal, now, notAfter, traceparent } = context;
        const callback: [string, string][] =
          publicUrl === null ? [] : [['StatusCallback', callbackUrl(publicUrl, context)]];
        const answer = await http.post({
          url: `${baseUrl}/2010-04-01/Accounts/${accountSid}/Messages.json`,
          headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams([['To', to], origin, ['Body', text], ...callback]).toString(),
          signal,
          notAfter,
          traceparent,
        });
        return httpOutcome(answer, (answered) => read(answered, now));
      },
      async close() {},
    };
  },
});

/** Twilio's own error codes say more than the status, which is 400 for most of them. */
const REJECTED: Readonly<Record<number, readonly [reason: Reason, recipientDead: boolean]>> = {
  21211: ['invalid_recipient', true],
  21217: ['invalid_recipient', true],
  21614: ['invalid_recipient', true],
  21610: ['recipient_blocked', true],
  21408: ['recipient_unreachable', false],
  21608: ['recipient_unreachable', false],
  21612: ['recipient_unreachable', false],
  21602: ['message_rejected', false],
  21605: ['message_rejected', false],
  21617: ['message_rejected', false],
};
/** The account, its credentials or its sender: another provider may well deliver the message. */
const MISCONFIGURED = new Set([20003, 20005, 20008, 21212, 21603, 21606, 21609, 21659, 21660, 21661, 21703, 21704]);
/** Too many requests, a full queue, the rate of the sender. None of these was taken. */
const LIMITED = new Set([20429, 14107, 21611, 30001, 30022]);

function read(answer: Answered, now: number): Outcome {
  const { status, headers, body } = answer;
  const json = jsonObject(body);
  if (status >= 200 && status < 300) {
    if (typeof json?.sid === 'string') return { kind: 'accepted', providerMessageId: json.sid };
    return { kind: 'unknown', code: 'invalid_response', detail: `HTTP ${status} without a message SID` };
  }
  const code = typeof json?.code === 'number' ? json.code : 0;
  const words = typeof json?.message === 'string' ? json.message : '';
  const detail = `HTTP ${status}, code ${code}: ${words}`;
  const rejected = REJECTED[code];
  if (rejected !== undefined) {
    const [reason, recipientDead] = rejected;
    return { kind: 'rejected', code: reason, detail, ...(recipientDead ? { recipientDead } : {}) };
  }
  if (LIMITED.has(code)) return limited(detail, retryAfter(headers['retry-after'], now));
  if (MISCONFIGURED.has(code)) return misconfigured(detail);
  return statusOutcome(answer, now, code === 0 ? words : `code ${code}: ${words}`);
}
