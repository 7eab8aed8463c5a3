import { realClock } from '../domain/clock.ts';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../domain/delivery.ts';
import { withoutPassword } from '../domain/settings.ts';
import { formatTime } from '../domain/time.ts';
import { openAudit } from '../engines.ts';
import type { AuditStore, FaultCode } from '../store/audit.ts';
import { StoreUnavailable } from '../store/store.ts';
import { addsUp, type Reconciliation, reconcile, type Tally } from './reconciliation.ts';
import { readSetup, WRONG_CONFIG } from './settings.ts';
import { jsonLine } from './words.ts';

/** Goes through the store and says whether it adds up, and what a start would send; answers the exit code. */
export async function reconcileCommand({ json = false }: { readonly json?: boolean }): Promise<number> {
  const setup = readSetup();
  if (setup === null) return WRONG_CONFIG;
  const { database } = setup.config;
  const place = database.kind === 'sqlite' ? database.path : withoutPassword(database.url);
  let store: AuditStore | null = null;
  try {
    store = await openAudit(setup.config, realClock, (text) => process.stderr.write(`${text}\n`));
    const found = await reconcile(store, realClock);
    process.stdout.write(json ? jsonLine(inJson(found)) : inWords(found, place));
    return addsUp(found) ? 0 : 1;
  } catch (error) {
    // What cannot be read is no bug of ours.
    if (store !== null && !(error instanceof StoreUnavailable)) throw error;
    process.stderr.write(`tidings: ${error instanceof Error ? error.message : String(error)}.\n`);
    return 1;
  } finally {
    await store?.close();
  }
}

const MEANING: Readonly<Record<FaultCode, string>> = {
  notification_without_delivery: 'notifications that have no delivery: nobody will ever send them',
  delivery_without_notification: 'deliveries whose notification is not there',
  unknown_status: 'deliveries whose status no program of this version has written',
  finished_and_due: 'deliveries that are finished and yet due',
  unfinished_and_not_due: 'deliveries that are not finished and never due: they are stuck',
  finished_without_time: 'deliveries that are finished, nobody knows when',
  attempts_miscounted: 'deliveries that count other attempts than there are',
  attempt_without_delivery: 'deliveries that are not there but have attempts',
  sent_without_attempt: 'deliveries that were sent without an attempt that says so',
  sent_without_inbox_entry: 'deliveries that the inbox has sent and does not have',
  inbox_entry_without_notification: 'notifications that are not there but in an inbox',
};

function inWords(found: Reconciliation, place: string): string {
  const { accepted, notifications, deliveries, faults, toSend } = found;
  const { counted, forgotten, forgottenMeanwhile, difference } = accepted;
  const meanwhile = forgottenMeanwhile === 0 ? '' : `, and ${grouped(forgottenMeanwhile)} while this was read`;
  const lines = [
    `${place} as of ${formatTime(found.at)}`,
    '',
    `Accepted       ${grouped(counted)} were counted as they were accepted, ${grouped(forgotten)} of them retention has deleted${meanwhile}: ${balance(difference)}`,
    `Notifications  ${tally(notifications)}`,
    `Deliveries     ${tally(deliveries)}`,
    '',
    'A start would send:',
    ...sendLines(toSend, found.at),
  ];
  if (faults.length > 0) lines.push('', 'What cannot be:');
  for (const { code, count, ids } of faults) {
    lines.push(`  ${code}: ${grouped(count)} ${MEANING[code]}`, ...ids.map((id) => `    ${id}`));
    if (count > ids.length) lines.push(`    and ${grouped(count - ids.length)} more`);
  }
  lines.push('', addsUp(found) ? 'It adds up.' : 'It does not add up.', '');
  return lines.join('\n');
}

function balance(difference: number): string {
  if (difference === 0) return 'none is missing';
  return difference < 0 ? `${grouped(-difference)} ARE MISSING` : `${grouped(difference)} MORE THAN WERE COUNTED`;
}

function tally({ all, finished, live, byStatus }: Tally): string {
  const parts = DELIVERY_STATUSES.flatMap((status: DeliveryStatus) => {
    const count = byStatus[status];
    return count === undefined ? [] : `${status} ${grouped(count)}`;
  });
  return `${grouped(all)} = ${grouped(finished)} finished + ${grouped(live)} live: ${parts.join(', ') || 'none'}`;
}

function sendLines({ inDoubt, due, expired, later }: Reconciliation['toSend'], at: number): readonly string[] {
  const again = inDoubt.count - inDoubt.atMostOnce;
  return [
    `  in doubt   ${grouped(inDoubt.count)} were being sent, under a lease that has ended ${grouped(inDoubt.leaseEnded)}: ${grouped(again)} go out again, ${grouped(inDoubt.atMostOnce)} end as maybe_sent`,
    `  due        ${grouped(due.count)}${due.since === null ? '' : `, the oldest for ${age(at - due.since)}`}`,
    `  expired    ${grouped(expired)} end without being sent`,
    `  later      ${grouped(later.count)}${later.from === null ? '' : `, the first at ${formatTime(later.from)}`}`,
  ];
}

function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}

/** The names and times of the API's answers. */
function inJson(found: Reconciliation): object {
  const { accepted, notifications, deliveries, faults, toSend } = found;
  const time = (at: number | null) => (at === null ? null : formatTime(at));
  const tallyOf = ({ byStatus, ...sums }: Tally) => ({ ...sums, by_status: byStatus });
  const { inDoubt, due, expired, later } = toSend;
  return {
    ok: addsUp(found),
    at: time(found.at),
    accepted: {
      counted: accepted.counted,
      forgotten: accepted.forgotten,
      forgotten_meanwhile: accepted.forgottenMeanwhile,
      there: accepted.there,
      difference: accepted.difference,
    },
    notifications: tallyOf(notifications),
    deliveries: tallyOf(deliveries),
    faults,
    to_send: {
      in_doubt: {
        count: inDoubt.count,
        lease_ended: inDoubt.leaseEnded,
        at_most_once: inDoubt.atMostOnce,
        first: inDoubt.first.map(({ id, leaseUntil }) => ({ delivery_id: id, lease_until: time(leaseUntil) })),
      },
      due: { count: due.count, since: time(due.since) },
      expired,
      later: { count: later.count, from: time(later.from) },
    },
  };
}
