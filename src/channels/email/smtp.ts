import { isIP } from 'node:net';
import type { Outcome } from '../../domain/outcome.ts';
import { boolean, choice, host, integer, parseSender, sender, text } from '../../domain/setting-forms.ts';
import type { SettingValues } from '../../domain/settings.ts';
import { defineProvider, type EmailMessage, type Transport } from '../provider.ts';
import { composeMail, type MailParts } from './compose-mail.ts';
import { defaultSender, messageIdOf } from './mail-sender.ts';
import { smtpFault, smtpOutcome } from './smtp-outcome.ts';
import { type Sent, type SmtpPool, type SmtpPoolOptions, smtpPool } from './smtp-pool.ts';

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
  let opened: Promise<SmtpPool> | null = null;

  return {
    concurrency: values.pool,
    hostOf: () => values.host,
    async send(message, context) {
      const from = message.from === null ? standard : (parseSender(message.from) ?? null);
      if (from === null) return { kind: 'rejected', code: 'sender_rejected', detail: 'The sender is not an address.' };
      opened ??= openPool(values);
      const pool = await opened;
      const content = composeMail(message, { from, now: context.now, typeOf: await typesOfFiles(message) });
      const to = [...new Set([message.to, ...message.cc, ...message.bcc])];
      const sent = await pool.send({ from: from.address, to, content }, context.signal);
      if (sent.kind === 'failed') return failed(sent, message.to);
      const refused = sent.refused.find((error) => isFor(message.to, error));
      const fault = refused === undefined ? null : smtpFault(refused);
      if (fault !== null) return smtpOutcome(fault, false);
      return { kind: 'accepted', providerMessageId: messageIdOf(message.messageId, from) };
    },
    async close() {
      (await opened)?.close();
    },
  };
}

/** With the first mail: where none is sent, as in a process that only takes requests, its library is not loaded. */
async function openPool(values: Values): Promise<SmtpPool> {
  const { default: SMTPConnection } = await import('nodemailer/lib/smtp-connection');
  return smtpPool(SMTPConnection, connectionOf(values));
}

async function typesOfFiles({ attachments }: EmailMessage): Promise<MailParts['typeOf']> {
  if (attachments.every(({ contentType }) => contentType !== null)) return null;
  const { detectMimeType } = await import('nodemailer/lib/mime-funcs');
  return detectMimeType;
}

/** The reply about `to` decides where the server refused all recipients, each for its own reason. */
function failed({ error, contentBegun }: Extract<Sent, { readonly kind: 'failed' }>, to: string): Outcome {
  const each: unknown = error instanceof Error ? Reflect.get(error, 'rejectedErrors') : null;
  const own: unknown = Array.isArray(each) ? each.find((one) => isFor(to, one)) : undefined;
  const fault = smtpFault(own ?? error);
  if (fault === null || (fault.command === 'API' && fault.code === 'EENVELOPE')) throw error;
  return smtpOutcome(fault, contentBegun);
}

function isFor(to: string, error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'recipient') === to;
}

function connectionOf({ host, port, user, password, tls, verify }: Values): SmtpPoolOptions {
  const secure = tls === 'implicit' || (tls === 'auto' && port === 465);
  const guarded = tls === 'auto' && user !== null && !isLoopback(host);
  return {
    connection: {
      host,
      port,
      secure,
      requireTLS: !secure && (tls === 'starttls' || guarded),
      ignoreTLS: tls === 'none',
      // Within this machine nobody stands between, and what listens there has a certificate of its own making.
      tls: { rejectUnauthorized: verify ?? !isLoopback(host) },
      connectionTimeout: 5_000,
      greetingTimeout: 5_000,
      dnsTimeout: 5_000,
      socketTimeout: 10_000,
      // Of one reply, all its lines together, in bytes.
      maxResponseSize: 65_536,
    },
    login: user === null || password === null ? null : { user, credentials: { user, pass: password } },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
