import type { Channel } from '../../src/domain/channel.ts';
import type { OnUnknown, Priority } from '../../src/domain/notification.ts';
import type { RetryPolicy } from '../../src/domain/retry-policy.ts';
import type { Strategy } from '../../src/domain/route.ts';

/**
 * Everything that will be done to the service in one episode, as data: so that it can be drawn from a seed, looked at,
 * and made smaller. Times are ms from the start of the episode.
 */
export interface Plan {
  /** Draws the order of steps, latencies and what providers answer. */
  readonly salt: string;
  readonly hosts: readonly HostPlan[];
  readonly engine: 'memory' | 'sqlite';
  readonly queue: 'database' | 'broker';
  /** Each process's writes and claims are done in the order in which it asks for them. */
  readonly storeInOrder: boolean;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly sendTimeout: number;
  readonly retry: RetryPolicy;
  /** How slow providers are when nothing is wrong. */
  readonly vendorMs: number;
  /** How often providers do something else than accept, when nothing is wrong with them. */
  readonly vendorTrouble: number;
  /** How many calls at once a provider bears; null: any number. */
  readonly vendorSlots: number | null;
  readonly receipts: ReceiptPlan;
  readonly sends: readonly SendPlan[];
  readonly acts: readonly ActPlan[];
  readonly faults: readonly FaultPlan[];
  /** From here on nothing new goes wrong. */
  readonly calmFrom: number;
}

/** What providers tell later of what they have taken. */
export interface ReceiptPlan {
  /** How often they do, and how often it is that it bounced. */
  readonly rate: number;
  readonly bounces: number;
  /** Also before they answer, much later, twice, in any order, and of what was never sent. */
  readonly wild: boolean;
}

export interface HostPlan {
  readonly name: string;
  readonly api: boolean;
  readonly worker: boolean;
  readonly sweeper: boolean;
  /** How far its clock is off, in ms. */
  readonly skew: number;
}

/** One request to send, whose notifications go by `n`, whatever else is taken out of the plan. */
export interface SendPlan {
  readonly n: number;
  readonly at: number;
  /** Without one its client does not ask again where it got no answer. */
  readonly keyed: boolean;
  /** How many recipients it has: more than one make a broadcast. */
  readonly recipients: number;
  readonly channels: readonly (Channel | readonly Channel[])[];
  readonly strategy: Strategy;
  /** Channels that the recipient has an address for. */
  readonly addressed: readonly Channel[];
  readonly priority: Priority;
  /** From its own time on. */
  readonly sendAfter: number | null;
  readonly expiresAfter: number | null;
  readonly onUnknown: OnUnknown;
  readonly retry: RetryPolicy | null;
}

/** What a client or an operator does besides. */
export interface ActPlan {
  readonly kind: 'cancel' | 'retry' | 'reschedule' | 'discard' | 'retry_all' | 'repeat' | 'mismatch' | 'health';
  /** The send it is about. */
  readonly n: number;
  readonly when: Moment;
}

/** The moments at which things are most likely to go wrong. */
export type Moment =
  | { readonly on: 'time'; readonly at: number }
  /** `after` ms from the nth time that this happens to a delivery of the send. */
  | {
      readonly on: 'asked' | 'stored' | 'claimed' | 'called' | 'taken' | 'told' | 'waits' | 'ended';
      readonly nth: number;
      readonly after: number;
    };

export type Op =
  | 'accept'
  | 'claimDue'
  | 'claim'
  | 'renew'
  | 'write'
  | 'expiredLeases'
  | 'find'
  | 'publish'
  | 'take'
  | 'ack'
  | 'send'
  | 'inbox';

/** `asked`: on its way. `done`: it has happened, and the answer is on its way. `answered`: the caller knows. */
export type Phase = 'asked' | 'done' | 'answered';

export type FaultMoment =
  | { readonly on: 'time'; readonly at: number }
  | { readonly on: 'op'; readonly op: Op; readonly phase: Phase; readonly nth: number };

export type StoreTrouble = 'refuse' | 'lose_answer' | 'partly' | 'slow' | 'stuck';
export type QueueTrouble = 'lose' | 'double' | 'delay' | 'reorder' | 'refuse' | 'lose_answer' | 'slow';
export type VendorTrouble = keyof typeof VENDOR_TROUBLES;

/** What a provider can do besides accepting: true where the message has gone out all the same. */
export const VENDOR_TROUBLES = {
  reject: false,
  defer: false,
  fail: false,
  limit: false,
  limit_all: false,
  misconfigured: false,
  refuse_connection: false,
  break_before: false,
  break_after: true,
  hang_before: false,
  hang_after: true,
  deaf_before: false,
  deaf_after: true,
  late: true,
  slow: true,
  throw_before: false,
  throw_after: true,
} as const;

interface Spell {
  readonly from: number;
  readonly ms: number;
  /** How likely each call is hit. */
  readonly rate: number;
}

export type FaultPlan =
  | { readonly kind: 'crash'; readonly host: string; readonly when: FaultMoment; readonly ms: number }
  | { readonly kind: 'pause'; readonly host: string; readonly when: FaultMoment; readonly ms: number }
  /** Told to stop, as for a new version, and started again. */
  | { readonly kind: 'restart'; readonly host: string; readonly when: FaultMoment; readonly ms: number }
  /** Null: for all hosts; otherwise only this one is cut off. */
  | (Spell & { readonly kind: 'store'; readonly host: string | null; readonly how: StoreTrouble })
  | (Spell & { readonly kind: 'queue'; readonly how: QueueTrouble })
  | (Spell & { readonly kind: 'bell' })
  | (Spell & { readonly kind: 'vendor'; readonly provider: string; readonly how: readonly VendorTrouble[] })
  | { readonly kind: 'wipe'; readonly at: number }
  /** A clock is set: `ms` on or back. */
  | { readonly kind: 'clock'; readonly host: string; readonly at: number; readonly ms: number };

export type FaultKind = FaultPlan['kind'];

export const FAULT_KINDS = [
  'crash',
  'pause',
  'restart',
  'store',
  'queue',
  'bell',
  'vendor',
  'wipe',
  'clock',
] as const satisfies readonly FaultKind[];

/** The providers there are, in failover order. */
export const PROVIDERS: Readonly<Partial<Record<Channel, readonly string[]>>> = {
  email: ['smtp', 'sendgrid'],
  sms: ['twilio'],
  telegram: ['bot'],
  webhook: ['webhook'],
  /** The real one: what it answers is written with the record. */
  in_app: ['inbox'],
};
