import type { Static } from 'typebox';
import { PRIORITIES } from '../../domain/notification.ts';
import { REASONS } from '../../domain/reason.ts';
import { channelWord, map, named, orNull, ref, statusWord, timeOut, word } from './forms.ts';
import { Type } from './schema.ts';

const text = Type.String();
const time = orNull(Type.String());
const reasons = Object.keys(REASONS) as (keyof typeof REASONS)[];

export const AcceptedOut = named(
  'Accepted',
  { id: text, status: word(['pending', 'scheduled'] as const), created_at: timeOut('When it became durable.') },
  'One notification was accepted and is durable.',
);
export const BroadcastAcceptedOut = named(
  'BroadcastAccepted',
  {
    id: Type.String({ description: "The broadcast's id." }),
    accepted: Type.Integer(),
    notifications: Type.Array(text),
  },
  'One notification for each recipient was accepted; the ids are in the order of the recipients.',
);

export const RecipientOut = named(
  'Recipient',
  {
    user_id: Type.Optional(text),
    email: Type.Optional(text),
    phone: Type.Optional(text),
    telegram: Type.Optional(text),
    push_tokens: Type.Optional(Type.Array(text)),
    slack: Type.Optional(text),
    discord: Type.Optional(text),
    teams: Type.Optional(text),
    whatsapp: Type.Optional(text),
    webhook_url: Type.Optional(text),
    locale: Type.Optional(text),
    timezone: Type.Optional(text),
  },
  'Who is told, as given in the request and in normal form.',
);
export type RecipientOut = Static<typeof RecipientOut>;

export const DeliveryOut = named(
  'Delivery',
  {
    id: text,
    channels: Type.Array(channelWord()),
    status: statusWord(),
    channel_used: orNull(channelWord()),
    next_attempt_at: time,
    reason: orNull(word(reasons)),
  },
  'One leg of the route: a chain of channels, tried in order.',
);
export type DeliveryOut = Static<typeof DeliveryOut>;

export const AttemptOut = named(
  'Attempt',
  {
    delivery_id: text,
    attempt: Type.Integer(),
    channel: channelWord(),
    provider: orNull(text),
    outcome: word(['accepted', 'rejected', 'deferred', 'unknown'] as const),
    code: orNull(word(reasons)),
    detail: orNull(text),
    started_at: timeOut('When the provider was called.'),
    duration_ms: Type.Number(),
    provider_message_id: orNull(text),
  },
  'One call to one provider.',
);
export type AttemptOut = Static<typeof AttemptOut>;

const notification = {
  id: text,
  status: statusWord(),
  channel_used: orNull(channelWord()),
  recipient: ref(RecipientOut),
  title: orNull(text),
  message: text,
  category: Type.Null(),
  priority: word(PRIORITIES),
  created_at: timeOut('When it was accepted.'),
  send_at: time,
  expires_at: time,
  sent_at: time,
  delivered_at: time,
  read_at: time,
  request_id: text,
  metadata: map<string>(text),
  tags: Type.Array(text),
  deliveries: Type.Array(ref(DeliveryOut)),
};

export const NotificationItemOut = named('NotificationItem', notification, 'A notification, without its attempts.');
export const NotificationOut = named(
  'Notification',
  { ...notification, attempts: Type.Array(ref(AttemptOut)) },
  'A notification, its deliveries and every attempt.',
);
export const NotificationListOut = named(
  'NotificationList',
  { data: Type.Array(ref(NotificationItemOut)), next_cursor: orNull(text) },
  'Newest first.',
);

export const DeadLetterOut = named(
  'DeadLetter',
  {
    id: Type.String({ description: "The delivery's id." }),
    notification_id: text,
    channels: Type.Array(channelWord()),
    reason: orNull(word(reasons)),
    failed_at: time,
    round: Type.Integer(),
    attempts: Type.Array(ref(AttemptOut)),
    notification: Type.Object({
      recipient: ref(RecipientOut),
      title: orNull(text),
      message: text,
      priority: word(PRIORITIES),
      created_at: text,
      expires_at: time,
      request_id: text,
      metadata: map<string>(text),
      tags: Type.Array(text),
    }),
  },
  'A delivery that failed for good.',
);
export const DeadLetterListOut = named(
  'DeadLetterList',
  { data: Type.Array(ref(DeadLetterOut)), next_cursor: orNull(text) },
  'Newest first.',
);
