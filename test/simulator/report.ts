import type { Totals } from './campaign.ts';
import type { Episode } from './episode.ts';
import type { ActPlan, FaultPlan, Plan } from './plan.ts';
import { PROMISES } from './promises.ts';
import type { Shrunk } from './shrink.ts';
import { inShort, type Line, written } from './trace.ts';

/** What a process only looked for, and did not get, says little: shown where it is not much. */
const LOOKED_FOR = /^trouble (?:claimDue|claim|find|expiredLeases|accept):/;
const NOT_MUCH = 60;

/** A broken promise, for people: which, where, and the shortest way there. */
export function breachReport(name: string, episode: Episode, shrunk: Shrunk | null): string {
  const shown = shrunk?.episode ?? episode;
  const { breach } = shown;
  if (breach === null) return `episode ${name} kept every promise`;
  const plan = shrunk === null ? [] : [`smallest plan of ${shrunk.runs} tried:`, ...planLines(shrunk.plan), ''];
  return [
    `episode ${name} breaks the promise "${breach.promise}": ${PROMISES[breach.promise]}`,
    `  ${breach.what}`,
    '',
    ...plan,
    ...shownLines(shown.lines, breach.about).map(written),
  ].join('\n');
}

function shownLines(lines: readonly Line[], wanted: readonly number[]): readonly Line[] {
  const isAbout = ({ about }: Line) =>
    about.length === 0 || wanted.length === 0 || about.some((n) => wanted.includes(n));
  const shown = lines.filter(isAbout);
  return shown.length <= NOT_MUCH ? shown : shown.filter(({ what }) => !LOOKED_FOR.test(what));
}

function planLines(plan: Plan): readonly string[] {
  const {
    hosts,
    queue,
    storeInOrder,
    concurrency,
    leaseMs,
    sendTimeout,
    vendorTrouble,
    receipts,
    sends,
    acts,
    faults,
  } = plan;
  const names = hosts.map(({ name, skew }) => (skew === 0 ? name : `${name} (clock ${skew} ms off)`));
  return [
    `  ${names.join(', ')}; ${queue} as queue; store ${storeInOrder ? 'in order' : 'in any order'}; ${concurrency} at once; lease ${leaseMs} ms, send timeout ${sendTimeout} ms` +
      (vendorTrouble === 0 ? '' : `; providers make trouble ${vendorTrouble * 100} % of the time`) +
      (receipts.rate === 0 ? '' : `; receipts: ${JSON.stringify(receipts)}`),
    ...sends.map(({ n, at, ...send }) => `  ${inShort(at)}  send #${n}: ${JSON.stringify(send)}`),
    ...acts.map(actLine),
    ...faults.map(faultLine),
  ];
}

function actLine({ kind, n, when }: ActPlan): string {
  if (when.on === 'time') return `  ${inShort(when.at)}  ${kind} #${n}`;
  return `  ${kind} #${n}, ${when.after} ms after it is ${when.on}, time ${when.nth}`;
}

function faultLine(fault: FaultPlan): string {
  return `  ${JSON.stringify(fault)}`;
}

/** `seconds`: of one core. */
export function totalsReport(totals: Totals, seconds: number): string {
  const { episodes, virtualMs, deliveries, calls, steps, crashes, lost, stale, duplicates, replayed, receipts } =
    totals;
  const rate = Math.round((deliveries / seconds) * 60);
  const ends = Object.entries(totals.ended).map(([status, count]) => `${count} ${status}`);
  return [
    `${episodes} episodes, ${(virtualMs / 3_600_000).toFixed(1)} h simulated in ${seconds.toFixed(1)} s of one core: ` +
      `${deliveries} deliveries (${rate} a minute of one core), ${calls} provider calls, ${steps} steps`,
    `${crashes} crashes, ${lost} leases lost, ${stale} late results refused, ${replayed} requests replayed, ` +
      `${duplicates} messages sent again, each with a reason, ${receipts} receipts that counted`,
    `ends: ${ends.join(', ')}`,
  ].join('\n');
}
