import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import type { SMTPPoolOptions } from 'nodemailer';
import type { Outcome } from '../../domain/outcome.ts';
import { boolean, choice, host, integer, parseSender, type Sender, sender, text } from '../../domain/setting-forms.ts';
import type { SettingValues } from '../../domain/settings.ts';
import { defineProvider, type EmailMessage, type SendContext, type Transport } from '../provider.ts';
import { defaultSender, extraHeaders, messageIdOf } from './mail-sender.ts';
import { smtpFault, smtpOutcome } from './smtp-outcome.ts';

const settings = {
  host: host('SMTP_HOST', { required: true, doc: 'The mail server that takes our mail.' }),
  port: integer('SMTP_PORT', { default: '587', min: 1, max: 65_535, doc: 'Its port.' }),
  user: text('SMTP_USER', { doc: 'The account to log in with, together with SMTP_PASSWORD.' }),
  password: text('SMTP_PASSWORD', { secret: true, doc: 'The password of SMTP_USER.' }),
  from: sender('SMTP_FROM', {
    doc: 'Whom mail comes from; otherwise SMTP_USER if that is an address, else tidings at the domain of SMTP_HOST.',
  }),
  tls: choice('SMTP_TLS', ['auto', 'starttls', 'implicit', 'none'], {
    default: 'auto',
    doc: 'auto: TLS from the start on port 465, else STARTTLS where it is offered, and no password without it except to this machine. starttls and implicit insist; none never encrypts.',
  }),
  verify: boolean('SMTP_TLS_VERIFY', {
    doc: 'Whether the server must have a certificate that this machine trusts. Default: true, except for loopback hosts.',
  }),
  pool: integer('SMTP_POOL', { default: '10', min: 1, max: 200, doc: 'Most connections to the mail server at once.' }),
};
type Values = SettingValues<typeof settings>;

/** Mail through any SMTP server. A pool of connections; each is kept for the next message. */
export const smtp = defineProvider({
  id: 'smtp',
  channel: 'email',
  settings,
  check({ user, password }) {
    if ((user === null) === (password === null)) return [];
    const [env, other] = user === null ? ['SMTP_USER', 'SMTP_PASSWORD'] : ['SMTP_PASSWORD', 'SMTP_USER'];
    return [{ env, problem: `is not set, but ${other} is: both or neither` }];
  },
  open: (values) => openSmtp(values),
});

function openSmtp(values: Values): Transport<'email'> {
  const standard = defaultSender(values.from, values);
  const streams = new WeakMap<AbortSignal, Readable[]>();
  let opened: ReturnType<typeof openMailer> | null = null;

  return {
    concurrency: values.pool,
    hostOf: () => values.host,
    async send(message, context) {
      const from = message.from === null ? standard : (parseSender(message.from) ?? null);
      if (from === null) return { kind: 'rejected', code: 'sender_rejected', detail: 'The sender is not an address.' };
      // One signal a send, so that the streams of one message are told from those of another. `AbortSignal.any` does
      // the same at ten times the price.
      const own = new AbortController();
      const { signal } = own;
      const abort = () => own.abort(context.signal.reason);
      context.signal.addEventListener('abort', abort, { once: true });
      if (context.signal.aborted) abort();
      const read: Readable[] = [];
      streams.set(signal, read);
      try {
        opened ??= openMailer(values, streams);
        const mailer = await opened;
        const info = await mailer.sendMail({ ...mailOf(message, from, context), signal });
        const refused = (info.rejectedErrors ?? []).find((error) => isFor(message.to, error));
        const fault = refused === undefined ? null : smtpFault(refused);
        if (fault !== null) return smtpOutcome(fault, false);
        return { kind: 'accepted', providerMessageId: messageIdOf(message.messageId, from) };
      } catch (error) {
        return failed(error, message.to, read);
      } finally {
        context.signal.removeEventListener('abort', abort);
      }
    },
    async close() {
      (await opened)?.close();
    },
  };
}

/** With the first mail: where none is sent, as in a process that only takes requests, its library is not loaded. */
async function openMailer(values: Values, streams: WeakMap<AbortSignal, Readable[]>) {
  const { createTransport } = await import('nodemailer');
  const options: SMTPPoolOptions & { pool: true } = {
    ...connectionOf(values),
    pool: true,
    maxConnections: values.pool,
  };
  const mailer = createTransport(options);
  // After the `stream` step the message is built; what remains is to learn whether the connection ever read of it.
  mailer.use('stream', (mail, done) => {
    const read = mail.data.signal instanceof AbortSignal ? streams.get(mail.data.signal) : undefined;
    mail.message.processFunc((stream) => {
      read?.push(stream);
      return stream;
    });
    done();
  });
  return mailer;
}

/** The reply about `to` decides where the server refused all recipients, each for its own reason. */
function failed(error: unknown, to: string, read: readonly Readable[]): Outcome {
  const each: unknown = error instanceof Error ? Reflect.get(error, 'rejectedErrors') : null;
  const own: unknown = Array.isArray(each) ? each.find((one) => isFor(to, one)) : undefined;
  const fault = smtpFault(own ?? error);
  // A closed pool names no code: nothing was sent.
  if (fault === null || (fault.command === 'API' && fault.code === 'EENVELOPE')) throw error;
  return smtpOutcome(
    fault,
    read.some((stream) => stream.readableDidRead),
  );
}

function isFor(to: string, error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'recipient') === to;
}

function connectionOf({ host, port, user, password, tls, verify }: Values) {
  const secure = tls === 'implicit' || (tls === 'auto' && port === 465);
  const auth = user === null || password === null ? null : { auth: { user, pass: password } };
  const guarded = tls === 'auto' && user !== null && !isLoopback(host);
  return {
    host,
    port,
    secure,
    requireTLS: !secure && (tls === 'starttls' || guarded),
    ignoreTLS: tls === 'none',
    // Within this machine nobody stands between, and what listens there has a certificate of its own making.
    tls: { rejectUnauthorized: verify ?? !isLoopback(host) },
    ...auth,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    dnsTimeout: 5_000,
    socketTimeout: 10_000,
    // Of one reply, all its lines together, in bytes.
    maxResponseSize: 65_536,
    // Once again where a kept connection turned out to be dead before the message; never after it was begun.
    maxRequeues: 1,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function mailOf(message: EmailMessage, from: Sender, context: SendContext) {
  const address = (one: string) => ({ name: '', address: one });
  const replyTo = message.replyTo === null ? undefined : parseSender(message.replyTo);
  return {
    envelope: { from: from.address, to: [message.to, ...message.cc, ...message.bcc] },
    from: { name: from.name ?? '', address: from.address },
    to: [address(message.to)],
    cc: message.cc.map(address),
    ...(replyTo === undefined ? {} : { replyTo: { name: replyTo.name ?? '', address: replyTo.address } }),
    subject: message.subject,
    text: message.text,
    html: message.html,
    date: new Date(context.now),
    messageId: messageIdOf(message.messageId, from),
    headers: extraHeaders(message.headers),
    xMailer: false as const,
    attachments: message.attachments.map(({ filename, contentType, content }) => ({
      filename,
      content: Buffer.from(content, 'base64'),
      ...(contentType === null ? {} : { contentType }),
    })),
  };
}
