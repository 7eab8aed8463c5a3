import { parseSender, type Sender } from '../../domain/setting-forms.ts';
import type { EmailMessage } from '../provider.ts';
import { encodeText, inBase64, inLines } from './body-encoding.ts';
import { givenText, headerLine, headerText, mailbox, parameter, quoted } from './header-words.ts';
import { extraHeaders, messageIdOf } from './mail-sender.ts';

export interface MailParts {
  readonly from: Sender;
  /** ms since the epoch. */
  readonly now: number;
  /** The media type of a file, for attachments that bring none; null: all bring theirs. */
  readonly typeOf: ((filename: string) => string) | null;
}

/**
 * A message as it goes over the wire: the headers, then the text and its HTML as alternatives, and beside them what is
 * attached. All of it is ASCII in lines that end with CRLF and have at most 998 characters; dots are the wire's business.
 * The same message at the same time is the same bytes.
 */
export function composeMail(message: EmailMessage, parts: MailParts): Buffer {
  // `=_` stands in no encoded body, so no boundary does.
  const id = message.messageId.replace(/[^A-Za-z0-9-]/g, '').slice(-48);
  const body = alternatives(message, `=_body-${id}`);
  const whole = message.attachments.length === 0 ? body : withAttachments(message, body, `=_mail-${id}`, parts);
  return Buffer.from(headersOf(message, parts) + whole, 'latin1');
}

function headersOf(message: EmailMessage, { from, now }: MailParts): string {
  const replyTo = message.replyTo === null ? undefined : parseSender(message.replyTo);
  return [
    headerLine('From', mailbox(from)),
    headerLine('To', message.to),
    message.cc.length === 0 ? '' : headerLine('Cc', message.cc.join(', ')),
    replyTo === undefined ? '' : headerLine('Reply-To', mailbox(replyTo)),
    textHeader('Subject', headerText(message.subject)),
    headerLine('Message-ID', messageIdOf(message.messageId, from)),
    headerLine('Date', new Date(now).toUTCString().replace('GMT', '+0000')),
    ...Object.entries(extraHeaders(message.headers)).map(([name, value]) => textHeader(name, givenText(value))),
    'MIME-Version: 1.0\r\n',
  ].join('');
}

function textHeader(name: string, text: string): string {
  return text === '' ? '' : headerLine(name, text);
}

/** What follows are entities, as RFC 2045 calls a body with the headers that describe it. */
function alternatives({ text, html }: EmailMessage, boundary: string): string {
  if (html === '') return textEntity('text/plain', text);
  if (text === '') return textEntity('text/html', html);
  // The best comes last.
  return multipart('alternative', boundary, [textEntity('text/plain', text), textEntity('text/html', html)]);
}

function textEntity(type: string, text: string): string {
  const { encoding, body } = encodeText(text);
  return `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`;
}

function multipart(kind: string, boundary: string, entities: readonly string[]): string {
  const parts = entities.map((entity) => `--${boundary}\r\n${entity}\r\n`).join('');
  return `Content-Type: multipart/${kind};\r\n boundary="${boundary}"\r\n\r\n${parts}--${boundary}--\r\n`;
}

function withAttachments(message: EmailMessage, body: string, boundary: string, { typeOf }: MailParts): string {
  const attached = message.attachments.map(({ filename, contentType, content }) => {
    const bytes = Buffer.from(content, 'base64');
    const type = mediaType(contentType ?? typeOf?.(filename) ?? OCTETS);
    return isMail(type) ? attachedMail(filename, type, bytes, boundary) : attachment(filename, type, bytes);
  });
  return multipart('mixed', boundary, [body, ...attached]);
}

function attachment(filename: string, type: string, bytes: Buffer): string {
  return `${fileHeaders(filename, type)}Content-Transfer-Encoding: base64\r\n\r\n${inBase64(bytes)}`;
}

/** RFC 2046 §5.2.1: a mail within a mail is not encoded. One that would have to be is a file like any other. */
function attachedMail(filename: string, type: string, bytes: Buffer, boundary: string): string {
  const text = inLines(bytes.toString('latin1'));
  const isWhole = /^[\t\r\n\x20-\x7e]*$/.test(text) && !/^.{999}/m.test(text) && !text.includes(boundary);
  if (!isWhole) return attachment(filename, OCTETS, bytes);
  return `${fileHeaders(filename, type)}Content-Transfer-Encoding: 7bit\r\n\r\n${text}`;
}

function isMail(type: string): boolean {
  return /^message\/rfc822$/i.test(type);
}

function fileHeaders(filename: string, type: string): string {
  // Old readers know the name only by the type's parameter, and there by encoded words.
  const named = headerLine('Content-Type', `${type}; name=${quoted(headerText(filename))}`);
  return named + headerLine('Content-Disposition', `attachment${parameter('filename', filename)}`);
}

const OCTETS = 'application/octet-stream';
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w-]+=[\w.:+-]+)*$/;

/** The type as it was given, if base64 may stand under it; the name it may bring is that of the file. */
function mediaType(given: string): string {
  const type = given.replace(/; ?name=[^;]*/gi, '');
  const isOther = /^(?:message|multipart)\//i.test(type) && !isMail(type);
  return MEDIA_TYPE.test(type) && !isOther ? type : OCTETS;
}
