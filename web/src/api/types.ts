import type { Static } from 'typebox';
import type {
  AttemptOut,
  DeadLetterOut,
  DeliveryOut,
  NotificationItemOut,
  RecipientOut,
} from '../../../src/http/contract/notification-out.ts';
import type { HealthOut, SandboxListOut, StatsOut } from '../../../src/http/contract/other.ts';
import type { StatusOut } from '../../../src/http/contract/status-out.ts';

/** The API's answers, by the very schemas that describe them. What a schema points to by name is put in here. */

export type Recipient = RecipientOut;
export type Delivery = DeliveryOut;
export type Attempt = AttemptOut;
export type Channel = DeliveryOut['channels'][number];
export type Status = DeliveryOut['status'];
export type ServiceStatus = StatusOut;
export type Stats = Static<typeof StatsOut>;
export type SandboxMessage = Static<typeof SandboxListOut>['data'][number];

type With<Schema, Refs> = Omit<Schema, keyof Refs> & Readonly<Refs>;

export type NotificationItem = With<
  Static<typeof NotificationItemOut>,
  { recipient: Recipient; deliveries: readonly Delivery[] }
>;
export type Notification = NotificationItem & { readonly attempts: readonly Attempt[] };

type LetterOf = Static<typeof DeadLetterOut>;
export type DeadLetter = With<
  LetterOf,
  { attempts: readonly Attempt[]; notification: With<LetterOf['notification'], { recipient: Recipient }> }
>;

export interface HealthPart {
  readonly ok: boolean;
  readonly needed: boolean;
  readonly detail: string | null;
}
export type Health = With<Static<typeof HealthOut>, { parts: Readonly<Record<string, HealthPart>> }>;

export interface Page<T> {
  readonly data: readonly T[];
  readonly next_cursor: string | null;
}

export interface Fault {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}
