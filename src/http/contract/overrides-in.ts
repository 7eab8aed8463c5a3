import type { Static } from 'typebox';
import { closed, jsonObject, map, word } from './forms.ts';
import { Type } from './schema.ts';

function textOf(maxLength: number) {
  return Type.Optional(Type.String({ minLength: 1, maxLength }));
}

const mailbox = Type.String({ maxLength: 320 });

const AttachmentIn = closed({
  filename: Type.String({ minLength: 1, maxLength: 255, description: 'A plain name, no path.' }),
  content_type: Type.Optional(Type.String({ maxLength: 127 })),
  content: Type.String({ description: 'Base64.' }),
});

const EmailOverrideIn = closed({
  subject: textOf(500),
  html: textOf(500_000),
  text: textOf(100_000),
  from: Type.Optional(mailbox),
  reply_to: Type.Optional(mailbox),
  cc: Type.Optional(Type.Array(mailbox, { maxItems: 50 })),
  bcc: Type.Optional(Type.Array(mailbox, { maxItems: 50 })),
  headers: Type.Optional(
    map<string>(Type.String({ maxLength: 998 }), { maxProperties: 20, description: '`X-…` headers only.' }),
  ),
  attachments: Type.Optional(Type.Array(AttachmentIn, { maxItems: 20 })),
});
export type EmailOverrideIn = Static<typeof EmailOverrideIn>;

export const OverridesIn = closed(
  {
    email: Type.Optional(EmailOverrideIn),
    sms: Type.Optional(closed({ text: textOf(1600) })),
    telegram: Type.Optional(
      closed({
        text: textOf(4096),
        parse_mode: Type.Optional(word(['HTML', 'MarkdownV2'] as const)),
        silent: Type.Optional(Type.Boolean()),
      }),
    ),
    push: Type.Optional(closed({ title: textOf(500), body: textOf(4000), data: Type.Optional(jsonObject('')) })),
    whatsapp: Type.Optional(closed({ text: textOf(4096) })),
    slack: Type.Optional(closed({ text: textOf(10_000) })),
    discord: Type.Optional(closed({ text: textOf(2000) })),
    teams: Type.Optional(closed({ text: textOf(10_000) })),
    webhook: Type.Optional(closed({ payload: Type.Optional(jsonObject('Sent instead of the usual body.')) })),
    in_app: Type.Optional(
      closed({
        title: textOf(500),
        body: textOf(10_000),
        action_url: Type.Optional(Type.String({ maxLength: 2048 })),
        data: Type.Optional(jsonObject('')),
      }),
    ),
  },
  { description: 'What replaces the common text on one channel.' },
);
export type OverridesIn = Static<typeof OverridesIn>;
