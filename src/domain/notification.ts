import type { NotificationId } from './ids.ts';
import type { Recipient } from './recipient.ts';
import type { RetryPolicy } from './retry-policy.ts';

export const PRIORITIES = ['high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** After an unknown outcome: `retry` is at least once, `fail` is at most once. */
export type OnUnknown = 'retry' | 'fail';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** What replaces the common text on one channel. */
export interface Overrides {
  readonly email?: {
    readonly subject?: string;
    readonly html?: string;
    readonly text?: string;
    readonly from?: string;
    readonly reply_to?: string;
    readonly cc?: readonly string[];
    readonly bcc?: readonly string[];
    readonly headers?: Readonly<Record<string, string>>;
    readonly attachments?: readonly {
      readonly filename: string;
      readonly content_type?: string;
      readonly content: string;
    }[];
  };
  readonly sms?: { readonly text?: string };
  readonly telegram?: {
    readonly text?: string;
    readonly parse_mode?: 'HTML' | 'MarkdownV2';
    readonly silent?: boolean;
  };
  readonly push?: { readonly title?: string; readonly body?: string; readonly data?: JsonObject };
  readonly whatsapp?: { readonly text?: string };
  readonly slack?: { readonly text?: string };
  readonly discord?: { readonly text?: string };
  readonly teams?: { readonly text?: string };
  readonly webhook?: { readonly payload?: JsonObject };
  readonly in_app?: {
    readonly title?: string;
    readonly body?: string;
    readonly action_url?: string;
    readonly data?: JsonObject;
  };
}

/** One thing to tell one recipient. It never changes after it was accepted, but for `sendAt`. */
export interface Notification {
  readonly id: NotificationId;
  /** The request that brought it; on every log line of its trip. */
  readonly requestId: string;
  /** Set where one request told many recipients the same thing. */
  readonly broadcastId: NotificationId | null;
  readonly createdAt: number;
  readonly recipient: Recipient;
  readonly title: string | null;
  readonly message: string;
  readonly actionUrl: string | null;
  readonly data: JsonObject | null;
  readonly overrides: Overrides | null;
  readonly priority: Priority;
  readonly sendAt: number | null;
  readonly expiresAt: number | null;
  /** Null: the service's default, whatever it is when the time comes. */
  readonly retry: RetryPolicy | null;
  readonly onUnknown: OnUnknown;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}
