import type { Channel } from '../domain/channel.ts';
import type { DeliveryId, NotificationId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/notification.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { Settings, SettingValues } from '../domain/settings.ts';

/**
 * The port to one concrete transport of a channel. A provider is one file that exports one const made by
 * `defineProvider`, its test, and a line in registry.ts; validation, docs and start-up messages derive from its
 * settings.
 */
export interface Provider<C extends Channel = Channel, S extends Settings = Settings> {
  /** As it stands in the attempt log and in `<CHANNEL>_PROVIDERS`. Unique. */
  readonly id: string;
  readonly channel: C;
  /** Live when all required ones are present. */
  readonly settings: S;
  /** What the settings' own forms cannot say: faults that show only between them. */
  readonly check?: (values: SettingValues<S>) => readonly { readonly env: string; readonly problem: string }[];
  /** Connects nothing yet. */
  open(values: SettingValues<S>, parts: ProviderParts): Transport<C>;
  /**
   * How to read what the vendor tells later of messages. Null where the settings do not say how to know that it is the
   * vendor who tells it; left out where the vendor tells nothing.
   */
  readonly receipts?: (values: SettingValues<S>, publicUrl: string | null) => ReadReceipts | null;
}

/** Checks a provider's type while keeping its own settings' types. */
export function defineProvider<C extends Channel, const S extends Settings>(provider: Provider<C, S>): Provider<C, S> {
  return provider;
}

/** A provider that has been opened with its settings. */
export interface Transport<C extends Channel = Channel> {
  /**
   * Makes one call and classifies what came of it; ends before `context.signal` aborts, or shortly after. It retries
   * nothing. A throw is a bug: it is recorded as `unknown`.
   */
  send(message: MessageOf<C>, context: SendContext): Promise<Outcome>;
  /** How many sends to one host may run at once; null: as many as the worker likes. */
  readonly concurrency: number | null;
  /**
   * Whose answer a send waits for, so that one that hangs does not hold up the others: a host, or any other name for
   * it. Null: nobody's outside of the service.
   */
  hostOf(message: MessageOf<C>): string | null;
  /** False: nothing is ever sent to that address, which is a URL that a user gave. Left out where there are no such. */
  allowsUrl?(url: string): boolean;
  close(): Promise<void>;
}

export interface SendContext {
  readonly notificationId: NotificationId;
  readonly deliveryId: DeliveryId;
  /** The same for every attempt of this delivery on this channel: for providers that take an idempotency key. */
  readonly idempotencyKey: string;
  /** 1, 2, … within the delivery. */
  readonly attempt: number;
  /** Aborts when the send's time is over. */
  readonly signal: AbortSignal;
  /** ms since the epoch. */
  readonly now: number;
  /** When the message expires, in ms since the epoch by this process's clock; no byte may leave from then on. */
  readonly notAfter: number | null;
  /** The W3C header that ties what the provider does to our trace; left out where nothing is traced. */
  readonly traceparent?: string | undefined;
}

/** Reads one request of a vendor. It trusts nothing in it before the signature was found to be the vendor's. */
export type ReadReceipts = (request: ReceiptRequest) => ReceiptsRead;

/** What came to `/receipts/<provider>`, as it came. */
export interface ReceiptRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Path and query, as they stand below the public URL. */
  readonly target: string;
  readonly body: Buffer;
}

export type ReceiptsRead =
  | {
      readonly kind: 'read';
      readonly receipts: readonly Receipt[];
      /** News of messages that do not name an attempt of ours: somebody else sends by the same account. */
      readonly foreign: number;
      /** News that change nothing: opened, deferred, a copy's, … */
      readonly ignored: number;
    }
  /** Not signed, or not by the vendor. */
  | { readonly kind: 'forged' }
  /** The vendor's, and not as the vendor documents it. */
  | { readonly kind: 'unreadable' };

/** What the service lends to its providers. */
export interface ProviderParts {
  readonly http: HttpClient;
  /** For URLs that users gave: refuses private addresses unless told otherwise. */
  readonly guardedHttp: HttpClient;
  readonly sandbox: SandboxWriter;
  readonly random: () => number;
  /** Where the world finds this service, without a trailing slash; null where it does not. */
  readonly publicUrl: string | null;
}

/** One pooled client for all providers: a deadline over the whole exchange, a cap on the answer, no redirects. */
export interface HttpClient {
  post(request: HttpPost): Promise<HttpAnswer>;
  /** How many posts one host gets at once; one more waits for the first of them to end, and its time runs. */
  readonly connections: number;
  /** False: `post` would answer `url_not_allowed`, as the URL's host and port alone tell. */
  allowsUrl(url: string): boolean;
}

export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  /** Nothing is written at or after this time, in ms since the epoch: the message has expired then. Null: no limit. */
  readonly notAfter: number | null;
  readonly traceparent?: string | undefined;
}

/** Never throws for what the network does: it tells what is known. */
export type HttpAnswer =
  /** An answer came; `body` holds at most its first 64 KiB. Header names are lower case. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** Nothing was sent: no address, no connection, no trusted TLS, or an address that may not be called. */
  | {
      readonly kind: 'not_sent';
      readonly code: 'connection_failed' | 'tls_failed' | 'url_not_allowed';
      readonly detail: string;
    }
  /** Something was sent and no answer came. */
  | {
      readonly kind: 'no_answer';
      readonly code: 'timeout' | 'connection_lost' | 'invalid_response';
      readonly detail: string;
    };

export interface SandboxWriter {
  addToSandbox(
    messages: readonly {
      readonly notificationId: NotificationId;
      readonly deliveryId: DeliveryId;
      readonly channel: Channel;
      readonly to: string;
      readonly message: JsonObject;
      readonly caughtAt: number;
    }[],
  ): Promise<void>;
}

/** What a provider of channel C is given to send: rendered, checked, addressed. */
export type MessageOf<C extends Channel> = Message extends infer M
  ? M extends { readonly channel: infer K }
    ? [Extract<C, K>] extends [never]
      ? never
      : M
    : never
  : never;

export type Message =
  | EmailMessage
  | TextMessage
  | TelegramMessage
  | PushMessage
  | ChatMessage
  | WebhookMessage
  | InAppMessage;

export interface EmailMessage {
  readonly channel: 'email';
  readonly to: string;
  /** Null: the provider's configured sender. */
  readonly from: string | null;
  readonly replyTo: string | null;
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly {
    readonly filename: string;
    readonly contentType: string | null;
    readonly content: string;
  }[];
  /** Without angle brackets or domain: the provider adds its sender's domain. The same for every attempt. */
  readonly messageId: string;
}

export interface TextMessage {
  readonly channel: 'sms' | 'whatsapp';
  readonly to: string;
  readonly text: string;
}

export interface TelegramMessage {
  readonly channel: 'telegram';
  readonly to: string;
  readonly text: string;
  readonly parseMode: 'HTML' | 'MarkdownV2' | null;
  readonly silent: boolean;
}

export interface PushMessage {
  readonly channel: 'push';
  readonly to: string;
  readonly tokens: readonly string[];
  readonly title: string | null;
  readonly body: string;
  readonly data: JsonObject | null;
}

export interface ChatMessage {
  readonly channel: 'slack' | 'discord' | 'teams';
  readonly to: string;
  readonly text: string;
}

export interface WebhookMessage {
  readonly channel: 'webhook';
  readonly to: string;
  /** Stable over retries. */
  readonly id: string;
  /** JSON, exactly as it is signed and sent. */
  readonly body: string;
}

export interface InAppMessage {
  readonly channel: 'in_app';
  /** The user's id. */
  readonly to: string;
  readonly title: string | null;
  readonly body: string;
  readonly actionUrl: string | null;
  readonly data: JsonObject | null;
}

/** A provider ready to send, under its id. */
export interface OpenProvider<C extends Channel = Channel> {
  readonly id: string;
  /** As its breaker and its lanes know it: `email/smtp`. */
  readonly account: string;
  readonly transport: Transport<C>;
}

export function openProvider<C extends Channel>(channel: C, id: string, transport: Transport<C>): OpenProvider<C> {
  return { id, account: `${channel}/${id}`, transport };
}

/** What the pipeline knows of the channels that were opened at start. */
export interface Channels {
  /** In failover order; empty where nothing serves the channel. */
  transports(channel: Channel): readonly OpenProvider[];
  /** Channels that only the sandbox serves: a user id is address enough for them, and nothing leaves the house. */
  readonly sandboxed: ReadonlySet<Channel>;
  /** For the start-up log and /health. */
  readonly live: readonly {
    readonly channel: Channel;
    readonly providers: readonly string[];
    readonly sandboxed: boolean;
  }[];
  close(): Promise<void>;
}
