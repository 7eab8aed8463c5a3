import type { Static } from 'typebox';
import { PRIORITIES } from '../../domain/notification.ts';
import { MAX_CHAIN, STRATEGIES } from '../../domain/route.ts';
import { channelWord, closed, durationText, jsonObject, map, timeText, word } from './forms.ts';
import { OverridesIn } from './overrides-in.ts';
import { Type } from './schema.ts';

/** Most recipients of one request, and most items of one batch. */
export const MAX_MANY = 1000;

const address = {
  user_id: Type.Optional(Type.String({ maxLength: 255, description: 'Your own id of the person.' })),
  email: Type.Optional(Type.String({ maxLength: 320 })),
  phone: Type.Optional(Type.String({ maxLength: 32, description: 'E.164.' })),
  telegram: Type.Optional(
    Type.Union([Type.Integer(), Type.String({ maxLength: 64 })], { description: 'A chat id, or a public `@name`.' }),
  ),
  push_token: Type.Optional(Type.String({ maxLength: 4096 })),
  push_tokens: Type.Optional(Type.Array(Type.String({ maxLength: 4096 }), { minItems: 1, maxItems: 10 })),
  slack: Type.Optional(
    Type.String({ maxLength: 2048, description: 'An incoming webhook URL, or a channel or user id.' }),
  ),
  discord: Type.Optional(Type.String({ maxLength: 2048, description: 'A webhook URL.' })),
  teams: Type.Optional(Type.String({ maxLength: 2048, description: 'A workflow URL.' })),
  whatsapp: Type.Optional(Type.String({ maxLength: 32, description: 'E.164.' })),
  webhook_url: Type.Optional(Type.String({ maxLength: 2048 })),
  locale: Type.Optional(Type.String({ maxLength: 64, description: 'BCP 47.' })),
  timezone: Type.Optional(Type.String({ maxLength: 64, description: 'IANA.' })),
};

export const RecipientObjectIn = closed(address, { description: 'A user id and/or addresses.' });
export type RecipientObjectIn = Static<typeof RecipientObjectIn>;

const text = Type.String({
  maxLength: 320,
  description: 'An e-mail address, an E.164 phone number, or else a user id.',
});

export const RecipientIn = Type.Union([text, RecipientObjectIn]);
export type RecipientIn = Static<typeof RecipientIn>;

/** One of many recipients; may bring data of its own. */
const ManyItemIn = Type.Union([
  text,
  closed({ ...address, data: Type.Optional(jsonObject('Laid over the common `data` for this recipient.')) }),
]);
export type ManyItemIn = Static<typeof ManyItemIn>;

const content = {
  message: Type.String({ minLength: 1, maxLength: 10_000, description: 'Plain text.' }),
  title: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: 'E-mail subject, push title, inbox heading. One line.' }),
  ),
  action_url: Type.Optional(Type.String({ maxLength: 2048, description: 'http(s), mailto, or a path.' })),
  data: Type.Optional(jsonObject('Your own data, handed on to push, in_app and webhook. At most 2,000 keys.')),
  overrides: Type.Optional(OverridesIn),
  channels: Type.Optional(
    Type.Array(Type.Union([channelWord(), Type.Array(channelWord(), { minItems: 1, maxItems: MAX_CHAIN })]), {
      minItems: 1,
      maxItems: MAX_CHAIN,
      description: 'In order. With strategy `all` an entry may itself be a chain: `["in_app", ["email", "sms"]]`.',
    }),
  ),
  strategy: Type.Optional(
    word(STRATEGIES, {
      default: 'fallback',
      description: '`fallback`: the first that works ends it. `all`: every entry is sent.',
    }),
  ),
  send_at: Type.Optional(timeText('At most 365 days ahead; a time that is past means now.')),
  delay: Type.Optional(durationText('Instead of `send_at`.')),
  expires_at: Type.Optional(timeText('Never sent later than this.')),
  ttl: Type.Optional(durationText('Instead of `expires_at`: counted from the time it may be sent.')),
  priority: Type.Optional(word(PRIORITIES, { default: 'normal' })),
  retry: Type.Optional(
    closed(
      {
        max_attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })),
        schedule: Type.Optional(Type.Array(durationText('At most 24 h.'), { minItems: 1, maxItems: 49 })),
      },
      { description: 'Instead of the default. A schedule that is too short repeats its last wait.' },
    ),
  ),
  on_unknown: Type.Optional(
    word(['retry', 'fail'] as const, {
      default: 'retry',
      description: 'When a provider gives no answer: `retry` is at least once, `fail` is at most once.',
    }),
  ),
  metadata: Type.Optional(
    map<string>(Type.String({ maxLength: 500 }), { maxProperties: 50, description: 'Stored, never sent.' }),
  ),
  tags: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 20, description: 'Stored; searchable.' }),
  ),
};

export const NotificationIn = closed(
  {
    recipient: Type.Optional(RecipientIn),
    recipients: Type.Optional(
      Type.Array(ManyItemIn, {
        minItems: 1,
        maxItems: MAX_MANY,
        description: 'Instead of `recipient`: one notification each. An item may bring `data` of its own.',
      }),
    ),
    ...content,
  },
  {
    examples: [
      {
        recipient: 'user@example.com',
        title: 'Your order is on its way',
        message: 'It should arrive tomorrow between 9 and 11.',
        channels: ['email'],
      },
    ],
  },
);
export type NotificationIn = Static<typeof NotificationIn>;

/** What a notification says, apart from whom it is for. */
export type ContentIn = Omit<NotificationIn, 'recipient' | 'recipients'>;

export const BatchItemIn = closed({
  recipient: RecipientIn,
  ...content,
  idempotency_key: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: 'As the header, for this item alone.' }),
  ),
});
export type BatchItemIn = Static<typeof BatchItemIn>;

export const BatchIn = closed(
  { notifications: Type.Array(BatchItemIn, { minItems: 1, maxItems: MAX_MANY }) },
  {
    description: 'Each item is checked alone: valid ones are accepted, each bad one is named.',
    examples: [
      {
        notifications: [
          { recipient: 'user@example.com', message: 'Your invoice is ready.', channels: ['email'] },
          { recipient: { user_id: 'user-42' }, message: 'Your invoice is ready.', channels: ['in_app'] },
        ],
      },
    ],
  },
);

/** The batch without its items: they are checked one by one. */
export const BatchShellIn = closed({
  notifications: Type.Array(Type.Unknown(), { minItems: 1, maxItems: MAX_MANY }),
});
export type BatchShellIn = Static<typeof BatchShellIn>;

export const RescheduleIn = closed(
  { send_at: timeText('The new time, at most 365 days ahead.') },
  { examples: [{ send_at: '2027-01-31T09:30:00Z' }] },
);
export type RescheduleIn = Static<typeof RescheduleIn>;
