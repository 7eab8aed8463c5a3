import type { Evidence } from './checker.ts';
import type { Entry, Final } from './final-states.ts';

/** What became of the promise of inboxes: an entry is there exactly if its delivery is recorded as sent by it. */
export interface InboxAccount {
  readonly entries: number;
  /** Recorded as sent by an entry that is in no inbox. */
  readonly missing: readonly string[];
  /** In an inbox although no record says that it was sent by that: none at all, or one of another attempt. */
  readonly unrecorded: readonly string[];
  /** Of a notification that nobody accepted, or not what was asked for: another text, another's inbox. */
  readonly unasked: readonly string[];
  /** There more than once. */
  readonly doubled: readonly string[];
  /** Expired before anybody could send it again, as it was asked to. */
  readonly expired: readonly string[];
  /** How often the lease of a delivery was lost that was to be an entry. */
  readonly leasesLost: number;
}

type Known = Pick<Evidence, 'asked' | 'finals' | 'details' | 'entries'>;

/** The lists hold notification ids. */
export function inboxAccount({ asked, finals, details, entries }: Known): InboxAccount {
  const there = new Set(entries.map(({ id }) => id));
  const sent = new Map(finals.flatMap(sentByEntry));
  const ofNotification = new Map(finals.map((one) => [one.id, one]));
  const isAsked = ({ userId, id, notificationId, body }: Entry) => {
    const final = ofNotification.get(notificationId);
    const known = asked.get(body);
    const isKnown = known?.userId === userId && (known.id === null || known.id === notificationId);
    return isKnown && final?.message === body && final.deliveries.some((delivery) => delivery.id === id);
  };
  const attempts = [...details.values()].flatMap((one) => one.attempts);
  return {
    entries: entries.length,
    missing: [...sent].flatMap(([id, notificationId]) => (there.has(id) ? [] : [notificationId])),
    unrecorded: entries
      .filter((entry) => !sent.has(entry.id) || isOfAnother(entry, details))
      .map(({ notificationId }) => notificationId),
    unasked: entries.filter((entry) => !isAsked(entry)).map(({ notificationId }) => notificationId),
    doubled: doubledIn(entries),
    expired: finals
      .filter(({ status, message }) => status === 'expired' && asked.get(message)?.way === 'inbox_brief')
      .map(({ id }) => id),
    leasesLost: attempts.filter(({ channel, code }) => channel === 'in_app' && code === 'worker_lost').length,
  };
}

/** By delivery. */
function sentByEntry({ id, deliveries }: Final): readonly (readonly [string, string])[] {
  return deliveries
    .filter(({ status, channel_used }) => status === 'sent' && channel_used === 'in_app')
    .map((delivery) => [delivery.id, id] as const);
}

/** Two of one delivery, of one notification or of one text are the same message twice. */
function doubledIn(entries: readonly Entry[]): readonly string[] {
  const found = new Set<string>();
  for (const name of ['id', 'notificationId', 'body'] as const) {
    const seen = new Set<string>();
    for (const entry of entries) {
      if (seen.has(entry[name])) found.add(entry.notificationId);
      seen.add(entry[name]);
    }
  }
  return [...found];
}

/**
 * An entry bears the time of the attempt that made it. Its id is that of its delivery, so what a worker writes that comes
 * back too late would otherwise look like what another has written meanwhile.
 */
function isOfAnother({ id, notificationId, createdAt }: Entry, details: Known['details']): boolean {
  const attempts = details.get(notificationId)?.attempts ?? [];
  const accepted = attempts.find(({ delivery_id, outcome }) => delivery_id === id && outcome === 'accepted');
  return accepted !== undefined && accepted.started_at !== createdAt;
}
