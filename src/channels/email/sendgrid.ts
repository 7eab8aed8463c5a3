import type { Outcome } from '../../domain/outcome.ts';
import { baseUrl, parseSender, type Sender, sender, text } from '../../domain/setting-forms.ts';
import { setting } from '../../domain/settings.ts';
import {
  type Answered,
  httpOutcome,
  jsonObject,
  limited,
  record,
  retryAfter,
  statusOutcome,
  waitOf,
} from '../http-outcome.ts';
import { defineProvider, type EmailMessage, type SendContext } from '../provider.ts';
import { defaultSender, extraHeaders, messageIdOf } from './mail-sender.ts';
import { customArgs, parsePublicKey, readEvents } from './sendgrid-events.ts';

const settings = {
  apiKey: text('SENDGRID_API_KEY', {
    required: true,
    secret: true,
    like: /^\S+$/,
    form: 'an API key',
    doc: 'The API key; it needs no more than the right to send mail.',
  }),
  from: sender('SENDGRID_FROM', { doc: 'Whom mail comes from, a sender verified with SendGrid; otherwise SMTP_FROM.' }),
  smtpFrom: sender('SMTP_FROM', { doc: 'Whom mail comes from where SENDGRID_FROM is not set.' }),
  baseUrl: baseUrl('SENDGRID_BASE_URL', {
    default: 'https://api.sendgrid.com',
    doc: 'Where the API is; https://api.eu.sendgrid.com keeps mail in the EU.',
  }),
  webhookPublicKey: setting(
    'SENDGRID_WEBHOOK_PUBLIC_KEY',
    "the verification key of a signed event webhook, as SendGrid's console shows it",
    { doc: 'What `POST /receipts/sendgrid` knows SendGrid by. Unset: that path is not there.' },
    parsePublicKey,
  ),
};

/** SendGrid, `POST /v3/mail/send`. It takes no idempotency key: after a lost answer a mail may come twice. */
export const sendgrid = defineProvider({
  id: 'sendgrid',
  channel: 'email',
  settings,
  check: ({ from, smtpFrom }) =>
    from === null && smtpFrom === null
      ? [{ env: 'SENDGRID_FROM', problem: 'is not set, nor is SMTP_FROM: SendGrid needs a verified sender' }]
      : [],
  receipts: ({ webhookPublicKey: key }) => (key === null ? null : readEvents(key)),
  open({ apiKey, from: own, smtpFrom, baseUrl }, { http }) {
    const standard = defaultSender(own ?? smtpFrom, null);
    return {
      concurrency: http.connections,
      hostOf: () => 'sendgrid',
      async send(message, context) {
        const from = message.from === null ? standard : (parseSender(message.from) ?? null);
        if (from === null)
          return { kind: 'rejected', code: 'sender_rejected', detail: 'The sender is not an address.' };
        const answer = await http.post({
          url: `${baseUrl}/v3/mail/send`,
          headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
          body: JSON.stringify(bodyOf(message, from, context)),
          signal: context.signal,
          notAfter: context.notAfter,
          traceparent: context.traceparent,
        });
        return httpOutcome(answer, (answered) => read(answered, message, context.now));
      },
      async close() {},
    };
  },
});

function bodyOf(message: EmailMessage, from: Sender, context: SendContext) {
  const replyTo = message.replyTo === null ? undefined : parseSender(message.replyTo);
  // SendGrid refuses a message that names the same address twice.
  const seen = new Set([message.to.toLowerCase()]);
  const others = (list: readonly string[]) =>
    list.filter((one) => seen.size < seen.add(one.toLowerCase()).size).map((email) => ({ email }));
  const [cc, bcc] = [others(message.cc), others(message.bcc)];
  const parts = [
    { type: 'text/plain', value: message.text },
    { type: 'text/html', value: message.html },
  ];
  return {
    personalizations: [
      { to: [{ email: message.to }], ...(cc.length > 0 ? { cc } : {}), ...(bcc.length > 0 ? { bcc } : {}) },
    ],
    from: person(from),
    ...(replyTo === undefined ? {} : { reply_to: person(replyTo) }),
    subject: message.subject,
    // An empty part is refused.
    content: parts.filter(({ value }) => value !== ''),
    ...(message.attachments.length === 0 ? {} : { attachments: message.attachments.map(attachmentOf) }),
    headers: { ...extraHeaders(message.headers), 'Message-ID': messageIdOf(message.messageId, from) },
    custom_args: customArgs(message, context),
  };
}

function person({ name, address }: Sender) {
  return name === null ? { email: address } : { email: address, name };
}

function attachmentOf({ filename, contentType, content }: EmailMessage['attachments'][number]) {
  return { content, filename, disposition: 'attachment', ...(contentType === null ? {} : { type: contentType }) };
}

/** Errors are `{"errors":[{"message","field"}]}`; the field tells whose fault it is. */
function read(answer: Answered, message: EmailMessage, now: number): Outcome {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'accepted', providerMessageId: headers['x-message-id'] ?? null };
  const errors = jsonObject(body)?.errors;
  const first = Array.isArray(errors) ? record(errors[0]) : null;
  const field = typeof first?.field === 'string' ? first.field : '';
  const words = typeof first?.message === 'string' ? first.message : '';
  const detail = `HTTP ${status}: ${words}`;
  if (status === 429) return limited(detail, retryAfter(headers['retry-after'], now) ?? untilReset(headers, now));
  if (status === 451) return { kind: 'deferred', code: 'temporarily_rejected', detail, scope: 'attempt' };
  // Our own sender is our account's matter, one that a request chose is the message's.
  if (message.from !== null && (status === 400 || status === 403) && /^from(?:\.|$)/.test(field)) {
    return { kind: 'rejected', code: 'sender_rejected', detail };
  }
  if (status === 400 && /^personalizations\.[0-9]+\.to\b/.test(field)) {
    return { kind: 'rejected', code: 'invalid_recipient', detail };
  }
  return statusOutcome(answer, now, words);
}

/** `X-RateLimit-Reset` is a time in seconds since the epoch. */
function untilReset(headers: Readonly<Record<string, string>>, now: number): number | null {
  const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN) * 1000;
  return Number.isFinite(reset) && reset > now ? waitOf(reset - now) : null;
}
