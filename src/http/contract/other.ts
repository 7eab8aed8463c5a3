import type { Static } from 'typebox';
import { INBOX_MARKS } from '../../store/inbox.ts';
import { channelWord, closed, jsonObject, map, named, orNull, ref, timeText, word } from './forms.ts';
import { Type } from './schema.ts';

const text = Type.String();
const time = orNull(Type.String());

export const ResultOut = named('Result', { result: text }, 'What was done.');

export const InboxItemOut = named(
  'InboxItem',
  {
    id: text,
    notification_id: text,
    title: orNull(text),
    body: text,
    action_url: orNull(text),
    data: orNull(jsonObject('')),
    created_at: text,
    seen_at: time,
    read_at: time,
    archived_at: time,
  },
  'An entry of an inbox.',
);
const CountsOut = named(
  'InboxCounts',
  { total: Type.Integer(), unread: Type.Integer(), unseen: Type.Integer() },
  'Archived entries are left out.',
);
export const InboxOut = named(
  'Inbox',
  { data: Type.Array(ref(InboxItemOut)), next_cursor: orNull(text), counts: ref(CountsOut) },
  'Newest first.',
);
export const MarkedOut = named(
  'Marked',
  { changed: Type.Integer(), counts: ref(CountsOut) },
  'How many entries changed, and the counts after that.',
);
export const UserTokenOut = named(
  'UserToken',
  { token: Type.String({ description: 'A JWT; what it holds is between this service and itself.' }), expires_at: text },
  "Opens one user's inbox until `expires_at`.",
);
export const InboxMarkIn = closed(
  {
    as: word(INBOX_MARKS),
    before: Type.Optional(timeText('Only entries from before this time.')),
    ids: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 1000 })),
  },
  { description: 'Neither `before` nor `ids`: all entries.', examples: [{ as: 'read' }] },
);
export type InboxMarkIn = Static<typeof InboxMarkIn>;

const filterText = Type.Optional(Type.String({ maxLength: 500 }));

export const DeadLetterRetryIn = closed(
  {
    filter: closed(
      {
        channel: filterText,
        user_id: filterText,
        recipient: filterText,
        tag: filterText,
        request_id: filterText,
        created_after: filterText,
        created_before: filterText,
        q: filterText,
        code: filterText,
      },
      { description: 'As the query of the list; `{}` means all.' },
    ),
    dry_run: Type.Optional(Type.Boolean({ default: false, description: 'Only count.' })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'At most so many, newest first. Without it: all.' }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 200, description: '`next_cursor` of the part before.' })),
  },
  { examples: [{ filter: { code: 'provider_down' }, dry_run: true }] },
);
export type DeadLetterRetryIn = Static<typeof DeadLetterRetryIn>;
export const DeadLetterRetryOut = named(
  'DeadLetterRetry',
  {
    matched: Type.Integer(),
    retried: Type.Integer(),
    next_cursor: Type.Union([text, Type.Null()], { description: 'Where `limit` came before the end, the rest.' }),
  },
  'How many dead letters matched, and how many were started afresh.',
);

export const StatsOut = named(
  'Stats',
  {
    total: Type.Integer({ description: 'Notifications accepted within the window.' }),
    by_status: map<number>(Type.Integer(), {
      description: 'Deliveries: unfinished ones now, finished ones within the window.',
    }),
    by_channel: map<number>(Type.Integer(), { description: 'Sends that a provider accepted.' }),
    by_provider: map<number>(Type.Integer()),
    queue: Type.Object({ depth: Type.Integer(), oldest_age_ms: orNull(Type.Integer()) }),
    series: Type.Array(
      Type.Object({ at: text, accepted: Type.Integer(), sent: Type.Integer(), failed: Type.Integer() }),
      { description: 'Steps of equal length, oldest first; those in which nothing happened are left out.' },
    ),
  },
  'Figures of a window that ends now.',
);

export const SandboxListOut = named(
  'SandboxMessages',
  {
    data: Type.Array(
      Type.Object({
        id: text,
        notification_id: text,
        delivery_id: text,
        channel: channelWord(),
        to: text,
        message: jsonObject('As the real provider would have been given it.'),
        caught_at: text,
      }),
    ),
    next_cursor: orNull(text),
  },
  'What the sandbox caught instead of sending, newest first.',
);

export const ReceiptsOut = named(
  'Receipts',
  {
    applied: Type.Integer({ description: 'News that changed a delivery.' }),
    stale: Type.Integer({ description: 'News that came before, or that newer news outweighs.' }),
    unknown: Type.Integer({ description: 'News of messages that are not known here.' }),
    ignored: Type.Integer({ description: 'News that change nothing: opened, deferred, …' }),
  },
  'What came of the news in a request.',
);

const PartsOut = map<unknown>(Type.Object({ ok: Type.Boolean(), needed: Type.Boolean(), detail: orNull(text) }), {
  description: 'By name. Without a part that is not needed the service works on, degraded.',
});
export const HealthOut = named(
  'Health',
  { status: word(['ok', 'degraded', 'failing'] as const), version: text, parts: PartsOut },
  'How the service is.',
);
export const LiveOut = named('Live', { status: text }, 'The process answers.');
export const ReadyOut = named('Ready', { status: text, parts: PartsOut }, 'The process can do its work.');

/** Everything that has a name in the OpenAPI document besides notifications and problems. */
export const OTHER_SCHEMAS = [
  ...[ResultOut, InboxItemOut, CountsOut, InboxOut, MarkedOut, DeadLetterRetryOut, StatsOut, SandboxListOut],
  ...[UserTokenOut, ReceiptsOut, HealthOut, LiveOut, ReadyOut],
];
