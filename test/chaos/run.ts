import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../kit/private-instance.ts';
import { WEBHOOK_SECRET } from '../kit/vendors.ts';
import { type Answers, answersOf } from './answers.ts';
import { type Account, account, suspects } from './checker.ts';
import { type Clocks, openClocks } from './clock-faults.ts';
import { drawsFrom } from './draws.ts';
import { type Engines, openEngines, type QueueKind, type StoreKind } from './engines.ts';
import { type FinalStates, finalStates } from './final-states.ts';
import { type Fleet, type Member, type MemberPlan, openFleet, type RoleName } from './fleet.ts';
import { type Struck, startNemesis } from './nemesis.ts';
import { type OpenLoad, startLoad } from './open-load.ts';
import { type ProcessLog, readLogs, tails } from './process-log.ts';
import { type Recovery, recoveries, trips } from './recovery.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';
import { openSink, type Sink } from './sink.ts';
import { violationsOf } from './violations.ts';

export interface RunPlan {
  readonly store: StoreKind;
  readonly queue: QueueKind;
  readonly scenario: ScenarioName;
  readonly notifications: number;
  /** Notifications a second. */
  readonly rate: number;
  readonly seed: number;
  /** How long a broker stays away, in seconds. */
  readonly outage: number;
}

/** What a run found. */
export interface Run {
  readonly plan: RunPlan;
  readonly account: Account;
  readonly answers: Answers;
  readonly struck: readonly Struck[];
  readonly recoveries: readonly Recovery[];
  /** How long requests took that were accepted, in ms, the shortest first. */
  readonly acceptMs: readonly number[];
  /** How long it then took until the receiver had the message. */
  readonly tripMs: readonly number[];
  readonly log: ProcessLog;
  /** After the last fault, and the last request, until all were finished, in ms. */
  readonly settledAfter: number;
  readonly lastedMs: number;
  /** Empty: every promise was kept. */
  readonly violations: readonly string[];
  /** Where the logs of the processes are, and a diary of faults and answers; null: they are not needed. */
  readonly folder: string | null;
  readonly tails: string;
}

const LEASE = 8;
const SEND_TIMEOUT = 3;
const CONCURRENCY = 32;
/** By when everything must have an end after the last fault, in ms. */
const BOUND = 60_000;
/** How long it is watched whether anything still arrives that has ended, in ms. */
const AFTERMATH = 1_500;

const ROLES: Readonly<Record<StoreKind, readonly (readonly [RoleName, number])[]>> = {
  postgres: [
    ['api', 2],
    ['worker', 3],
    ['scheduler', 2],
  ],
  sqlite: [
    ['api', 1],
    ['worker', 2],
    ['scheduler', 1],
  ],
};

/** One run from the first server to the last check. Throws only if the machinery itself does not work. */
export async function chaosRun(plan: RunPlan): Promise<Run> {
  const begun = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'tidings-chaos-'));
  const logs = join(folder, 'logs');
  await mkdir(logs);
  const scenario = SCENARIOS[plan.scenario];
  const names = membersOf(plan.store).map(({ name }) => name);
  const closes: (() => Promise<unknown>)[] = [];
  // The logs of a run that went wrong are worth keeping; the data are not.
  let kept = true;
  try {
    const sink = await openSink(drawsFrom(plan.seed).fork('sink'));
    closes.push(() => sink.close());
    const engines = await openEngines({
      ...{ store: plan.store, queue: plan.queue, folder, disk: scenario.disk },
      proxied: scenario.proxied ? names : [],
    });
    closes.push(() => engines.close());
    const clocks = scenario.clocks ? openClocks(folder, names) : null;
    const fleet = openFleet(logs, await memberPlans(plan, engines, clocks));
    closes.push(() => fleet.close());
    await fleet.startAll();
    const found = await underFire(plan, { sink, engines, clocks, fleet, logs }, closes);
    kept = found.violations.length > 0;
    return { plan, ...found, lastedMs: Date.now() - begun, folder: kept ? folder : null };
  } catch (error) {
    process.stderr.write(`${await tails(logs, 5)}\n`);
    throw error;
  } finally {
    for (const close of closes.toReversed()) await close();
    await rm(kept ? join(folder, 'data') : folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly sink: Sink;
  readonly engines: Engines;
  readonly clocks: Clocks | null;
  readonly fleet: Fleet;
  readonly logs: string;
}

async function underFire(plan: RunPlan, stage: Stage, closes: (() => Promise<unknown>)[]) {
  const { sink, engines, clocks, fleet, logs } = stage;
  const draws = drawsFrom(plan.seed);
  const { notifications: count, rate } = plan;
  const apis = fleet.of('api');
  const load = startLoad({ apis, receiver: sink, count, rate, draws: draws.fork('load') });
  closes.push(() => load.close());
  const scene = {
    ...{
      fleet,
      engines,
      sink,
      clocks,
      aimedAt: new Set<Member>(),
      leaseMs: LEASE * 1000,
      concurrency: CONCURRENCY,
      outageMs: plan.outage * 1000,
    },
  };
  const nemesis = startNemesis(scene, SCENARIOS[plan.scenario].tracks, draws);
  await load.allAsked;
  await nemesis.stop();
  await ended(load);
  const states = finalStates(apis.map(({ url }) => url));
  closes.push(() => states.close());
  const settledAfter = await states.waitForEnd(BOUND);
  const account = await accountOf(states, load, sink, logs, nemesis.struck);
  await fleet.stopAll();
  const log = await readLogs(logs);
  const answers = answersOf(load.troubles, nemesis.struck, fleet.lives);
  const violations = violationsOf({ account, answers, log, struck: nemesis.struck, ended: fleet.ended, ...load });
  const { struck } = nemesis;
  const diary = { plan, violations, struck, troubles: load.troubles, ended: fleet.ended, lives: fleet.lives };
  if (violations.length > 0) await writeFile(join(logs, 'diary.json'), JSON.stringify(diary));
  return {
    ...{ account, answers, log, settledAfter, violations, struck },
    recoveries: recoveries(struck, sink.hits, load.accepts),
    acceptMs: load.accepts.map(({ begunAt, at }) => at - begunAt).toSorted((a, b) => a - b),
    tripMs: trips(load.asked, sink.hits),
    tails: violations.length === 0 ? '' : await tails(logs, 4),
  };
}

/** Everybody has an answer, or has given up, soon after the last fault. */
async function ended(load: OpenLoad): Promise<void> {
  const patience = setTimeout(() => load.giveUp(), BOUND);
  await load.over;
  clearTimeout(patience);
}

async function accountOf(
  states: FinalStates,
  load: OpenLoad,
  sink: Sink,
  logs: string,
  struck: readonly Struck[],
): Promise<Account> {
  await new Promise((resolve) => setTimeout(resolve, AFTERMATH));
  const finals = await states.all();
  const userIds = [...new Set([...load.asked.values()].flatMap(({ userId }) => userId ?? []))];
  const entries = await states.entries(userIds);
  const evidence = { asked: load.asked, hits: sink.hits, entries, finals, log: await readLogs(logs) };
  const details = await states.details(suspects(evidence));
  const repeats = struck.reduce((sum, strike) => sum + strike.repeats, 0);
  return account({ ...evidence, details, repeats, sendTimeoutMs: SEND_TIMEOUT * 1000 });
}

function membersOf(store: StoreKind): readonly { readonly name: string; readonly role: RoleName }[] {
  return ROLES[store].flatMap(([role, count]) =>
    Array.from({ length: count }, (_, index) => ({ name: `${role}-${index + 1}`, role })),
  );
}

async function memberPlans(
  { store }: RunPlan,
  engines: Engines,
  clocks: Clocks | null,
): Promise<readonly MemberPlan[]> {
  const plans: MemberPlan[] = [];
  for (const { name, role } of membersOf(store)) {
    // The same port in every life: clients come back to where they were.
    const port = role === 'api' ? await freePort() : 0;
    const url = role === 'api' ? `http://127.0.0.1:${port}` : '';
    const env = () => ({
      ...SETTINGS,
      RATE_LIMIT: 'off',
      API_PORT: String(port),
      ...engines.settingsFor(name),
      ...clocks?.settingsFor(name),
    });
    plans.push({ name, role, url, env });
  }
  return plans;
}

const SETTINGS = {
  LEASE_SECONDS: String(LEASE),
  SEND_TIMEOUT_SECONDS: String(SEND_TIMEOUT),
  WORKER_CONCURRENCY: String(CONCURRENCY),
  // Long enough for any fault of the receiver to end before anything fails for good.
  RETRY_SCHEDULE: Array.from({ length: 49 }, () => '2s').join(','),
  WEBHOOK_SECRET,
  WEBHOOK_ALLOW_PRIVATE: 'true',
  LOG_LEVEL: 'info',
};
