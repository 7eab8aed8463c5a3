import type { Static } from 'typebox';
import { closed, named, ref, timeOut, word } from './forms.ts';
import { Type } from './schema.ts';

/** How the clients of small notification services name a channel. */
export const DOOR_TYPES = ['email', 'sms', 'in_app', 'inapp'] as const;
export type DoorType = (typeof DOOR_TYPES)[number];

const text = Type.String();
const type = word(DOOR_TYPES, { description: '`inapp` and `in_app` are the same.' });
const message = Type.String({ minLength: 1, maxLength: 10_000, description: 'Plain text.' });
const MOST = Number.MAX_SAFE_INTEGER;
const number = Type.Integer({ minimum: -MOST, maximum: MOST });
const userIdText = Type.String({ maxLength: 255 });
const userId = Type.Union([number, userIdText], {
  description: 'A whole number or a text; `1` and `"1"` are one user.',
});
const userIdOrNull = Type.Optional(Type.Union([number, userIdText, Type.Null()]));
// Clients with optional fields write null where they have nothing to say.
const email = Type.Optional(Type.Union([Type.String({ maxLength: 320 }), Type.Null()]));
const phone = Type.Optional(Type.Union([Type.String({ maxLength: 32 }), Type.Null()], { description: 'E.164.' }));

/** Everything that a door can be given; each has its own choice of it, checked by its own schema. */
export interface DoorFields {
  readonly user_id?: number | string | null;
  readonly type?: DoorType;
  readonly notification_type?: DoorType;
  readonly message?: string;
  readonly email?: string | null;
  readonly phone?: string | null;
}

export const DoorNotificationIn = closed(
  {
    user_id: userId,
    type: Type.Optional(type),
    notification_type: Type.Optional(type),
    message,
    email,
    phone,
  },
  {
    description: 'One of `type` and `notification_type` is required.',
    examples: [{ user_id: 1, type: 'email', message: 'Your OTP is 123456', email: 'user@example.com' }],
  },
);

export const NotifyIn = closed(
  { type, message, email, phone, user_id: userIdOrNull },
  {
    description: '`email` needs `email`; `sms` needs `phone` and `user_id`; `in_app` needs `user_id`.',
    examples: [{ type: 'email', message: 'Hello', email: 'user@example.com' }],
  },
);

/** The fields of the form; one that is left empty is as good as none. */
export const FormIn = closed(
  {
    user_id: Type.Optional(Type.String({ maxLength: 255, examples: ['7'] })),
    type,
    message: Type.String({ minLength: 1, maxLength: 10_000, description: 'Plain text.', examples: ['Hello'] }),
    email: Type.Optional(Type.String({ maxLength: 320, examples: ['user@example.com'] })),
    phone: Type.Optional(Type.String({ maxLength: 32, description: 'E.164.', examples: ['+14155550123'] })),
    once: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._:-]{1,128}$',
        description: 'The same form with the same text here is sent only once.',
        examples: ['form-1'],
      }),
    ),
    api_key: Type.Optional(Type.String({ maxLength: 512, description: 'Instead of a header.', examples: [''] })),
  },
  { description: 'A user id or an address is required.' },
);

const status = word([
  'pending',
  'scheduled',
  'retrying',
  'sent',
  'delivered',
  'failed',
  'cancelled',
  'expired',
  'suppressed',
]);
const doorNotification = {
  id: text,
  user_id: userId,
  type: Type.String({ description: 'The channel, `inapp` where it was called that.' }),
  message: text,
  status,
  delivered: Type.Boolean({ description: 'True once the status is `sent` or `delivered`.' }),
  created_at: timeOut('When it was accepted.'),
};

export const DoorNotificationOut = named('DoorNotification', doorNotification, 'A notification as it came in.');
export type DoorNotificationOut = Static<typeof DoorNotificationOut>;
export const DoorRetryOut = named('DoorRetry', { message: text, id: text }, 'It is on its way again.');
export const NotifyOut = named('Notified', { status: text, id: text }, 'It is durable and on its way.');
export const DoorInboxOut = named(
  'DoorInbox',
  { user_id: text, messages: Type.Array(Type.Object({ id: text, message: text, created_at: text })) },
  'The in-app messages of a user, oldest first.',
);
const count = Type.Integer();
export const DoorStatsOut = named(
  'DoorStats',
  {
    total: Type.Integer({ description: 'Accepted within the window.' }),
    pending: Type.Integer({ description: 'Not tried yet, or being sent for the first time; now.' }),
    retrying: Type.Integer({ description: 'Failed for now, tried again later; now.' }),
    sent: Type.Integer({ description: 'Within the window; those known to be delivered included.' }),
    failed: Type.Integer({ description: 'For good, within the window.' }),
    failed_permanently: Type.Integer({ description: 'The same as `failed`.' }),
    cancelled: count,
    expired: count,
    suppressed: count,
    window: text,
  },
  'Figures of a window that ends now.',
);
export const WelcomeOut = named('Welcome', { message: text, docs: text }, 'Where to go from here.');

export const DOOR_SCHEMAS = [...[DoorNotificationOut, DoorRetryOut, NotifyOut, DoorInboxOut, DoorStatsOut, WelcomeOut]];

/** The list has no name of its own: it is a bare array. */
export const DoorListOut = Type.Array(ref(DoorNotificationOut));
