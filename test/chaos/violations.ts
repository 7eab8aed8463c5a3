import type { Answers } from './answers.ts';
import type { Account } from './checker.ts';
import type { Ended } from './fleet.ts';
import type { Struck } from './nemesis.ts';
import type { ProcessLog } from './process-log.ts';

export interface Findings {
  readonly account: Account;
  readonly answers: Answers;
  readonly log: ProcessLog;
  readonly struck: readonly Struck[];
  readonly ended: readonly Ended[];
  readonly twoIds: readonly string[];
}

/** How many names a sentence shows. */
const SHOWN = 5;
/** Entries wait for nobody outside, so a worker has so many times as many of them in hand as it may have calls. */
const MOST_IN_HAND = 8;

/** Every promise that was not kept, a sentence each. */
export function violationsOf({ account, answers, log, struck, ended, twoIds }: Findings): readonly string[] {
  const { lost, unexpected, stuck, failed, unexplained, staleAccepted, duplicated, bound, leasesLost } = account;
  const found: string[] = [];
  const must = (words: string, names: readonly string[]) => {
    if (names.length === 0) return;
    found.push(`${names.length} ${words}: ${names.slice(0, SHOWN).join(' ')}${names.length > SHOWN ? ' …' : ''}`);
  };
  must('lost', lost);
  must('unexpected', unexpected);
  must('stuck', stuck);
  must('failed', failed);
  must('repeated without an attempt that says so', unexplained);
  must('written by a worker that had lost its lease', staleAccepted);
  must('keys answered with two ids', twoIds);
  const { inbox } = account;
  must('sent by an entry that is in no inbox', inbox.missing);
  must('in an inbox, and not recorded as sent by that', inbox.unrecorded);
  must('in an inbox, and not what anybody asked for', inbox.unasked);
  must('in an inbox twice', inbox.doubled);
  if (duplicated > bound) found.push(`${duplicated} duplicates, more than ${bound}`);
  const mayBeLost = struck.reduce((sum, { repeats }) => sum + repeats, 0);
  if (leasesLost > mayBeLost) found.push(`${leasesLost} leases ran out, more than ${mayBeLost}`);
  const entriesMayBeLost = mayBeLost * MOST_IN_HAND;
  if (inbox.leasesLost > entriesMayBeLost) {
    found.push(`${inbox.leasesLost} leases of entries ran out, more than ${entriesMayBeLost}`);
  }
  if (account.accepted === 0) found.push('nothing was accepted');
  if (log.bugs.length > 0) found.push(`${log.bugs.length} bugs in the logs, such as ${log.bugs[0]?.slice(0, 400)}`);
  return [...found, ...answers.violations, ...ended.flatMap((one) => complaintAbout(one, struck))];
}

/** A start may fail while the database is away; else nobody ends by himself, and who is asked to ends well. */
function complaintAbout({ name, at, code, signal, wasUp, asked }: Ended, struck: readonly Struck[]): readonly string[] {
  const how = `${name} ended with ${signal ?? code}`;
  if (asked) return signal === 'SIGKILL' || code === 0 ? [] : [`${how} when it was asked to stop`];
  const isAway = struck.some(
    ({ touches, from, to }) => touches.includes('database') && at >= from && at <= (to ?? at) + 10_000,
  );
  return !wasUp && isAway ? [] : [`${how} by itself`];
}
