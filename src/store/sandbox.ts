import type { Channel } from '../domain/channel.ts';
import type { DeliveryId, NotificationId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/notification.ts';

/** A small port of its own: what the sandbox providers caught instead of sending. */
export interface SandboxStore {
  /** Keeps the newest `SANDBOX_KEEPS`. */
  addToSandbox(messages: readonly NewSandboxMessage[]): Promise<void>;
  /** Newest first. */
  listSandbox(
    filter: SandboxFilter,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<SandboxPage>;
  /** Forgets everything that was caught. */
  clearSandbox(): Promise<void>;
}

export const SANDBOX_KEEPS = 10_000;

export interface NewSandboxMessage {
  readonly notificationId: NotificationId;
  readonly deliveryId: DeliveryId;
  readonly channel: Channel;
  readonly to: string;
  /** The message as the channel's real provider would have been given it. */
  readonly message: JsonObject;
  readonly caughtAt: number;
}

export interface SandboxMessage extends NewSandboxMessage {
  /** Counts up, also over a clearing; newer is larger. */
  readonly id: number;
}

export interface SandboxFilter {
  readonly channel?: Channel;
  readonly to?: string;
  readonly notificationId?: NotificationId;
  /** Part of the address, or of what a person would read (`SANDBOX_TEXTS`); ASCII letters match in either case. */
  readonly text?: string;
}

/** The fields of a message that hold its text, whatever its channel. */
export const SANDBOX_TEXTS = ['subject', 'title', 'text', 'body'] as const;

export interface SandboxPage {
  readonly items: readonly SandboxMessage[];
  readonly next: string | null;
}
