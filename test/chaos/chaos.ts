import { parseArgs } from 'node:util';
import { QUEUES, type QueueKind, STORES, type StoreKind } from './engines.ts';
import { nameOf, reportOf } from './report.ts';
import { chaosRun, type RunPlan } from './run.ts';
import { isScenario, SCENARIOS, type ScenarioName } from './scenarios.ts';

const USAGE = `node test/chaos/chaos.ts [--store ${STORES.join('|')}|all] [--queue ${QUEUES.join('|')}|all]
  [--scenario ${Object.keys(SCENARIOS).join('|')}] [--notifications N | --minutes M] [--rate N] [--outage SECONDS] [--seed N]

Real processes under load, and faults drawn from the seed. Minutes are shared among the combinations of engines.
Exits with 1 if any promise was not kept.
`;

/** Exits with 64 where it is called wrongly. */
function readPlans(args: readonly string[]): readonly RunPlan[] {
  const { values } = parseArgs({
    args: [...args],
    options: {
      store: { type: 'string', default: 'all' },
      queue: { type: 'string', default: 'all' },
      scenario: { type: 'string', default: 'random' },
      notifications: { type: 'string', default: '20000' },
      minutes: { type: 'string' },
      rate: { type: 'string', default: '200' },
      outage: { type: 'string' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    },
  });
  const { scenario } = values;
  if (!isScenario(scenario)) throw new Error(`there is no scenario ${scenario}`);
  const rate = wholeNumber(values.rate);
  const pairs = pairsOf(values.store, values.queue, scenario);
  const notifications =
    values.minutes === undefined
      ? wholeNumber(values.notifications)
      : Math.ceil((Number(values.minutes) * 60 * rate) / pairs.length);
  const outage = wholeNumber(values.outage ?? (scenario === 'broker-minute' ? '60' : '8'));
  const seed = wholeNumber(values.seed);
  return pairs.map(([store, queue]) => ({ store, queue, scenario, notifications, rate, outage, seed }));
}

function pairsOf(store: string, queue: string, scenario: ScenarioName): readonly (readonly [StoreKind, QueueKind])[] {
  const { fits } = SCENARIOS[scenario];
  const pairs = STORES.filter((one) => store === 'all' || one === store).flatMap((one) =>
    QUEUES.filter((other) => (queue === 'all' || other === queue) && fits(one, other)).map(
      (other) => [one, other] as const,
    ),
  );
  if (pairs.length === 0) throw new Error(`${scenario} has nothing to do on ${store} and ${queue}`);
  return pairs;
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,12}$/.test(text)) throw new Error(`${text} is not a whole number`);
  return Number(text);
}

async function main(args: readonly string[]): Promise<number> {
  let plans: readonly RunPlan[];
  try {
    plans = readPlans(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 64;
  }
  let broken = 0;
  for (const plan of plans) {
    process.stdout.write(`… ${nameOf(plan)}\n`);
    const run = await chaosRun(plan);
    process.stdout.write(reportOf(run));
    if (run.violations.length === 0) continue;
    broken += 1;
    process.stderr.write(`${run.tails}\n`);
  }
  return broken === 0 ? 0 : 1;
}

// What was started ends with this process, and what was mounted is let go of.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main(process.argv.slice(2));
