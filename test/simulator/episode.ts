import { memoryQueue } from '../../src/queue/memory/memory-queue.ts';
import type { Queue } from '../../src/queue/queue.ts';
import type { InboxStore } from '../../src/store/inbox.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { audit } from './audit.ts';
import { Clients } from './clients.ts';
import { Hosts } from './hosts.ts';
import { Ledger } from './ledger.ts';
import { Neglect } from './neglect.ts';
import type { Plan } from './plan.ts';
import type { Breach } from './promises.ts';
import { Receipts } from './receipts.ts';
import { Chances, Seeded } from './seeded.ts';
import { Standstill, Timeline } from './timeline.ts';
import { type Line, Trace } from './trace.ts';
import { Weather } from './weather.ts';
import type { World } from './world.ts';

export interface Episode {
  readonly breach: Breach | null;
  /** Equal for equal runs. */
  readonly hash: string;
  readonly lines: readonly Line[];
  readonly figures: Figures;
}

export interface Figures {
  readonly steps: number;
  readonly virtualMs: number;
  readonly deliveries: number;
  readonly calls: number;
  readonly duplicates: number;
  readonly lost: number;
  readonly stale: number;
  readonly replayed: number;
  /** Receipts that changed something. */
  readonly receipts: number;
  readonly crashes: number;
  /** How the deliveries ended. */
  readonly ended: Readonly<Record<string, number>>;
}

const START = Date.UTC(2026, 0, 15, 12);
/** When everything is well again, everything is over after this time at the latest, in ms. */
const LONGEST_END = 45 * 60_000;
/** After the end nothing more may happen: looked at for so long, in ms. */
const AFTERMATH = 40_000;

/** Does to the service what the plan says, and watches. */
export async function runEpisode(plan: Plan, { traced = false } = {}): Promise<Episode> {
  const chances = new Chances(plan.salt);
  const timeline = new Timeline(new Seeded(`${plan.salt}/order`), START);
  const trace = new Trace(START, traced);
  const ledger = new Ledger(plan, timeline, trace, (n, on) => clients.happened(n, on));
  const clock = { now: () => timeline.now(), after: (ms: number, run: () => void) => timeline.after(ms, null, run) };
  const store: Store & InboxStore =
    plan.engine === 'memory' ? memoryStore({ clock }) : openSqliteStore({ path: ':memory:', clock });
  let broker: Queue | null = plan.queue === 'broker' ? memoryQueue({ clock }) : null;
  const world: World = {
    ...{ plan, timeline, trace, ledger, store, start: START },
    weather: new Weather(plan.faults),
    chance: (topic) => chances.of(topic),
    broker: () => broker,
    happened: (life, op, phase) => hosts.happened(life, op, phase),
    committed: (by) => hosts.committed(by),
    tookMessage: (call) => receipts.tookMessage(call),
  };
  const hosts: Hosts = new Hosts(world, () => {
    if (broker === null) return;
    const gone = broker;
    broker = memoryQueue({ clock });
    void gone.close();
  });
  const clients: Clients = new Clients(world, () => hosts.apis());
  const receipts: Receipts = new Receipts(world, clients);
  const neglect = new Neglect(world, hosts);
  try {
    hosts.start();
    clients.start();
    neglect.start();
    await untilTheEnd(world, clients, hosts);
    if (ledger.breach === null) await audit(world);
  } catch (error) {
    if (!(error instanceof Standstill)) throw error;
    ledger.break('sound', error.message, []);
  } finally {
    await store.close();
  }
  const { steps } = timeline;
  const virtualMs = timeline.now() - START;
  const figures = {
    steps,
    virtualMs,
    deliveries: ledger.rows.size,
    crashes: hosts.crashes,
    ...ledger.figures,
    ended: endsOf(ledger),
  };
  return { breach: ledger.breach, hash: trace.hash, lines: trace.lines, figures };
}

async function untilTheEnd(world: World, clients: Clients, hosts: Hosts): Promise<void> {
  const { timeline, ledger, plan } = world;
  const broken = () => ledger.breach !== null;
  await timeline.run(plan.calmFrom, broken);
  if (broken()) return;
  hosts.calm();
  await timeline.run(LONGEST_END, () => broken() || (ledger.unfinished.size === 0 && clients.busy === 0));
  for (const row of ledger.unfinished) {
    ledger.break(
      'unstuck',
      `${row.label} is still ${row.delivery.status}, due ${world.trace.clock(row.delivery.dueAt)}`,
      [row.n],
    );
  }
  if (clients.busy > 0) ledger.break('unstuck', `${clients.busy} clients wait for an answer`, []);
  if (!broken()) await timeline.run(AFTERMATH, broken);
  if (!broken()) await hosts.stop();
}

function endsOf({ rows }: Ledger): Readonly<Record<string, number>> {
  const ends: Record<string, number> = {};
  for (const { delivery } of rows.values()) ends[delivery.status] = (ends[delivery.status] ?? 0) + 1;
  return ends;
}
