// Written by `npm run docs` from the OpenAPI document; what is changed here is lost.

export type Channel =
  | 'email'
  | 'sms'
  | 'push'
  | 'telegram'
  | 'whatsapp'
  | 'slack'
  | 'discord'
  | 'teams'
  | 'webhook'
  | 'in_app';

export type DeliveryStatus =
  | 'sending'
  | 'retrying'
  | 'pending'
  | 'scheduled'
  | 'delivered'
  | 'sent'
  | 'failed'
  | 'expired'
  | 'suppressed'
  | 'cancelled';

export type Priority =
  | 'high'
  | 'normal'
  | 'low';

export type ReasonCode =
  | 'no_address'
  | 'invalid_recipient'
  | 'recipient_unreachable'
  | 'recipient_blocked'
  | 'message_rejected'
  | 'sender_rejected'
  | 'url_not_allowed'
  | 'endpoint_gone'
  | 'rate_limited'
  | 'provider_down'
  | 'provider_error'
  | 'provider_misconfigured'
  | 'connection_failed'
  | 'tls_failed'
  | 'temporarily_rejected'
  | 'timeout'
  | 'connection_lost'
  | 'invalid_response'
  | 'provider_bug'
  | 'worker_lost'
  | 'maybe_sent'
  | 'cancelled'
  | 'expired'
  | 'bounced';

export type ProblemCode =
  | 'invalid_json'
  | 'invalid_utf8'
  | 'duplicate_key'
  | 'too_deep'
  | 'forbidden_character'
  | 'forbidden_key'
  | 'bad_request'
  | 'invalid_idempotency_key'
  | 'invalid_cursor'
  | 'unauthorized'
  | 'invalid_token'
  | 'token_expired'
  | 'forbidden'
  | 'invalid_signature'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'too_late'
  | 'not_retryable'
  | 'not_scheduled'
  | 'too_large'
  | 'uri_too_long'
  | 'unsupported_media_type'
  | 'expectation_failed'
  | 'invalid_request'
  | 'unroutable'
  | 'idempotency_mismatch'
  | 'too_many_requests'
  | 'headers_too_large'
  | 'internal'
  | 'overloaded'
  | 'unavailable'
  | 'too_early'
  | 'not_ready';

export type FaultCode =
  | 'missing_field'
  | 'unknown_field'
  | 'invalid_type'
  | 'invalid_value'
  | 'invalid_format'
  | 'out_of_range'
  | 'too_short'
  | 'too_long'
  | 'too_few_items'
  | 'too_many_items'
  | 'duplicate_item'
  | 'conflicting_fields'
  | 'invalid_email'
  | 'invalid_phone'
  | 'invalid_user_id'
  | 'invalid_telegram'
  | 'invalid_url'
  | 'url_not_allowed'
  | 'invalid_time'
  | 'invalid_duration'
  | 'invalid_locale'
  | 'invalid_timezone'
  | 'invalid_base64'
  | 'too_far_ahead'
  | 'already_past'
  | 'expires_before_send'
  | 'no_recipient'
  | 'unroutable'
  | 'unknown_channel'
  | 'header_not_allowed';

/** One notification was accepted and is durable. */
export interface Accepted {
  id: string;
  status: 'pending' | 'scheduled';
  /** When it became durable. */
  created_at: string;
}

/** One notification for each recipient was accepted; the ids are in the order of the recipients. */
export interface BroadcastAccepted {
  /** The broadcast's id. */
  id: string;
  accepted: number;
  notifications: string[];
}

/** Who is told, as given in the request and in normal form. */
export interface Recipient {
  user_id?: string | undefined;
  email?: string | undefined;
  phone?: string | undefined;
  telegram?: string | undefined;
  push_tokens?: string[] | undefined;
  slack?: string | undefined;
  discord?: string | undefined;
  teams?: string | undefined;
  whatsapp?: string | undefined;
  webhook_url?: string | undefined;
  locale?: string | undefined;
  timezone?: string | undefined;
}

/** One leg of the route: a chain of channels, tried in order. */
export interface Delivery {
  id: string;
  channels: Channel[];
  status: DeliveryStatus;
  channel_used: Channel | null;
  next_attempt_at: string | null;
  reason: ReasonCode | null;
}

/** One call to one provider. */
export interface Attempt {
  delivery_id: string;
  attempt: number;
  channel: Channel;
  provider: string | null;
  outcome: 'accepted' | 'rejected' | 'deferred' | 'unknown';
  code: ReasonCode | null;
  detail: string | null;
  /** When the provider was called. */
  started_at: string;
  duration_ms: number;
  provider_message_id: string | null;
}

/** A notification, without its attempts. */
export interface NotificationItem {
  id: string;
  status: DeliveryStatus;
  channel_used: Channel | null;
  recipient: Recipient;
  title: string | null;
  message: string;
  category: null;
  priority: Priority;
  /** When it was accepted. */
  created_at: string;
  send_at: string | null;
  expires_at: string | null;
  sent_at: string | null;
  delivered_at: string | null;
  read_at: string | null;
  request_id: string;
  metadata: Record<string, string>;
  tags: string[];
  deliveries: Delivery[];
}

/** A notification, its deliveries and every attempt. */
export interface Notification {
  id: string;
  status: DeliveryStatus;
  channel_used: Channel | null;
  recipient: Recipient;
  title: string | null;
  message: string;
  category: null;
  priority: Priority;
  /** When it was accepted. */
  created_at: string;
  send_at: string | null;
  expires_at: string | null;
  sent_at: string | null;
  delivered_at: string | null;
  read_at: string | null;
  request_id: string;
  metadata: Record<string, string>;
  tags: string[];
  deliveries: Delivery[];
  attempts: Attempt[];
}

/** Newest first. */
export interface NotificationList {
  data: NotificationItem[];
  next_cursor: string | null;
}

/** A delivery that failed for good. */
export interface DeadLetter {
  /** The delivery's id. */
  id: string;
  notification_id: string;
  channels: Channel[];
  reason: ReasonCode | null;
  failed_at: string | null;
  round: number;
  attempts: Attempt[];
  notification: {
    recipient: Recipient;
    title: string | null;
    message: string;
    priority: Priority;
    created_at: string;
    expires_at: string | null;
    request_id: string;
    metadata: Record<string, string>;
    tags: string[];
  };
}

/** Newest first. */
export interface DeadLetterList {
  data: DeadLetter[];
  next_cursor: string | null;
}

/** RFC 9457. `code` is stable. */
export interface Problem {
  /** Where the code is explained. */
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  request_id?: string | undefined;
  /** All of it in a sentence, at the doors for existing clients. */
  error?: string | undefined;
  /** All faults at once (at most 100). */
  errors?: Fault[] | undefined;
}

/** One thing that is wrong with a request. */
export interface Fault {
  /** JSON pointer into the body; `/query/…` for a query parameter. */
  pointer: string;
  code: FaultCode;
  detail: string;
}

/** What became of each item: an id, or the problem with it. */
export interface BatchResult {
  accepted: number;
  rejected: number;
  results: {
    index: number;
    id?: string | undefined;
    error?: Problem | undefined;
  }[];
}

/** What runs here: engines, providers and configuration of the process that answers. */
export interface Status {
  version: string;
  node: string;
  /** When this process started. */
  started_at: string;
  /** Breakers are known to processes with a worker only. */
  roles: ('api' | 'worker' | 'scheduler')[];
  store: string;
  queue: string;
  access: 'open' | 'keys';
  channels: {
    channel: Channel;
    /** In failover order. */
    providers: {
      id: string;
      state: 'live' | 'sandbox' | 'paused';
      paused_until: string | null;
      cause: string | null;
    }[];
  }[];
  /** What is set, or has a default. Secrets and passwords are masked. */
  settings: {
    name: string;
    value: string;
    is_default: boolean;
  }[];
}

/** What was done. */
export interface Result {
  result: string;
}

/** An entry of an inbox. */
export interface InboxItem {
  id: string;
  notification_id: string;
  title: string | null;
  body: string;
  action_url: string | null;
  data: Record<string, unknown> | null;
  created_at: string;
  seen_at: string | null;
  read_at: string | null;
  archived_at: string | null;
}

/** Archived entries are left out. */
export interface InboxCounts {
  total: number;
  unread: number;
  unseen: number;
}

/** Newest first. */
export interface Inbox {
  data: InboxItem[];
  next_cursor: string | null;
  counts: InboxCounts;
}

/** How many entries changed, and the counts after that. */
export interface Marked {
  changed: number;
  counts: InboxCounts;
}

/** How many dead letters matched, and how many were started afresh. */
export interface DeadLetterRetry {
  matched: number;
  retried: number;
  /** Where `limit` came before the end, the rest. */
  next_cursor: string | null;
}

/** Figures of a window that ends now. */
export interface Stats {
  /** Notifications accepted within the window. */
  total: number;
  /** Deliveries: unfinished ones now, finished ones within the window. */
  by_status: Record<string, number>;
  /** Sends that a provider accepted. */
  by_channel: Record<string, number>;
  by_provider: Record<string, number>;
  queue: {
    depth: number;
    oldest_age_ms: number | null;
  };
  /** Steps of equal length, oldest first; those in which nothing happened are left out. */
  series: {
    at: string;
    accepted: number;
    sent: number;
    failed: number;
  }[];
}

/** What the sandbox caught instead of sending, newest first. */
export interface SandboxMessages {
  data: {
    id: string;
    notification_id: string;
    delivery_id: string;
    channel: Channel;
    to: string;
    /** As the real provider would have been given it. */
    message: Record<string, unknown>;
    caught_at: string;
  }[];
  next_cursor: string | null;
}

/** Opens one user's inbox until `expires_at`. */
export interface UserToken {
  /** A JWT; what it holds is between this service and itself. */
  token: string;
  expires_at: string;
}

export interface SendBody {
  recipient?: string | {
    /** Your own id of the person. */
    user_id?: string | undefined;
    email?: string | undefined;
    /** E.164. */
    phone?: string | undefined;
    /** A chat id, or a public `@name`. */
    telegram?: number | string | undefined;
    push_token?: string | undefined;
    push_tokens?: readonly string[] | undefined;
    /** An incoming webhook URL, or a channel or user id. */
    slack?: string | undefined;
    /** A webhook URL. */
    discord?: string | undefined;
    /** A workflow URL. */
    teams?: string | undefined;
    /** E.164. */
    whatsapp?: string | undefined;
    webhook_url?: string | undefined;
    /** BCP 47. */
    locale?: string | undefined;
    /** IANA. */
    timezone?: string | undefined;
  } | undefined;
  /** Instead of `recipient`: one notification each. An item may bring `data` of its own. */
  recipients?: readonly (string | {
    /** Your own id of the person. */
    user_id?: string | undefined;
    email?: string | undefined;
    /** E.164. */
    phone?: string | undefined;
    /** A chat id, or a public `@name`. */
    telegram?: number | string | undefined;
    push_token?: string | undefined;
    push_tokens?: readonly string[] | undefined;
    /** An incoming webhook URL, or a channel or user id. */
    slack?: string | undefined;
    /** A webhook URL. */
    discord?: string | undefined;
    /** A workflow URL. */
    teams?: string | undefined;
    /** E.164. */
    whatsapp?: string | undefined;
    webhook_url?: string | undefined;
    /** BCP 47. */
    locale?: string | undefined;
    /** IANA. */
    timezone?: string | undefined;
    /** Laid over the common `data` for this recipient. */
    data?: Record<string, unknown> | undefined;
  })[] | undefined;
  /** Plain text. */
  message: string;
  /** E-mail subject, push title, inbox heading. One line. */
  title?: string | undefined;
  /** http(s), mailto, or a path. */
  action_url?: string | undefined;
  /** Your own data, handed on to push, in_app and webhook. At most 2,000 keys. */
  data?: Record<string, unknown> | undefined;
  /** What replaces the common text on one channel. */
  overrides?: {
    email?: {
      subject?: string | undefined;
      html?: string | undefined;
      text?: string | undefined;
      from?: string | undefined;
      reply_to?: string | undefined;
      cc?: readonly string[] | undefined;
      bcc?: readonly string[] | undefined;
      /** `X-…` headers only. */
      headers?: Record<string, string> | undefined;
      attachments?: readonly {
        /** A plain name, no path. */
        filename: string;
        content_type?: string | undefined;
        /** Base64. */
        content: string;
      }[] | undefined;
    } | undefined;
    sms?: {
      text?: string | undefined;
    } | undefined;
    telegram?: {
      text?: string | undefined;
      parse_mode?: 'HTML' | 'MarkdownV2' | undefined;
      silent?: boolean | undefined;
    } | undefined;
    push?: {
      title?: string | undefined;
      body?: string | undefined;
      data?: Record<string, unknown> | undefined;
    } | undefined;
    whatsapp?: {
      text?: string | undefined;
    } | undefined;
    slack?: {
      text?: string | undefined;
    } | undefined;
    discord?: {
      text?: string | undefined;
    } | undefined;
    teams?: {
      text?: string | undefined;
    } | undefined;
    webhook?: {
      /** Sent instead of the usual body. */
      payload?: Record<string, unknown> | undefined;
    } | undefined;
    in_app?: {
      title?: string | undefined;
      body?: string | undefined;
      action_url?: string | undefined;
      data?: Record<string, unknown> | undefined;
    } | undefined;
  } | undefined;
  /** In order. With strategy `all` an entry may itself be a chain: `["in_app", ["email", "sms"]]`. */
  channels?: readonly (Channel | readonly Channel[])[] | undefined;
  /** `fallback`: the first that works ends it. `all`: every entry is sent. */
  strategy?: 'fallback' | 'all' | undefined;
  /** At most 365 days ahead; a time that is past means now. RFC 3339, with a zone. */
  send_at?: string | undefined;
  /** Instead of `send_at`. `"30s"`, `"10m"`, `"1h"`, `"2d"` or `"PT30S"`. */
  delay?: string | undefined;
  /** Never sent later than this. RFC 3339, with a zone. */
  expires_at?: string | undefined;
  /** Instead of `expires_at`: counted from the time it may be sent. `"30s"`, `"10m"`, `"1h"`, `"2d"` or `"PT30S"`. */
  ttl?: string | undefined;
  priority?: Priority | undefined;
  /** Instead of the default. A schedule that is too short repeats its last wait. */
  retry?: {
    max_attempts?: number | undefined;
    schedule?: readonly string[] | undefined;
  } | undefined;
  /** When a provider gives no answer: `retry` is at least once, `fail` is at most once. */
  on_unknown?: 'retry' | 'fail' | undefined;
  /** Stored, never sent. */
  metadata?: Record<string, string> | undefined;
  /** Stored; searchable. */
  tags?: readonly string[] | undefined;
}

/** Each item is checked alone: valid ones are accepted, each bad one is named. */
export interface SendBatchBody {
  notifications: readonly {
    recipient: string | {
      /** Your own id of the person. */
      user_id?: string | undefined;
      email?: string | undefined;
      /** E.164. */
      phone?: string | undefined;
      /** A chat id, or a public `@name`. */
      telegram?: number | string | undefined;
      push_token?: string | undefined;
      push_tokens?: readonly string[] | undefined;
      /** An incoming webhook URL, or a channel or user id. */
      slack?: string | undefined;
      /** A webhook URL. */
      discord?: string | undefined;
      /** A workflow URL. */
      teams?: string | undefined;
      /** E.164. */
      whatsapp?: string | undefined;
      webhook_url?: string | undefined;
      /** BCP 47. */
      locale?: string | undefined;
      /** IANA. */
      timezone?: string | undefined;
    };
    /** Plain text. */
    message: string;
    /** E-mail subject, push title, inbox heading. One line. */
    title?: string | undefined;
    /** http(s), mailto, or a path. */
    action_url?: string | undefined;
    /** Your own data, handed on to push, in_app and webhook. At most 2,000 keys. */
    data?: Record<string, unknown> | undefined;
    /** What replaces the common text on one channel. */
    overrides?: {
      email?: {
        subject?: string | undefined;
        html?: string | undefined;
        text?: string | undefined;
        from?: string | undefined;
        reply_to?: string | undefined;
        cc?: readonly string[] | undefined;
        bcc?: readonly string[] | undefined;
        /** `X-…` headers only. */
        headers?: Record<string, string> | undefined;
        attachments?: readonly {
          /** A plain name, no path. */
          filename: string;
          content_type?: string | undefined;
          /** Base64. */
          content: string;
        }[] | undefined;
      } | undefined;
      sms?: {
        text?: string | undefined;
      } | undefined;
      telegram?: {
        text?: string | undefined;
        parse_mode?: 'HTML' | 'MarkdownV2' | undefined;
        silent?: boolean | undefined;
      } | undefined;
      push?: {
        title?: string | undefined;
        body?: string | undefined;
        data?: Record<string, unknown> | undefined;
      } | undefined;
      whatsapp?: {
        text?: string | undefined;
      } | undefined;
      slack?: {
        text?: string | undefined;
      } | undefined;
      discord?: {
        text?: string | undefined;
      } | undefined;
      teams?: {
        text?: string | undefined;
      } | undefined;
      webhook?: {
        /** Sent instead of the usual body. */
        payload?: Record<string, unknown> | undefined;
      } | undefined;
      in_app?: {
        title?: string | undefined;
        body?: string | undefined;
        action_url?: string | undefined;
        data?: Record<string, unknown> | undefined;
      } | undefined;
    } | undefined;
    /** In order. With strategy `all` an entry may itself be a chain: `["in_app", ["email", "sms"]]`. */
    channels?: readonly (Channel | readonly Channel[])[] | undefined;
    /** `fallback`: the first that works ends it. `all`: every entry is sent. */
    strategy?: 'fallback' | 'all' | undefined;
    /** At most 365 days ahead; a time that is past means now. RFC 3339, with a zone. */
    send_at?: string | undefined;
    /** Instead of `send_at`. `"30s"`, `"10m"`, `"1h"`, `"2d"` or `"PT30S"`. */
    delay?: string | undefined;
    /** Never sent later than this. RFC 3339, with a zone. */
    expires_at?: string | undefined;
    /** Instead of `expires_at`: counted from the time it may be sent. `"30s"`, `"10m"`, `"1h"`, `"2d"` or `"PT30S"`. */
    ttl?: string | undefined;
    priority?: Priority | undefined;
    /** Instead of the default. A schedule that is too short repeats its last wait. */
    retry?: {
      max_attempts?: number | undefined;
      schedule?: readonly string[] | undefined;
    } | undefined;
    /** When a provider gives no answer: `retry` is at least once, `fail` is at most once. */
    on_unknown?: 'retry' | 'fail' | undefined;
    /** Stored, never sent. */
    metadata?: Record<string, string> | undefined;
    /** Stored; searchable. */
    tags?: readonly string[] | undefined;
    /** As the header, for this item alone. */
    idempotency_key?: string | undefined;
  }[];
}

export interface RescheduleNotificationBody {
  /** The new time, at most 365 days ahead. RFC 3339, with a zone. */
  send_at: string;
}

export interface RetryDeadLettersBody {
  /** As the query of the list; `{}` means all. */
  filter: {
    channel?: string | undefined;
    user_id?: string | undefined;
    recipient?: string | undefined;
    tag?: string | undefined;
    request_id?: string | undefined;
    created_after?: string | undefined;
    created_before?: string | undefined;
    q?: string | undefined;
    code?: string | undefined;
  };
  /** Only count. */
  dry_run?: boolean | undefined;
  /** At most so many, newest first. Without it: all. */
  limit?: number | undefined;
  /** `next_cursor` of the part before. */
  cursor?: string | undefined;
}

/** Neither `before` nor `ids`: all entries. */
export interface MarkInboxBody {
  as: 'seen' | 'read' | 'unread' | 'archive' | 'unarchive';
  /** Only entries from before this time. RFC 3339, with a zone. */
  before?: string | undefined;
  ids?: readonly string[] | undefined;
}

export interface ListNotificationsQuery {
  user_id?: string | undefined;
  status?: DeliveryStatus | undefined;
  channel?: Channel | undefined;
  /** Any address of the recipient, or the user id. */
  recipient?: string | undefined;
  tag?: string | undefined;
  request_id?: string | undefined;
  /** Inclusive. RFC 3339, with a zone. */
  created_after?: string | undefined;
  /** Exclusive. RFC 3339, with a zone. */
  created_before?: string | undefined;
  /** Part of the title or the message. */
  q?: string | undefined;
  limit?: number | undefined;
  /** `next_cursor` of the page before. */
  cursor?: string | undefined;
}

export interface ListNotificationsOfUserQuery {
  status?: DeliveryStatus | undefined;
  channel?: Channel | undefined;
  /** Any address of the recipient, or the user id. */
  recipient?: string | undefined;
  tag?: string | undefined;
  request_id?: string | undefined;
  /** Inclusive. RFC 3339, with a zone. */
  created_after?: string | undefined;
  /** Exclusive. RFC 3339, with a zone. */
  created_before?: string | undefined;
  /** Part of the title or the message. */
  q?: string | undefined;
  limit?: number | undefined;
  /** `next_cursor` of the page before. */
  cursor?: string | undefined;
}

export interface ListDeadLettersQuery {
  user_id?: string | undefined;
  channel?: Channel | undefined;
  /** Any address of the recipient, or the user id. */
  recipient?: string | undefined;
  tag?: string | undefined;
  request_id?: string | undefined;
  /** Inclusive. RFC 3339, with a zone. */
  created_after?: string | undefined;
  /** Exclusive. RFC 3339, with a zone. */
  created_before?: string | undefined;
  /** Part of the title or the message. */
  q?: string | undefined;
  code?: ReasonCode | undefined;
  limit?: number | undefined;
  /** `next_cursor` of the page before. */
  cursor?: string | undefined;
}

export interface GetStatsQuery {
  /** One minute to 30 days; `24h` if not given. `"30s"`, `"10m"`, `"1h"`, `"2d"` or `"PT30S"`. */
  window?: string | undefined;
}

export interface ListSandboxMessagesQuery {
  channel?: Channel | undefined;
  to?: string | undefined;
  notification_id?: string | undefined;
  /** Part of the address, the subject, the title or the text. */
  q?: string | undefined;
  limit?: number | undefined;
  /** `next_cursor` of the page before. */
  cursor?: string | undefined;
}

export interface ListInboxQuery {
  status?: 'unread' | 'read' | 'archived' | undefined;
  limit?: number | undefined;
  /** `next_cursor` of the page before. */
  cursor?: string | undefined;
}

/** What each operation is given and answers. */
export interface Operations {
  /** Tell somebody something */
  send: { body: SendBody; answer: Accepted | BroadcastAccepted };
  /** Notifications, newest first */
  listNotifications: { query: ListNotificationsQuery; answer: NotificationList };
  /** Send many different notifications */
  sendBatch: { body: SendBatchBody; answer: BatchResult };
  /** A user's notifications over all channels, newest first */
  listNotificationsOfUser: { query: ListNotificationsOfUserQuery; answer: NotificationList };
  /** One notification with its deliveries and attempts */
  getNotification: { answer: Notification };
  /** Another time for what is still scheduled */
  rescheduleNotification: { body: RescheduleNotificationBody; answer: Notification };
  /** Stop what has not been sent */
  cancelNotification: { answer: Result };
  /** Start what failed, expired or was cancelled afresh */
  retryNotification: { answer: Result };
  /** Deliveries that failed for good, newest first */
  listDeadLetters: { query: ListDeadLettersQuery; answer: DeadLetterList };
  /** Start all that match afresh */
  retryDeadLetters: { body: RetryDeadLettersBody; answer: DeadLetterRetry };
  /** Set one aside */
  discardDeadLetter: { answer: undefined };
  /** Figures of the last hours or days */
  getStats: { query: GetStatsQuery; answer: Stats };
  /** What the sandbox caught instead of sending, newest first */
  listSandboxMessages: { query: ListSandboxMessagesQuery; answer: SandboxMessages };
  /** Forget everything that the sandbox caught */
  clearSandbox: { answer: undefined };
  /** Engines, providers and configuration */
  getStatus: { answer: Status };
  /** Make a token for a user's own inbox */
  createUserToken: { answer: UserToken };
  /** A user's inbox, newest first */
  listInbox: { query: ListInboxQuery; answer: Inbox };
  /** Mark many entries */
  markInbox: { body: MarkInboxBody; answer: Marked };
  /** Mark one entry */
  markInboxEntry: { answer: InboxItem };
}

/** Where each operation is. */
export const ROUTES = {
  send: { method: 'POST', path: '/api/v1/notifications' },
  listNotifications: { method: 'GET', path: '/api/v1/notifications' },
  sendBatch: { method: 'POST', path: '/api/v1/notifications/batch' },
  listNotificationsOfUser: { method: 'GET', path: '/api/v1/users/{user_id}/notifications' },
  getNotification: { method: 'GET', path: '/api/v1/notifications/{id}' },
  rescheduleNotification: { method: 'PATCH', path: '/api/v1/notifications/{id}' },
  cancelNotification: { method: 'POST', path: '/api/v1/notifications/{id}/cancel' },
  retryNotification: { method: 'POST', path: '/api/v1/notifications/{id}/retry' },
  listDeadLetters: { method: 'GET', path: '/api/v1/dead-letters' },
  retryDeadLetters: { method: 'POST', path: '/api/v1/dead-letters/retry' },
  discardDeadLetter: { method: 'DELETE', path: '/api/v1/dead-letters/{delivery_id}' },
  getStats: { method: 'GET', path: '/api/v1/stats' },
  listSandboxMessages: { method: 'GET', path: '/api/v1/sandbox/messages' },
  clearSandbox: { method: 'DELETE', path: '/api/v1/sandbox/messages' },
  getStatus: { method: 'GET', path: '/api/v1/status' },
  createUserToken: { method: 'POST', path: '/api/v1/users/{user_id}/token' },
  listInbox: { method: 'GET', path: '/api/v1/users/{user_id}/inbox' },
  markInbox: { method: 'POST', path: '/api/v1/users/{user_id}/inbox/mark' },
  markInboxEntry: { method: 'POST', path: '/api/v1/users/{user_id}/inbox/{id}/{mark}' },
} as const satisfies Record<keyof Operations, object>;

