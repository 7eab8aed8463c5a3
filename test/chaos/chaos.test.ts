import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reportOf } from './report.ts';
import { chaosRun, type RunPlan } from './run.ts';

/** Small enough for every day; `npm run chaos` is the same for as long as one likes. */
const SHORT = { scenario: 'short', notifications: 1_200, rate: 120, outage: 3 } as const;

const PLANS: readonly RunPlan[] = [
  { ...SHORT, store: 'postgres', queue: 'redis', seed: 11 },
  { ...SHORT, store: 'sqlite', queue: 'rabbitmq', seed: 12 },
];

describe('under fire every promise is kept', { concurrency: true }, () => {
  for (const plan of PLANS) {
    test(`on ${plan.store} and ${plan.queue}, while processes and servers are killed`, async (t) => {
      const run = await chaosRun(plan);
      for (const line of reportOf(run).trimEnd().split('\n')) t.diagnostic(line);
      assert.deepEqual(run.violations, [], `${reportOf(run)}\n${run.tails}`);
      assert.equal(run.account.accepted + run.account.unknown, plan.notifications);
      const names = run.struck.map(({ name }) => name);
      for (const name of ['kill -9 worker', 'kill -9 api', 'SIGSTOP worker', 'broker stopped']) {
        assert.ok(names.includes(name), `there was no "${name}"`);
      }
      assert.ok(run.account.duplicated > 0, 'nothing was in hand whenever a worker was killed: the faults missed');
      assert.ok(run.account.staleRefused > 0, 'no worker that had lost its lease came back with a result');
      const { entries, leasesLost } = run.account.inbox;
      assert.ok(entries > 0, 'nothing came into an inbox');
      // Only there it is certain whose entries were in hand.
      if (plan.store === 'sqlite') assert.ok(leasesLost > 0, 'no entry was in hand when a worker was stopped');
    });
  }
});
