import type { Message, SendContext } from '../../src/channels/provider.ts';
import type { Channel } from '../../src/domain/channel.ts';
import { type Delivery, isTerminal } from '../../src/domain/delivery.ts';
import { type DeliveryId, type NotificationId, notificationOf } from '../../src/domain/ids.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { News } from '../../src/domain/receipt.ts';
import type { Received } from '../../src/pipeline/receive.ts';
import type {
  AcceptResult,
  Change,
  Claim,
  IdempotencyKey,
  Lease,
  NewNotification,
  Submission,
} from '../../src/store/store.ts';
import { checkCall, checkTaken } from './call-promises.ts';
import type { Call, Row } from './calls.ts';
import type { Life } from './life.ts';
import type { Moment, Plan } from './plan.ts';
import type { Breach, Finding, PromiseName } from './promises.ts';
import { Seeded } from './seeded.ts';
import type { Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';
import { checkWrite } from './write-promises.ts';

/** How long a key is remembered at least, in ms: a day. */
const KEY_LIFETIME = 86_400_000;

/** A result whose record has been refused for so long, in ms, may have been given up; its lease runs out after that. */
const GIVEN_UP_AFTER = 120_000;

/** The parts of a process that reach for the store. */
export type Part = 'accept' | 'hand-off' | 'worker' | 'settle' | 'sweep' | 'control' | 'receive' | 'health';

/** What a client was told, and when. */
export interface Acknowledged {
  readonly n: number;
  readonly key: string | null;
  readonly fingerprint: string;
  readonly kind: 'accepted' | 'replayed' | 'mismatch';
  readonly answer: string | null;
}

/**
 * Sees everything that is really done, at the store and at the providers, and holds each against the promises. It
 * keeps its own copy of every state, so that it need not believe the store.
 */
export class Ledger {
  readonly rows = new Map<DeliveryId, Row>();
  readonly byNotification = new Map<NotificationId, readonly Row[]>();
  readonly unfinished = new Set<Row>();
  readonly keys = new Map<string, IdempotencyKey>();
  /** What was counted: notifications, ends by state, accepted attempts by channel and by provider. */
  readonly counts = new Map<string, number>();
  readonly figures = { sent: 0, calls: 0, duplicates: 0, lost: 0, stale: 0, replayed: 0, receipts: 0 };
  /** The first promise that was broken. */
  breach: Breach | null = null;
  readonly #plan: Plan;
  readonly #timeline: Timeline;
  readonly #trace: Trace;
  readonly #chance: Seeded;
  readonly #slack: number;
  /** What each process has sent, or sends, and has not recorded. */
  readonly #unrecorded = new Map<Life, Set<Row>>();
  readonly #told: (n: number, on: Moment['on']) => void;

  constructor(plan: Plan, timeline: Timeline, trace: Trace, told: (n: number, on: Moment['on']) => void) {
    this.#plan = plan;
    this.#timeline = timeline;
    this.#trace = trace;
    this.#told = told;
    this.#chance = new Seeded(`${plan.salt}/vendors`);
    const skews = plan.hosts.map(({ skew }) => Math.abs(skew));
    const jumps = plan.faults.map((fault) => (fault.kind === 'clock' ? Math.abs(fault.ms) : 0));
    this.#slack = Math.max(0, ...skews) + jumps.reduce((sum, jump) => sum + jump, 0);
  }

  /** How far clocks may be apart. */
  get slack(): number {
    return this.#slack;
  }

  break(promise: PromiseName, what: string, about: readonly number[]): void {
    this.breach ??= { promise, what, about };
  }

  accepted(life: Life, submissions: readonly Submission[], results: readonly AcceptResult[]): void {
    for (const [index, { notifications, key }] of submissions.entries()) {
      const result = results[index];
      const first = notifications[0];
      if (result === undefined || first === undefined) continue;
      const n = numberOf(first);
      this.#note(life, 'accept', [n], index, () => `#${n} → ${result.kind}`);
      this.#checkKey(n, key, result);
      if (result.kind !== 'accepted') continue;
      if (key !== null) this.keys.set(slotOf(key), key);
      for (const [place, parcel] of notifications.entries())
        this.#insert(n, parcel, notifications.length > 1 ? place : null);
      this.#count('accepted', notifications.length);
      this.#told(n, 'stored');
    }
  }

  #checkKey(n: number, key: IdempotencyKey | null, result: AcceptResult): void {
    const known = key === null ? undefined : this.keys.get(slotOf(key));
    const kind = known === undefined ? 'accepted' : known.fingerprint === key?.fingerprint ? 'replayed' : 'mismatch';
    if (result.kind !== kind) {
      this.break('idempotent', `the store answered ${result.kind} where it is ${kind}`, [n]);
    } else if (result.kind === 'replayed' && result.answer !== known?.answer) {
      this.break('idempotent', 'a repeat was answered otherwise than the first', [n]);
    }
  }

  #insert(n: number, { notification, deliveries, attempts }: NewNotification, place: number | null): void {
    const siblings: Row[] = [];
    for (const delivery of deliveries) {
      const log = [...(attempts.get(delivery.id) ?? [])];
      const label = `#${n}${place === null ? '' : `/${place + 1}`}.${delivery.leg}`;
      const row: Row = {
        ...{ n, label, siblings, notification, delivery, log, calls: [], generation: 1, claim: null },
        ...{
          sentBy: null,
          bounced: false,
          cancelled: false,
          stopped: false,
          readyAt: this.#readyAt(delivery),
          neglected: 0,
        },
      };
      if (isTerminal(delivery.status)) this.#count(`ended ${delivery.status}`, 1);
      siblings.push(row);
      this.rows.set(delivery.id, row);
      if (!isTerminal(delivery.status)) this.unfinished.add(row);
    }
    this.byNotification.set(notification.id, siblings);
  }

  /** Keys from before this time are forgotten: they may be used again. */
  purged(life: Life, keysBefore: number): void {
    const youngest = this.#timeline.now() - KEY_LIFETIME + this.#slack;
    if (keysBefore > youngest) this.break('idempotent', `${life.name} forgets keys that are not old enough`, []);
    for (const [slot, { createdAt }] of this.keys) if (createdAt < keysBefore) this.keys.delete(slot);
  }

  claimed(life: Life, claims: readonly Claim[], how: { named: boolean; limit: number; leaseMs: number }): void {
    if (claims.length > how.limit) this.break('single_claim', `${claims.length} claims instead of ${how.limit}`, []);
    for (const { delivery } of claims) {
      const row = this.rows.get(delivery.id);
      if (row === undefined) {
        this.break('kept', `${delivery.id} was claimed and never stored`, []);
        continue;
      }
      const finding = this.#checkClaim(row, delivery, how);
      this.#find(finding, row);
      if (row.claim !== null) this.#unrecorded.get(row.claim.by)?.delete(row);
      row.claim = { by: life, at: this.#timeline.now(), calls: [] };
      this.#become(row, delivery);
      this.#note(life, how.named ? 'claim' : 'claimDue', [row.n], delivery.version, () => {
        return `→ ${row.label} v${delivery.version}, until ${this.#at(delivery.dueAt)}`;
      });
      this.#told(row.n, 'claimed');
    }
  }

  #checkClaim(row: Row, after: Delivery, how: { named: boolean; leaseMs: number }): Finding {
    const { status, dueAt, version } = row.delivery;
    const now = this.#timeline.now();
    if (status === 'sending')
      return ['single_claim', `${row.claim?.by.name ?? 'nobody'} holds it, and it was given away`];
    if (isTerminal(status)) return ['moves', `it is ${status}, and was claimed`];
    if (after.version !== version + 1) return ['fenced', `v${version} was claimed as v${after.version}`];
    const isNamed = how.named && status === 'pending';
    if (!isNamed && (dueAt === null || dueAt > now)) return ['due', `it was claimed before ${dueAt}`];
    if (after.status !== 'sending' || after.dueAt !== now + how.leaseMs) return ['moves', 'that is no lease'];
    return null;
  }

  renewed(life: Life, leases: readonly Lease[], answers: readonly boolean[], leaseMs: number): void {
    for (const [index, { id, version }] of leases.entries()) {
      const row = this.rows.get(id);
      if (row === undefined || answers[index] !== true) continue;
      const now = this.#timeline.now();
      const isHeld = row.delivery.status === 'sending' && row.delivery.version === version && row.claim?.by === life;
      if (!isHeld || (row.delivery.dueAt ?? 0) <= now) this.#find(['fenced', 'a lost lease was renewed'], row);
      this.#become(row, { ...row.delivery, dueAt: now + leaseMs });
      this.#note(life, 'renew', [row.n], version, () => `${row.label} v${version}, until ${this.#at(now + leaseMs)}`);
    }
  }

  wrote(life: Life, part: Part, groups: readonly (readonly Change[])[], answers: readonly boolean[]): void {
    for (const [index, group] of groups.entries()) {
      const isTaken = answers[index] === true;
      for (const change of group) this.#wroteOne(life, part, change, isTaken);
      if (isTaken && part === 'control') this.#checkCancelled(group);
    }
  }

  #wroteOne(life: Life, part: Part, change: Change, isTaken: boolean): void {
    const { after, attempts, sendAt } = change;
    const row = this.rows.get(after.id);
    if (row === undefined) {
      this.break('kept', `${after.id} was written and never stored`, []);
      return;
    }
    this.#note(life, isTaken ? 'write' : 'refused', [row.n], after.version, () => {
      const log = attempts
        .map(({ channel, provider, outcome }) => `${channel}/${provider ?? '-'} ${outcome}`)
        .join(', ');
      const due = after.dueAt === null ? '' : `, due ${this.#at(after.dueAt)}`;
      return `${row.label} v${after.version} ${after.status}${after.reason === null ? '' : ` (${after.reason})`}${due} by ${part}${log === '' ? '' : ` [${log}]`}`;
    });
    const by = part === 'settle' ? life : row.claim?.by;
    if (by !== undefined && (isTaken || part === 'settle')) this.#unrecorded.get(by)?.delete(row);
    if (!isTaken) {
      this.figures.stale += part === 'settle' ? 1 : 0;
      return;
    }
    // An inbox is the store's own: it takes a message with the record that it was sent.
    const inboxed = change.entry === undefined ? undefined : row.claim?.calls.at(-1);
    if (inboxed !== undefined) this.taken(inboxed);
    const storeNow = this.#timeline.now();
    const { retry, sendTimeout } = this.#plan;
    const writing = { part, storeNow, ownNow: life.clock.now(), slack: this.#slack, retry, sendTimeout };
    this.#find(checkWrite(row, change, writing), row);
    if (part === 'settle') for (const call of row.claim?.calls ?? []) call.recorded = outcomeIn(change, call);
    if (part === 'settle' && after.status === 'sent') row.sentBy = row.claim?.calls.at(-1) ?? null;
    if (part === 'receive' && after.status !== row.delivery.status) this.#received(row, after);
    if (part === 'sweep') this.figures.lost += 1;
    if (part === 'control' && isTerminal(row.delivery.status) && !isTerminal(after.status)) {
      row.generation += 1;
      for (const leg of row.siblings) leg.stopped = false;
    }
    row.cancelled ||= after.status === 'cancelled';
    if (isTerminal(after.status) && after.status !== row.delivery.status) this.#count(`ended ${after.status}`, 1);
    // What is delivered is sent no more, and counts once.
    if (after.status === 'delivered' && row.delivery.status === 'sent') this.#count('ended sent', -1);
    for (const { outcome, channel, provider } of attempts) {
      if (outcome !== 'accepted') continue;
      this.#count(`by ${channel}`, 1);
      this.#count(`through ${provider}`, 1);
    }
    row.log.push(...attempts);
    row.claim = null;
    if (sendAt !== undefined) {
      for (const one of row.siblings) one.notification = { ...one.notification, sendAt };
    }
    this.#become(row, after);
    this.#told(row.n, isTerminal(after.status) ? 'ended' : 'waits');
  }

  /** What a receipt has brought about. */
  #received(row: Row, after: Delivery): void {
    this.figures.receipts += 1;
    if (after.status === 'delivered' || row.sentBy === null) return;
    row.sentBy.bounced = true;
    row.bounced = true;
    row.sentBy = null;
  }

  #checkCancelled(group: readonly Change[]): void {
    const cancelled = group.find(({ after }) => after.status === 'cancelled');
    if (cancelled === undefined) return;
    const legs = this.byNotification.get(notificationOf(cancelled.after.id)) ?? [];
    for (const leg of legs) leg.stopped = true;
    const open = legs.find(({ delivery }) => !isTerminal(delivery.status));
    if (open !== undefined) this.#find(['cancel', `cancelled, and this leg is ${open.delivery.status}`], open);
  }

  called(life: Life, channel: Channel, provider: string, message: Message, context: SendContext): Call {
    const row = this.rows.get(context.deliveryId);
    if (row === undefined) throw new Error(`a provider was called for ${context.deliveryId}, which nobody stored`);
    const call: Call = {
      ...{ row, life, channel, provider, attempt: context.attempt, key: context.idempotencyKey },
      ...{ generation: row.generation, claimedAt: row.claim?.at ?? 0, at: this.#timeline.now() },
      ...{ messageId: `m${this.figures.calls}`, fate: '', takenAt: null, said: null, recorded: null },
      ...{ told: new Set(), heard: new Set(), bounced: false },
    };
    if (message.channel !== channel) this.#find(['moves', `${message.channel} was sent on ${channel}`], row);
    this.#find(checkCall(row, call, context, this.#timeline.now(), this.#slack), row);
    // An inbox is the store's own: its record is the send.
    if (channel !== 'in_app') this.#checkUnrecorded(life, row);
    row.calls.push(call);
    row.claim?.calls.push(call);
    this.figures.calls += 1;
    this.#note(
      life,
      'calls',
      [row.n],
      call.attempt,
      () => `${channel}/${provider} for ${row.label}, attempt ${call.attempt}`,
    );
    this.#told(row.n, 'called');
    return call;
  }

  #checkUnrecorded(life: Life, row: Row): void {
    const unrecorded = this.#unrecorded.get(life) ?? new Set();
    this.#unrecorded.set(life, unrecorded.add(row));
    const { concurrency } = this.#plan;
    // A result that is held for too long while the store is away is given up, and with it the slot.
    if (unrecorded.size <= concurrency || life.wasTroubled(this.#timeline.now() - GIVEN_UP_AFTER)) return;
    this.#find(['bounded', `${life.name} sends ${unrecorded.size} at once, or has not recorded them`], row);
  }

  /** What this call meets is drawn by what it is, so that other calls can be left out without a change to it. */
  chanceOf({ row, channel, provider, attempt }: Call): Seeded {
    return this.#chance.fork(`${row.label}/${channel}/${provider}/${attempt}`);
  }

  taken(call: Call): void {
    call.takenAt = this.#timeline.now();
    const { finding, duplicates } = checkTaken(call, this.#plan.sendTimeout, this.#plan.leaseMs);
    this.figures.sent += 1;
    this.figures.duplicates += duplicates > 0 ? 1 : 0;
    this.#trace.note(
      this.#timeline.now(),
      `${call.channel}/${call.provider}`,
      'takes',
      [call.row.n],
      call.attempt,
      () => {
        return `${call.row.label}, attempt ${call.attempt}${duplicates > 0 ? ': again' : ''}`;
      },
    );
    this.#find(finding, call.row);
    this.#told(call.row.n, 'taken');
  }

  answered(call: Call, outcome: Outcome | null): void {
    call.said = { outcome, at: this.#timeline.now() };
    this.#note(call.life, 'hears', [call.row.n], call.attempt, () => {
      return `${outcome?.kind ?? 'a throw'} (${call.fate}) of ${call.row.label}, attempt ${call.attempt}`;
    });
  }

  /** A provider begins to tell something of what it has taken. */
  tells(call: Call, news: News): void {
    call.told.add(news);
    const about = () => `${news} of ${call.row.label}, attempt ${call.attempt}`;
    const by = `${call.channel}/${call.provider}`;
    this.#trace.note(this.#timeline.now(), by, 'tells', [call.row.n], call.attempt, about);
    this.#told(call.row.n, 'told');
  }

  /** A receipt of a call was taken. */
  heard(call: Call, news: News, result: Received): void {
    call.heard.add(news);
    const { n, label } = call.row;
    const by = `${call.channel}/${call.provider}`;
    const about = () => `${news} of ${label}, attempt ${call.attempt}: ${result}`;
    this.#trace.note(this.#timeline.now(), by, 'is answered', [n], call.attempt, about);
    if (result === 'unknown')
      this.#find(['heard', `attempt ${call.attempt} was made, and its receipt is unknown`], call.row);
  }

  acknowledged({ n, key, fingerprint, kind, answer }: Acknowledged): void {
    this.#trace.note(this.#timeline.now(), 'client', 'is told', [n], 0, () => `#${n}: ${kind} ${answer ?? ''}`);
    const stored = key === null ? undefined : this.keys.get(key);
    if (kind === 'replayed') this.figures.replayed += 1;
    if (kind === 'mismatch') {
      if (stored === undefined || stored.fingerprint === fingerprint) {
        this.break('idempotent', 'a mismatch was told where there is none', [n]);
      }
      return;
    }
    if (key !== null && (stored?.fingerprint !== fingerprint || stored.answer !== answer)) {
      this.break('idempotent', `the client was told ${answer}, stored is ${stored?.answer ?? 'nothing'}`, [n]);
    }
    for (const id of idsIn(answer ?? '')) {
      if (!this.byNotification.has(id)) this.break('durable', `${id} was answered 202 and is not in the store`, [n]);
    }
  }

  about(tasks: readonly { readonly id: DeliveryId }[]): readonly number[] {
    return tasks.flatMap(({ id }) => this.rows.get(id)?.n ?? []);
  }

  named(tasks: readonly { readonly id: DeliveryId }[]): string {
    return tasks.map(({ id }) => this.labelOf(id)).join(' ');
  }

  labelOf(id: DeliveryId): string {
    return this.rows.get(id)?.label ?? '?';
  }

  aboutNotification(id: NotificationId): string {
    return this.byNotification.get(id)?.[0]?.label ?? '?';
  }

  #count(what: string, by: number): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  #become(row: Row, delivery: Delivery): void {
    row.delivery = delivery;
    row.readyAt = this.#readyAt(delivery);
    row.neglected = 0;
    if (isTerminal(delivery.status)) this.unfinished.delete(row);
    else this.unfinished.add(row);
  }

  /** What was handed to a queue may be taken at once, whatever the due time. */
  #readyAt({ version, status, dueAt }: Delivery): number {
    return version === 1 && status === 'pending' ? this.#timeline.now() : (dueAt ?? Infinity);
  }

  #find(finding: Finding, row: Row): void {
    if (finding !== null) this.break(finding[0], `${row.label}: ${finding[1]}`, [row.n]);
  }

  #note(life: Life, op: string, about: readonly number[], number: number, detail: () => string): void {
    this.#trace.note(this.#timeline.now(), life.name, op, about, number, detail);
  }

  #at(time: number | null): string {
    return this.#trace.clock(time);
  }
}

function outcomeIn({ attempts }: Change, call: Call): Call['recorded'] {
  return attempts.find(({ number }) => number === call.attempt)?.outcome ?? null;
}

/** The simulation's clients write their send's number into the request's id. */
export function requestIdOf(n: number): string {
  return `send-${n}`;
}

function numberOf({ notification }: NewNotification): number {
  return Number(notification.requestId.slice('send-'.length));
}

export function slotOf({ scope, key }: Pick<IdempotencyKey, 'scope' | 'key'>): string {
  return `${scope} ${key}`;
}

/** What the simulation's clients are answered: the notifications' ids. */
export function answerOf(notifications: readonly { readonly id: NotificationId }[]): string {
  return notifications.map(({ id }) => id).join(' ');
}

function idsIn(answer: string): readonly NotificationId[] {
  return answer.split(' ').map((id) => id as NotificationId);
}
