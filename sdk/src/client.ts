import { DeadLetters } from './dead-letters.ts';
import type { TidingsError } from './error.ts';
import { type DeliveryEvent, type EventsOptions, events, type ResetEvent } from './events.ts';
import { Listing } from './listing.ts';
import type {
  Accepted,
  BatchResult,
  BroadcastAccepted,
  ListNotificationsQuery,
  Notification,
  NotificationItem,
  SendBatchBody,
  SendBody,
  Stats,
  UserToken,
} from './openapi.ts';
import { REAL, type Surroundings } from './surroundings.ts';
import { type CallOptions, createTransport, type Transport } from './transport.ts';
import { UserInbox } from './user-inbox.ts';
import { type WaitOptions, waitUntilDone } from './wait-until-done.ts';

export type { DeadLetterFilter, DeadLetterRetryOptions, DeadLetters } from './dead-letters.ts';
export { type ErrorCode, TidingsError } from './error.ts';
export type { DeliveryEvent, EventsOptions, ResetEvent } from './events.ts';
export type { Listing, Page } from './listing.ts';
export type {
  Accepted,
  Attempt,
  BatchResult,
  BroadcastAccepted,
  Channel,
  DeadLetter,
  DeadLetterRetry,
  Delivery,
  DeliveryStatus,
  Fault,
  FaultCode,
  InboxCounts,
  InboxItem,
  Notification,
  NotificationItem,
  Priority,
  Problem,
  ProblemCode,
  ReasonCode,
  Recipient,
  Stats,
  UserToken,
} from './openapi.ts';
export type { CallOptions } from './transport.ts';
export type { InboxMark, UserInbox } from './user-inbox.ts';
export type { WaitOptions } from './wait-until-done.ts';

export interface TidingsOptions {
  /** Where the service is, such as `https://tidings.example.com`; a path in front of its own is fine. */
  readonly baseUrl: string;
  /** An API key, to be kept on servers: whoever has it may do everything. For a user's own inbox, the user's token. */
  readonly apiKey?: string | undefined;
  /** How long a call may take in all, in ms, unless it says otherwise: tries, and the waits between them. 30,000. */
  readonly timeout?: number | undefined;
  /** How long one try of a call may take, in ms. 15,000. */
  readonly tryTimeout?: number | undefined;
  /** Asked before each further try of a call; false gives up. Without it as often as there is time. */
  readonly retryIf?: ((error: TidingsError) => boolean) | undefined;
}

export interface SendOptions extends CallOptions {
  /** Whoever sends the same with the same key sends it once. Without it one is made, for the tries of this call. */
  readonly idempotencyKey?: string | undefined;
}

/** To one recipient. */
export type NotificationToOne = Omit<SendBody, 'recipient' | 'recipients'> & {
  recipient: NonNullable<SendBody['recipient']>;
};
/** To many: one notification each. */
export type NotificationToMany = Omit<SendBody, 'recipient' | 'recipients'> & {
  recipients: NonNullable<SendBody['recipients']>;
};
export type BatchItem = SendBatchBody['notifications'][number];
export type NotificationFilter = Omit<ListNotificationsQuery, 'cursor'>;

/** Tells people things by a Tidings service. Everything it is asked for is also rejected as soon as `signal` is aborted. */
export class Tidings {
  readonly #transport: Transport;
  readonly deadLetters: DeadLetters;

  /** `surroundings` are for tests. */
  constructor(options: TidingsOptions, surroundings: Surroundings = REAL) {
    const { apiKey, timeout = 30_000, tryTimeout = 15_000, retryIf = () => true } = options;
    const baseUrl = readBaseUrl(options.baseUrl);
    this.#transport = createTransport({ baseUrl, apiKey, timeout, tryTimeout, retryIf }, surroundings);
    this.deadLetters = new DeadLetters(this.#transport);
  }

  /** Resolves when it is accepted, which means durable; it is on its way then. */
  send(notification: NotificationToOne, options?: SendOptions): Promise<Accepted>;
  send(notification: NotificationToMany, options?: SendOptions): Promise<BroadcastAccepted>;
  send(body: SendBody, { idempotencyKey, ...options }: SendOptions = {}): Promise<Accepted | BroadcastAccepted> {
    const key = idempotencyKey ?? this.#transport.surroundings.newKey();
    return this.#transport.call('send', { body, idempotencyKey: key, repeatable: true }, options);
  }

  /** Up to a thousand different ones at once. Valid ones are accepted, each bad one is named in the answer. */
  sendBatch(items: readonly BatchItem[], { idempotencyKey, ...options }: SendOptions = {}): Promise<BatchResult> {
    const key = idempotencyKey ?? this.#transport.surroundings.newKey();
    // The batch has one key, unless items have keys of their own: then the others get one each.
    const ask = items.some((item) => item.idempotency_key !== undefined)
      ? { body: { notifications: items.map((item, index) => ({ idempotency_key: `${key}:${index}`, ...item })) } }
      : { body: { notifications: items }, idempotencyKey: key };
    return this.#transport.call('sendBatch', { ...ask, repeatable: true }, options);
  }

  get(id: string, options?: CallOptions): Promise<Notification> {
    return this.#transport.call('getNotification', { at: [id], repeatable: true }, options);
  }

  /** Resolves with the notification once nothing is left to come but news of its arrival: look at its `status`. */
  waitUntilDone(id: string, options: WaitOptions = {}): Promise<Notification> {
    return waitUntilDone(this.#transport, id, options);
  }

  /** Once it resolves, no provider is called any more. `too_late` where one is being called, or all is done. */
  async cancel(id: string, options?: CallOptions): Promise<void> {
    await this.#transport.call('cancelNotification', { at: [id], repeatable: true }, options);
  }

  /** Starts what failed, expired or was cancelled afresh. */
  async retry(id: string, options?: CallOptions): Promise<void> {
    await this.#transport.call('retryNotification', { at: [id], repeatable: false }, options);
  }

  /** Another time for what is still scheduled. */
  reschedule(id: string, sendAt: Date | string, options?: CallOptions): Promise<Notification> {
    const body = { send_at: typeof sendAt === 'string' ? sendAt : sendAt.toISOString() };
    return this.#transport.call('rescheduleNotification', { at: [id], body, repeatable: true }, options);
  }

  /** Newest first; `limit` is the size of a page. */
  list(filter: NotificationFilter = {}, options?: CallOptions): Listing<NotificationItem> {
    return new Listing((cursor) =>
      this.#transport.call('listNotifications', { query: { ...filter, cursor }, repeatable: true }, options),
    );
  }

  /** Figures of a window that ends now, such as `1h`; of the last day without it. */
  stats({ window, ...options }: CallOptions & { readonly window?: string | undefined } = {}): Promise<Stats> {
    return this.#transport.call('getStats', { query: { window }, repeatable: true }, options);
  }

  /**
   * What becomes of deliveries, of all or of one notification, as it happens: `for await (const event of …)`. It
   * connects again by itself, and leaves nothing out.
   */
  events(options: EventsOptions = {}): AsyncGenerator<DeliveryEvent | ResetEvent, never, undefined> {
    return events(this.#transport, options);
  }

  /** For your server to hand to the page of a user: it opens that user's inbox for a while, and nothing else. */
  createUserToken(userId: string, options?: CallOptions): Promise<UserToken> {
    return this.#transport.call('createUserToken', { at: [userId], repeatable: true }, options);
  }

  inbox(userId: string): UserInbox {
    return new UserInbox(this.#transport, userId);
  }
}

function readBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(`baseUrl must be an http or https URL such as https://tidings.example.com, not "${text}"`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
