import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { type HttpReceiver, httpReceiver, type ReceivedRequest } from './http-receiver.ts';
import { until } from './until.ts';

/** What a vendor answers instead of taking the message. */
export interface VendorReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

/**
 * Stands in for a vendor. It answers as the vendor's documentation says, and is as strict about the path, the
 * credentials and the content; what it takes is in `messages`.
 */
export interface Vendor<M> {
  /** The settings that make the service call it. */
  readonly env: Readonly<Record<string, string>>;
  readonly messages: readonly M[];
  /** All requests, refused ones too. */
  readonly requests: readonly ReceivedRequest[];
  /** When these came, in ms since the epoch. */
  readonly calledAt: readonly number[];
  /** The next requests that are right get these answers, one each. */
  next(...replies: VendorReply[]): void;
  /** The next request that is right gets no answer at all. */
  hang(): void;
  /** From now on requests that are right get this answer; null: they are taken again. */
  always(reply: VendorReply | null): void;
  /** Once that many requests were made. */
  called(count: number): Promise<unknown>;
  /** Once that many messages were taken. */
  taken(count: number): Promise<readonly M[]>;
}

/** What a vendor makes of a request: a message it takes, with its answer, or a refusal. */
type Judged<M> = { readonly message: M; readonly reply: VendorReply } | { readonly refusal: VendorReply };

async function vendor<M>(
  t: TestContext,
  env: (url: string) => Readonly<Record<string, string>>,
  judge: (request: ReceivedRequest) => Judged<M>,
): Promise<Vendor<M>> {
  const receiver: HttpReceiver = await httpReceiver();
  atEnd(t, () => receiver.close());
  const messages: M[] = [];
  const calledAt: number[] = [];
  const planned: (VendorReply | 'hang')[] = [];
  let standing: VendorReply | null = null;
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  receiver.otherwise((response, request) => {
    calledAt.push(Date.now());
    const judged = judge(request);
    const instead = 'refusal' in judged ? judged.refusal : (planned.shift() ?? standing);
    if (instead === 'hang') return;
    if (instead === null && 'message' in judged) {
      messages.push(judged.message);
      waiting = waiting.filter(({ count, resolve }) => {
        if (messages.length >= count) resolve();
        return messages.length < count;
      });
    }
    const { status, headers, body = '' } = instead ?? ('reply' in judged ? judged.reply : judged.refusal);
    const isText = typeof body === 'string';
    response.writeHead(status, { ...(isText ? {} : { 'content-type': 'application/json' }), ...headers });
    response.end(isText ? body : JSON.stringify(body));
  });
  return {
    env: env(receiver.url),
    messages,
    requests: receiver.requests,
    calledAt,
    next: (...replies) => void planned.push(...replies),
    hang: () => void planned.push('hang'),
    called: (count) => until(receiver.received(count), () => `${receiver.requests.length} of ${count} requests came`),
    always(reply) {
      standing = reply;
    },
    async taken(count) {
      const coming = new Promise<void>((resolve) => waiting.push({ count, resolve }));
      if (messages.length < count) await until(coming, () => `${messages.length} of ${count} messages came`);
      return messages;
    },
  };
}

export interface TextMessage {
  readonly sid: string;
  readonly to: string;
  readonly from: string;
  readonly text: string;
  /** Where its states are to be told; null: nowhere. */
  readonly statusCallback: string | null;
}

/** https://www.twilio.com/docs/messaging/api/message-resource: 201 and a SID; errors have a number of their own. */
export function twilioStandIn(t: TestContext): Promise<Vendor<TextMessage>> {
  const account = 'AC00000000000000000000000000000001';
  const token = 'twilio-token-of-the-test';
  const refusal = (status: number, code: number, message: string) => ({
    refusal: { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } },
  });
  return vendor(
    t,
    (url) => ({
      TWILIO_BASE_URL: url,
      TWILIO_ACCOUNT_SID: account,
      TWILIO_AUTH_TOKEN: token,
      TWILIO_FROM_NUMBER: '+15005550006',
    }),
    ({ method, path, headers, body }) => {
      if (method !== 'POST' || path !== `/2010-04-01/Accounts/${account}/Messages.json`) {
        return refusal(404, 20404, `The requested resource ${path} was not found`);
      }
      if (headers.authorization !== `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`) {
        return refusal(401, 20003, 'Authenticate');
      }
      const type = headers['content-type'] ?? '';
      if (!type.startsWith('application/x-www-form-urlencoded')) return refusal(400, 21604, "A 'To' is required.");
      const form = new URLSearchParams(body);
      const [to, from, text] = [form.get('To') ?? '', form.get('From') ?? '', form.get('Body') ?? ''];
      if (!/^\+[1-9][0-9]{6,14}$/.test(to)) return refusal(400, 21211, `Invalid 'To' Phone Number: ${to}`);
      if (from === '') return refusal(400, 21603, "A 'From' phone number is required.");
      if (text === '') return refusal(400, 21602, 'Message body is required.');
      if (text.length > 1600) return refusal(400, 21617, 'The concatenated message body exceeds the 1600 limit.');
      const sid = `SM${randomUUID().replaceAll('-', '')}`;
      const reply = { status: 201, body: { sid, account_sid: account, to, from, body: text, status: 'queued' } };
      return { message: { sid, to, from, text, statusCallback: form.get('StatusCallback') }, reply };
    },
  );
}

/** The body of a request to SendGrid, as far as tests look at it. */
export interface SendGridMail {
  readonly personalizations: readonly { readonly to: readonly { readonly email: string }[] }[];
  readonly from: { readonly email: string; readonly name?: string };
  readonly subject: string;
  readonly content: readonly { readonly type: string; readonly value: string }[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly custom_args?: Readonly<Record<string, string>>;
}

/** https://www.twilio.com/docs/sendgrid/api-reference/mail-send: 202, no body, and `X-Message-Id`. */
export function sendGridStandIn(t: TestContext): Promise<Vendor<SendGridMail>> {
  const key = 'SG.key-of-the-test';
  const refusal = (status: number, message: string) => ({
    refusal: { status, body: { errors: [{ message, field: null, help: null }] } },
  });
  return vendor(
    t,
    (url) => ({ SENDGRID_BASE_URL: url, SENDGRID_API_KEY: key, SENDGRID_FROM: 'Tidings <news@example.com>' }),
    ({ method, path, headers, body }) => {
      if (method !== 'POST' || path !== '/v3/mail/send') return refusal(404, 'not found');
      if (headers.authorization !== `Bearer ${key}`) return refusal(401, 'authorization required');
      if (headers['content-type'] !== 'application/json') return refusal(415, 'Content-Type must be application/json.');
      const mail = JSON.parse(body) as Partial<SendGridMail>;
      const { personalizations = [], from, subject = '', content = [] } = mail;
      if (personalizations[0]?.to[0]?.email === undefined) return refusal(400, 'The to array is required.');
      if (from?.email === undefined) return refusal(400, 'The from object must be provided.');
      if (subject === '') return refusal(400, 'The subject is required.');
      const types = content.map(({ type }) => type);
      // Where both are given, plain text has to come first.
      if (types.length === 0 || (types.includes('text/plain') && types[0] !== 'text/plain')) {
        return refusal(400, 'If present, text/plain and text/html may only be provided once, in this order.');
      }
      const id = randomUUID();
      return {
        message: { ...mail, personalizations, from, subject, content },
        reply: { status: 202, headers: { 'x-message-id': id } },
      };
    },
  );
}

export interface ChatMessage {
  readonly chatId: string;
  readonly text: string;
  readonly parseMode: string | null;
}

/** https://core.telegram.org/bots/api#making-requests: the token is in the path, `ok` in every answer. */
export function telegramStandIn(t: TestContext): Promise<Vendor<ChatMessage>> {
  const token = '1234567:bot-token-of-the-test';
  let count = 0;
  const refusal = (code: number, description: string) => ({
    refusal: { status: code, body: { ok: false, error_code: code, description } },
  });
  return vendor(
    t,
    (url) => ({ TELEGRAM_BASE_URL: url, TELEGRAM_BOT_TOKEN: token }),
    ({ path, headers, body }) => {
      if (!path.startsWith(`/bot${token}/`)) return refusal(401, 'Unauthorized');
      if (path !== `/bot${token}/sendMessage`) return refusal(404, 'Not Found');
      if (headers['content-type'] !== 'application/json') return refusal(400, 'Bad Request: message text is empty');
      const { chat_id, text, parse_mode } = JSON.parse(body) as {
        chat_id?: string | number;
        text?: string;
        parse_mode?: string;
      };
      if (chat_id === undefined || chat_id === '') return refusal(400, 'Bad Request: chat_id is empty');
      if (text === undefined || text === '') return refusal(400, 'Bad Request: message text is empty');
      if (text.length > 4096) return refusal(400, 'Bad Request: message is too long');
      count += 1;
      const result = { message_id: count, date: Math.floor(Date.now() / 1000), chat: { id: chat_id }, text };
      const message = { chatId: String(chat_id), text, parseMode: parse_mode ?? null };
      return { message, reply: { status: 200, body: { ok: true, result } } };
    },
  );
}

/** Telegram's answer to too many messages. */
export function telegramFlood(seconds: number): VendorReply {
  const description = `Too Many Requests: retry after ${seconds}`;
  return { status: 429, body: { ok: false, error_code: 429, description, parameters: { retry_after: seconds } } };
}

/** What webhooks are signed with: the base64 of 32 bytes. */
export const WEBHOOK_SECRET = 'whsec_dGhpcnR5LXR3byBieXRlcyBvZiBhIHRlc3Qgc2VjcmU=';
