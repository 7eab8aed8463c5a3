import type { Shown } from '../kit/service.ts';
import type { Entry, Final } from './final-states.ts';
import { type InboxAccount, inboxAccount } from './inbox-account.ts';
import type { Asked } from './open-load.ts';
import type { ProcessLog } from './process-log.ts';
import type { Hit } from './sink.ts';

/** All that is known in the end. */
export interface Evidence {
  readonly asked: ReadonlyMap<string, Asked>;
  readonly hits: readonly Hit[];
  /** Of all inboxes. */
  readonly entries: readonly Entry[];
  readonly finals: readonly Final[];
  /** Of all that `suspects` names. */
  readonly details: ReadonlyMap<string, Shown>;
  readonly log: ProcessLog;
  /** How many deliveries the faults may have repeated, and taken from their workers. */
  readonly repeats: number;
  /** How long a worker waits for an answer, in ms. */
  readonly sendTimeoutMs: number;
}

/** The account of a run. The lists hold notification ids, or keys where there is no id. */
export interface Account {
  readonly accepted: number;
  /** Without an answer for good, and how many of these exist. */
  readonly unknown: number;
  readonly recovered: number;
  /** Accepted, and neither taken by the receiver nor in the inbox. */
  readonly lost: readonly string[];
  /** How many times the receiver took something that it had already taken. */
  readonly duplicated: number;
  readonly bound: number;
  /** Answers that came after their time, as the machine was too busy: each may have cost a repeat. */
  readonly late: number;
  /** Repeats that no attempt with an unknown outcome explains. */
  readonly unexplained: readonly string[];
  /** Exists, or arrived, without having been asked for; or exists twice for one key. */
  readonly unexpected: readonly string[];
  /** Has no terminal state. */
  readonly stuck: readonly string[];
  /** Failed for good, although its receiver would have taken it. */
  readonly failed: readonly string[];
  readonly staleRefused: number;
  /** Written by somebody who had lost the right to: an attempt after the end, two ends, a number used twice. */
  readonly staleAccepted: readonly string[];
  /** Of deliveries that were with the receiver. */
  readonly leasesLost: number;
  readonly inbox: InboxAccount;
}

const UNFINISHED: ReadonlySet<string> = new Set(['scheduled', 'pending', 'sending', 'retrying']);

/**
 * The notifications whose attempts must be looked at. All others have one hit or entry, one call, one write of `sent` and
 * that status: nothing more could be learned of them.
 */
export function suspects(evidence: Pick<Evidence, 'hits' | 'entries' | 'finals' | 'log'>): readonly string[] {
  const { log } = evidence;
  const taken = takenHits(evidence.hits);
  const there = new Set(evidence.entries.map(({ id }) => id));
  const isPlain = ({ status, deliveries: [delivery] }: Final) => {
    const id = delivery?.id ?? '';
    const arrivals = (taken.get(id)?.length ?? 0) + (there.has(id) ? 1 : 0);
    const once = [arrivals, log.attempted.get(id), log.sent.get(id)].every((count) => count === 1);
    return once && status === 'sent' && !log.reclaimed.has(id);
  };
  return evidence.finals.filter((one) => !isPlain(one)).map(({ id }) => id);
}

export function account(evidence: Evidence): Account {
  const { asked, finals, hits, entries, details, log } = evidence;
  const taken = takenHits(hits);
  const arrived = new Set([...[...taken.values()].flat(), ...entries].map(({ notificationId }) => notificationId));
  const inbox = inboxAccount(evidence);
  const expired = new Set(inbox.expired);
  const existing = new Set(finals.map(({ id }) => id));
  const acked = [...asked.values()].filter(({ id }) => id !== null);
  const unknown = [...asked.values()].filter(({ id }) => id === null);
  const keysThere = new Set(finals.map(({ message }) => message));
  const repeated = [...taken].filter(([, all]) => all.length > 1);
  const withheld = hits.filter((hit) => hit.withheld).length;
  const late = Math.max(0, timeouts(evidence) - withheld);
  const leasesLost =
    [...details.values()].reduce((sum, one) => sum + attemptsWith(one, 'worker_lost'), 0) - inbox.leasesLost;
  return {
    accepted: acked.length,
    unknown: unknown.length,
    recovered: unknown.filter(({ key }) => keysThere.has(key)).length,
    lost: [
      ...acked.flatMap(({ id }) => {
        const isThere = id === null || (existing.has(id) && (arrived.has(id) || expired.has(id)));
        return isThere ? [] : [id];
      }),
      // Nobody was told of these, but they are there and say that they were sent.
      ...finals.filter(({ id, status }) => status === 'sent' && !arrived.has(id)).map(({ id }) => id),
    ].filter((id, index, all) => all.indexOf(id) === index),
    duplicated: repeated.reduce((sum, [, all]) => sum + all.length - 1, 0),
    bound: evidence.repeats + withheld + late,
    late,
    unexplained: repeated.flatMap(([, all]) => unexplainedIn(all, details)),
    unexpected: unexpectedIn(evidence, existing),
    stuck: finals.filter(({ status }) => UNFINISHED.has(status)).map(({ id }) => id),
    failed: finals
      .filter(({ id, status }) => !UNFINISHED.has(status) && status !== 'sent' && !expired.has(id))
      .map(({ id }) => id),
    staleRefused: log.staleSettles,
    staleAccepted: staleIn(evidence),
    leasesLost,
    inbox,
  };
}

/** By delivery. */
function takenHits(hits: readonly Hit[]): ReadonlyMap<string, readonly Hit[]> {
  const byDelivery = new Map<string, Hit[]>();
  for (const hit of hits) {
    if (!hit.taken) continue;
    const before = byDelivery.get(hit.deliveryId);
    if (before === undefined) byDelivery.set(hit.deliveryId, [hit]);
    else before.push(hit);
  }
  return byDelivery;
}

/** Each time it came again there must be an attempt whose outcome nobody knew. */
function unexplainedIn(all: readonly Hit[], details: Evidence['details']): readonly string[] {
  const id = all[0]?.notificationId ?? '';
  const attempts = details.get(id)?.attempts ?? [];
  const unknown = attempts.filter(({ outcome }) => outcome === 'unknown').length;
  return unknown >= all.length - 1 ? [] : [id];
}

function attemptsWith({ attempts }: Shown, code: string): number {
  return attempts.filter((attempt) => attempt.code === code).length;
}

/** Sends that were given up, and not before their time. */
function timeouts({ details, sendTimeoutMs }: Evidence): number {
  const attempts = [...details.values()].flatMap((one) => one.attempts).filter(({ channel }) => channel !== 'in_app');
  return attempts.filter(({ code, duration_ms }) => code === 'timeout' && duration_ms >= sendTimeoutMs).length;
}

function unexpectedIn({ asked, finals, hits }: Evidence, existing: ReadonlySet<string>): readonly string[] {
  const found = new Set<string>();
  const byKey = new Map<string, string>();
  for (const { id, message } of finals) {
    const known = asked.get(message);
    const another = byKey.get(message);
    // Asked for by nobody; or told the client another id; or there are two of one key.
    if (known === undefined || (known.id !== null && known.id !== id) || another !== undefined) found.add(id);
    byKey.set(message, id);
  }
  for (const { key, notificationId } of hits) {
    if (!existing.has(notificationId) || byKey.get(key) !== notificationId) found.add(notificationId);
  }
  return [...found];
}

function staleIn({ finals, details, log }: Evidence): readonly string[] {
  const found = new Set<string>();
  for (const { id, status, attempts } of details.values()) {
    const accepted = attempts.filter(({ outcome }) => outcome === 'accepted').length;
    const numbers = attempts.map(({ attempt }) => attempt).toSorted((a, b) => a - b);
    const isCounted = numbers.every((number, index) => number === index + 1);
    const last = attempts.find(({ attempt }) => attempt === attempts.length);
    const endsWell =
      (status !== 'sent' || last?.outcome === 'accepted') && (status !== 'failed' || last?.outcome !== 'accepted');
    if (accepted > 1 || !isCounted || !endsWell) found.add(id);
  }
  for (const { id, deliveries } of finals) {
    if (deliveries.some((delivery) => (log.sent.get(delivery.id) ?? 0) > 1)) found.add(id);
  }
  return [...found];
}
