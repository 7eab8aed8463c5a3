import type { Run, RunPlan } from './run.ts';

/** A run on a few lines; the first with figures is the account. */
export function reportOf(run: Run): string {
  const { account, log, answers, violations } = run;
  const { inbox } = account;
  const lines = [
    `${nameOf(run.plan)}, ${run.struck.length} faults, ${seconds(run.lastedMs)}`,
    `  accepted ${account.accepted} / lost ${account.lost.length} / duplicated ${account.duplicated} (bound ${account.bound}) / unexpected ${account.unexpected.length} / stuck ${account.stuck.length} / stale settles refused ${account.staleRefused} / stale settles accepted ${account.staleAccepted.length}`,
    `  all terminal ${seconds(run.settledAfter)} after the last fault; failed ${account.failed.length}; leases lost ${account.leasesLost}; answers too late ${account.late}; clients without an answer ${account.unknown}, of whose requests ${account.recovered} were there`,
    `  in inboxes ${inbox.entries} / missing ${inbox.missing.length} / unrecorded ${inbox.unrecorded.length} / unasked ${inbox.unasked.length} / twice ${inbox.doubled.length}; leases of entries lost ${inbox.leasesLost}; expired ${inbox.expired.length}`,
    `  answers: 202 ${account.accepted}${[...answers.counts].map(([what, count]) => `, ${what} ${count}`).join('')}; accepted within ${quantiles(run.acceptMs)}, taken by the receiver within ${quantiles(run.tripMs)} (half, 90 %, 99 %, all)`,
    ...run.recoveries.map(
      ({ name, count, delivers, accepts }) =>
        `  ${name} × ${count}: delivers again after ${times(delivers)}, accepts again after ${times(accepts)}`,
    ),
    `  told by the logs: ${counts(new Map([...log.events, ...[...log.faults].map(([where, count]) => [`fault ${where}`, count] as const)]))}`,
  ];
  if (violations.length > 0) {
    lines.push(`  NOT KEPT, seed ${run.plan.seed}, logs in ${run.folder}:`);
    lines.push(...violations.map((one) => `    ${one}`));
  }
  return `${lines.join('\n')}\n`;
}

/** What to type to have the same faults again. */
export function nameOf({ store, queue, scenario, notifications, rate, seed, outage }: RunPlan): string {
  return `--store ${store} --queue ${queue} --scenario ${scenario} --notifications ${notifications} --rate ${rate} --outage ${outage} --seed ${seed}`;
}

function seconds(ms: number, digits = 1): string {
  return `${(ms / 1000).toFixed(digits)} s`;
}

function quantiles(sorted: readonly number[]): string {
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return [0.5, 0.9, 0.99, 1].map((share) => seconds(at(share), 2)).join(' / ');
}

/** The middle one and the longest. */
function times(sorted: readonly number[]): string {
  const last = sorted.at(-1);
  if (last === undefined) return '(nothing left to see)';
  const middle = sorted[Math.floor(sorted.length / 2)] ?? last;
  return sorted.length === 1 ? seconds(last) : `${seconds(middle)}, at most ${seconds(last)}`;
}

function counts(all: ReadonlyMap<string, number>): string {
  return [...all].map(([name, count]) => `${name} ${count}`).join(', ') || 'nothing';
}
