import type { SandboxMessage } from '../../api/types.ts';

/** A caught message as the page shows it: what the sandbox keeps is as loose as JSON, so every field is looked at. */
export type Caught =
  | { readonly kind: 'email'; readonly mail: CaughtMail }
  | { readonly kind: 'text'; readonly channel: 'sms' | 'whatsapp' | 'telegram'; readonly text: string }
  | { readonly kind: 'chat'; readonly text: string }
  | {
      readonly kind: 'push' | 'in_app';
      readonly title: string | null;
      readonly body: string;
      readonly link: string | null;
    }
  | { readonly kind: 'webhook'; readonly body: string }
  | { readonly kind: 'other' };

export interface CaughtMail {
  readonly from: string | null;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly attachments: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

export function caughtOf({ channel, message }: SandboxMessage): Caught {
  const fields: Fields = message;
  switch (channel) {
    case 'email':
      return { kind: 'email', mail: mailOf(fields) };
    case 'sms':
    case 'whatsapp':
    case 'telegram':
      return { kind: 'text', channel, text: text(fields.text) };
    case 'slack':
    case 'discord':
    case 'teams':
      return { kind: 'chat', text: text(fields.text) };
    case 'push':
    case 'in_app':
      return {
        kind: channel,
        title: textOrNull(fields.title),
        body: text(fields.body),
        link: textOrNull(fields.action_url),
      };
    case 'webhook':
      return { kind: 'webhook', body: indented(text(fields.body)) };
    default:
      return { kind: 'other' };
  }
}

function mailOf(fields: Fields): CaughtMail {
  const lists = (['cc', 'bcc'] as const).flatMap((name) => {
    const words = list(fields[name]).map(text).join(', ');
    return words === '' ? [] : [[name, words] as const];
  });
  const own = typeof fields.headers === 'object' && fields.headers !== null ? Object.entries(fields.headers) : [];
  const singles = (['from', 'to', 'reply_to', 'message_id', 'subject'] as const).flatMap((name) => {
    const value = textOrNull(fields[name]);
    return value === null ? [] : [[HEADER_NAMES[name], value] as const];
  });
  return {
    from: textOrNull(fields.from),
    subject: text(fields.subject),
    text: text(fields.text),
    html: text(fields.html),
    headers: [...singles, ...lists, ...own.map(([name, value]) => [name, text(value)] as const)],
    attachments: list(fields.attachments).flatMap((attachment) =>
      typeof attachment === 'object' && attachment !== null && 'filename' in attachment
        ? [text(attachment.filename)]
        : [],
    ),
  };
}

const HEADER_NAMES = {
  from: 'From',
  to: 'To',
  reply_to: 'Reply-To',
  message_id: 'Message-ID',
  subject: 'Subject',
} as const;

/** One line for the list. */
export function headlineOf(message: SandboxMessage): string {
  const caught = caughtOf(message);
  switch (caught.kind) {
    case 'email':
      return caught.mail.subject;
    case 'text':
    case 'chat':
      return caught.text;
    case 'push':
    case 'in_app':
      return caught.title ?? caught.body;
    case 'webhook':
      return caught.body.replaceAll(/\s+/g, ' ');
    case 'other':
      return JSON.stringify(message.message);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
