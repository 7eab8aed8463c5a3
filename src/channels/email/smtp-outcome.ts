import type { Outcome } from '../../domain/outcome.ts';

/** What the client library's error says, by its codes. Its message is for people and is not looked at. */
export interface SmtpFault {
  /** The library's: `EAUTH`, `ETIMEDOUT`, … */
  readonly code: string;
  /** The system's or OpenSSL's behind it. */
  readonly originalCode: string;
  /** The command that was being answered: `RCPT TO`, `DATA`, …; `CONN` where the connection as a whole failed. */
  readonly command: string;
  /** The server's reply; null: there was none. */
  readonly reply: { readonly code: number; readonly text: string } | null;
}

/** Reads an error of the client library; null: it is something else, so a bug. */
export function smtpFault(error: unknown): SmtpFault | null {
  if (!(error instanceof Error)) return null;
  const field = (name: string): unknown => Reflect.get(error, name);
  const text = (name: string): string => {
    const value = field(name);
    return typeof value === 'string' ? value : '';
  };
  const code = field('responseCode');
  if (text('code') === '') return null;
  return {
    code: text('code'),
    originalCode: text('originalCode'),
    command: text('command'),
    reply: typeof code === 'number' ? { code, text: text('response') } : null,
  };
}

/** `contentBegun`: whether a byte of the message itself may have left. Without a reply nobody knows then. */
export function smtpOutcome(fault: SmtpFault, contentBegun: boolean): Outcome {
  // A yes where it was to be a no answers something else: the session is out of step.
  if (fault.reply !== null && fault.reply.code >= 400 && fault.code !== 'EPROTOCOL') return byReply(fault, fault.reply);
  const detail = [fault.code, fault.originalCode, fault.reply?.text ?? ''].filter((part) => part !== '').join(' ');
  if (contentBegun) {
    if (fault.code === 'ETIMEDOUT' || fault.code === 'EABORT') return { kind: 'unknown', code: 'timeout', detail };
    const answered = fault.code === 'EPROTOCOL' || fault.code === 'EMESSAGE';
    return { kind: 'unknown', code: answered ? 'invalid_response' : 'connection_lost', detail };
  }
  const down = { kind: 'deferred', detail, scope: 'provider' } as const;
  if (fault.code === 'EAUTH' || fault.code === 'ENOAUTH') return { ...down, code: 'provider_misconfigured' };
  if (fault.code === 'ETLS' || isTlsCode(fault.originalCode)) return { ...down, code: 'tls_failed' };
  if (fault.code === 'EPROTOCOL') return { ...down, code: 'provider_error' };
  return { ...down, code: 'connection_failed' };
}

const NO_LOGIN = new Set([530, 534, 535, 538]);

function byReply(
  { code: fault, command }: SmtpFault,
  reply: { readonly code: number; readonly text: string },
): Outcome {
  const detail = reply.text;
  const permanent = reply.code >= 500;
  const enhanced = /^[0-9]{3}[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)/m.exec(reply.text)?.[1] ?? '';
  const down = { kind: 'deferred', detail, scope: 'provider' } as const;

  if (reply.code === 421) return { ...down, code: 'provider_error' };
  // Bad sequence: the session was in the wrong state, which says nothing of the message.
  if (reply.code === 503) return { ...down, code: 'provider_error', scope: 'attempt' };
  if (NO_LOGIN.has(reply.code) || (fault === 'EAUTH' && permanent)) return { ...down, code: 'provider_misconfigured' };
  if (fault === 'ETLS') return { ...down, code: 'tls_failed' };
  // Refused before there was a message: at the greeting, at EHLO, or a login that may work later.
  if (!['MAIL FROM', 'RCPT TO', 'DATA'].includes(command)) return { ...down, code: 'provider_error' };
  if (!permanent) return { kind: 'deferred', code: 'temporarily_rejected', detail, scope: 'attempt' };

  if (command === 'RCPT TO') return refusedRecipient(reply.code, enhanced, detail);
  if (isSenderStatus(enhanced)) return { kind: 'rejected', code: 'sender_rejected', detail };
  if (enhanced.startsWith('5.1.')) return refusedRecipient(reply.code, enhanced, detail);
  const isSender = command === 'MAIL FROM' && reply.code !== 552 && reply.code !== 554;
  return { kind: 'rejected', code: isSender ? 'sender_rejected' : 'message_rejected', detail };
}

/** RFC 3463: 5.1.x speaks of the address, 5.2.x of the mailbox, 5.7.x of policy. */
function refusedRecipient(code: number, enhanced: string, detail: string): Outcome {
  if (isSenderStatus(enhanced)) return { kind: 'rejected', code: 'sender_rejected', detail };
  const speaksOfAddress = enhanced.startsWith('5.1.') || enhanced === '5.2.1';
  const byCodeAlone = [550, 551, 553].includes(code) && (enhanced === '' || enhanced === '5.0.0');
  if (speaksOfAddress || byCodeAlone) {
    const malformed = enhanced === '5.1.3' || (enhanced === '' && code === 553);
    const reason = malformed ? 'invalid_recipient' : 'recipient_unreachable';
    return { kind: 'rejected', code: reason, detail, recipientDead: true };
  }
  // A full mailbox, a broken route: not now and not this time, but the address may live.
  if (enhanced.startsWith('5.2.') || enhanced.startsWith('5.4.')) {
    return { kind: 'rejected', code: 'recipient_unreachable', detail };
  }
  return { kind: 'rejected', code: 'message_rejected', detail };
}

function isSenderStatus(enhanced: string): boolean {
  return enhanced === '5.1.7' || enhanced === '5.1.8';
}

const TLS_CODE = /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CRL_|HOSTNAME_MISMATCH$|EPROTO$)/;

function isTlsCode(code: string): boolean {
  return TLS_CODE.test(code);
}
