import { publicAddresses } from './channels/address-guard.ts';
import { CONNECT_TIMEOUT, httpClient } from './channels/http-client.ts';
import type { Channels } from './channels/provider.ts';
import { type ChannelPlan, openPlan, type ReceiptReader } from './channels/registry.ts';
import type { Config } from './config/config.ts';
import { realClock } from './domain/clock.ts';
import { type OpenStore, openQueue, openStore } from './engines.ts';
import type { ProcessStatus } from './http/process-status.ts';
import type { Parts, Role, Stops } from './parts.ts';
import { createHandOff } from './pipeline/hand-off.ts';
import { createHealth, type HealthReport } from './pipeline/health.ts';
import { createProviderPauses } from './pipeline/provider-pauses.ts';
import { databaseQueue } from './queue/database/database-queue.ts';
import { startApi, startOperations } from './start-api.ts';
import { startWork, type Work } from './start-work.ts';
import { type Log, logNotice } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { openTraces, telling } from './tell.ts';

export interface Running {
  /** Where the API is; null without the role. */
  readonly url: string | null;
  /** Where a process without the API serves its figures, if it does. */
  readonly metricsUrl: string | null;
  /** Where the data is, for people. */
  readonly place: string;
  readonly channels: Channels;
  /** Resolves if its worker cannot be brought to work any more: it is to be stopped, and another started. */
  readonly gaveUp: Promise<void>;
  /** From now on it is not ready, and its clients are asked to come over new connections, which find others. It serves on. */
  drain(): void;
  /** Takes and claims no more, finishes what is in hand, lets go of everything. Idempotent. */
  stop(): Promise<void>;
}

/** What is to be known beside the settings. */
export interface ToldOf {
  readonly version: string;
  readonly settings: ProcessStatus['settings'];
  /** Whose receipts are taken; left out: nobody's. */
  readonly readers?: ReadonlyMap<string, ReceiptReader>;
}

/** Wires everything and starts the roles. If any part cannot start, what had started is stopped and it throws. */
export async function startTidings(
  config: Config,
  plan: ChannelPlan,
  roles: ReadonlySet<Role>,
  log: Log,
  { version, settings, readers = new Map() }: ToldOf,
): Promise<Running> {
  const stops: Stops = [];
  const stop = stopper(stops);
  const drained = new AbortController();
  try {
    const open = await openStore(config, realClock, (text) => log.warn({ event: 'store', text }));
    const { store, clock, place, figures } = open;
    stops.push(() => store.close());
    const bell = databaseQueue({ changes: store });
    stops.push(() => bell.close());
    const queue = await openQueue(config, realClock, (notice) => logNotice(log, notice));
    if (queue !== null) stops.push(() => queue.close());
    const pauses = createProviderPauses();
    const metrics = createMetrics(clock, version);
    const traces = await openTraces(config.tracing, { clock, log, version }, stops);
    const { emit, idle: told } = telling({ log, metrics, traces, pauses }, queue);
    stops.push(told);
    const { handOff, handedOverUntil, idle: handedOver } = createHandOff({ bell, queue, store, clock, emit });
    stops.push(handedOver);
    const channels = openChannels(plan, store, config, roles, stops);

    const engines = { store, clock, bell, queue, handOff, handedOverUntil, channels };
    const parts = { config, ...engines, emit, metrics, traces, drained: drained.signal };
    const { promise: gaveUp, resolve: giveUp } = Promise.withResolvers<void>();
    const work = startWork(parts, roles, giveUp, stops);
    const status: ProcessStatus = {
      node: process.version,
      startedAt: realClock.now(),
      roles: [...roles],
      store: config.database.kind,
      queue: config.queue.kind,
      channels: channels.live,
      pauses: (now) => pauses.at(now),
      settings,
    };
    const health = healthOf(parts, work);
    const inflight = work === null ? null : () => config.concurrency - work.worker.signs().freeSlots;
    metrics.watch({ backlog: () => store.backlog(), health, inflight, storage: figures });
    const about = { log, version, health, status, readers };
    const url = roles.has('api') ? await startApi(parts, about, stops) : null;
    const metricsUrl = url === null ? await startOperations(parts, about, stops) : null;
    return { url, metricsUrl, place, channels, gaveUp, drain: () => drained.abort(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function openChannels(
  plan: ChannelPlan,
  store: OpenStore['store'],
  { publicUrl, connectionsPerHost: connections, sendTimeout }: Config,
  roles: ReadonlySet<Role>,
  stops: Stops,
): Channels {
  const limits = { connections, connectTimeout: Math.min(CONNECT_TIMEOUT, sendTimeout) };
  const http = httpClient({ guard: null, ...limits });
  const guardedHttp = httpClient({ guard: publicAddresses(), ...limits });
  const channels = openPlan(plan, { http, guardedHttp, sandbox: store, random: Math.random, publicUrl });
  stops.push(async () => {
    await channels.close();
    await Promise.all([http.close(), guardedHttp.close()]);
  });
  // Whoever is going to call others has it ready before the first call.
  const callsOthers = [...plan.values()].flat().some(({ id }) => id !== 'inbox' && id !== 'sandbox');
  if (roles.has('worker') && callsOthers) void http.load();
  return channels;
}

function healthOf({ store, clock, bell, queue, drained }: Parts, work: Work | null): () => Promise<HealthReport> {
  const { worker = null, watchdog = null } = work ?? {};
  const health = createHealth({ store, queue: queue ?? bell, worker, watchdog, clock });
  return async () => (drained.aborted ? { ...(await health()), process: ABOUT_TO_STOP } : health());
}

const ABOUT_TO_STOP = { ok: false, needed: true, detail: 'it was told to stop' };

/** Last started, first stopped; once. One that throws does not keep the others from stopping. */
function stopper(stops: Readonly<Stops>): () => Promise<void> {
  let stopping: Promise<void> | null = null;
  return () => {
    stopping ??= stopAll(stops.toReversed());
    return stopping;
  };
}

async function stopAll(stops: Readonly<Stops>): Promise<void> {
  const faults: unknown[] = [];
  for (const stop of stops) {
    try {
      await stop();
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw new AggregateError(faults, 'not everything could be stopped');
}
