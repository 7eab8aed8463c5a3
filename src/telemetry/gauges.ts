import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../domain/clock.ts';
import { within } from '../domain/within.ts';
import type { Instruments } from './instruments.ts';

/** Where gauges are read. Left out, or null: there is nothing of the kind in this process. */
export interface GaugeSources {
  readonly backlog: () => Promise<{ readonly depth: number; readonly oldestDueAt: number | null }>;
  readonly health: () => Promise<Readonly<Record<string, { readonly ok: boolean }>>>;
  /** Slots of this process's worker that a delivery has. */
  readonly inflight: (() => number) | null;
  readonly storage: () => Promise<StorageFigures>;
}

/** What a store's engine can say of itself. */
export interface StorageFigures {
  /** Bytes free on the disk under a file. */
  readonly diskFree?: number;
  /** Bytes of its write-ahead log. */
  readonly walBytes?: number;
  /** Transactions that wait for a connection to a server. */
  readonly poolWaiting?: number;
}

/** Nobody waits longer than this for a gauge, in ms: a store that hangs must not keep the counters from being read. */
const PATIENCE = 2_000;
/** How often the event loop is looked at, in ms. */
const RESOLUTION = 20;

export function ownGauges(made: Instruments, sources: GaugeSources, clock: Clock, version: string): void {
  const inTime = <T>(work: Promise<T>) => within(clock, PATIENCE, work, () => new Error('the gauge cannot be read'));
  const one = (name: string, help: string, read: () => number | undefined | Promise<number | undefined>) => {
    made.gauge({ name, help, labels: [] }, async () => {
      const value = await read();
      return value === undefined ? [] : [[[], value]];
    });
  };
  const backlog = shared(() => inTime(sources.backlog()));
  const storage = shared(() => inTime(sources.storage()));
  one(
    'tidings_queue_age_seconds',
    'How long the oldest delivery that is due has been waiting; 0: none is due.',
    async () => {
      const { oldestDueAt } = await backlog();
      return oldestDueAt === null ? 0 : Math.max(0, clock.now() - oldestDueAt) / 1_000;
    },
  );
  one('tidings_ready', 'Deliveries that are due now, up to 100,000.', async () => (await backlog()).depth);
  one('tidings_inflight', 'Deliveries that this process is sending.', () => sources.inflight?.());
  one('tidings_disk_free', 'Bytes free on the disk of the SQLite file.', async () => (await storage()).diskFree);
  one('tidings_wal_bytes', 'Bytes of the write-ahead log of the SQLite file.', async () => (await storage()).walBytes);
  one(
    'tidings_db_pool_wait',
    'Transactions that wait for a connection to PostgreSQL.',
    async () => (await storage()).poolWaiting,
  );
  const parts = { name: 'tidings_healthy', help: '1 where a part of this process works (as /health says), else 0.' };
  made.gauge({ ...parts, labels: ['part'] }, async () => {
    const report = await inTime(sources.health());
    return Object.entries(report).map(([part, { ok }]) => [[part], ok ? 1 : 0]);
  });
  processGauges(made, one, version);
}

type One = (name: string, help: string, read: () => number | undefined) => void;

function processGauges(made: Instruments, one: One, version: string): void {
  const startedAt = Date.now() / 1_000 - process.uptime();
  one('tidings_rss_bytes', 'Memory of this process.', () => process.memoryUsage.rss());
  one('process_start_time_seconds', 'When this process was started, in seconds since 1970.', () => startedAt);
  one('process_cpu_seconds_total', 'CPU time that this process has used.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  });
  const build = {
    name: 'tidings_build_info',
    help: 'Always 1; the label says what runs.',
    labels: ['version'],
  } as const;
  made.gauge(build, () => [[[version], 1]]);
  eventLoopGauge(made);
}

/** How late the event loop was since somebody last asked. Nobody asks: nothing is measured. */
function eventLoopGauge(made: Instruments): void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  const about = {
    name: 'tidings_eventloop_delay_seconds',
    help: 'How late the event loop came to its timers since this was last read.',
    labels: ['quantile'],
  } as const;
  made.gauge(about, () => {
    // It measures from look to look, so what is on time shows the time between two.
    const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1e3);
    const samples = [
      [['0.5'], delays.percentile(50)],
      [['0.99'], delays.percentile(99)],
      [['1'], delays.max],
    ] as const;
    const isFirst = delays.enable();
    delays.reset();
    return isFirst ? [] : samples.map(([values, delay]) => [values, seconds(delay)]);
  });
}

/** One answer for all that ask at the same time. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  return () => {
    if (asked === null) {
      const now = ask();
      asked = now;
      const end = () => {
        asked = null;
      };
      now.then(end, end);
    }
    return asked;
  };
}
