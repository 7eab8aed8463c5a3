import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { publicAddresses } from './channels/address-guard.ts';
import { httpClient } from './channels/http-client.ts';
import type { Channels } from './channels/provider.ts';
import { type ChannelPlan, openPlan, type ReceiptReader } from './channels/registry.ts';
import type { Config } from './config/config.ts';
import type { Clock } from './domain/clock.ts';
import type { Emit } from './domain/events.ts';
import { idMaker } from './domain/ids.ts';
import type { RouteRules } from './domain/route.ts';
import { type OpenStore, openLimiter, openQueue, openStore } from './engines.ts';
import { readDashboard } from './http/dashboard-files.ts';
import { createOperationsServer } from './http/operations-server.ts';
import type { ProcessStatus } from './http/process-status.ts';
import type { RateLimits } from './http/rate-limits.ts';
import type { ReceiptDeps } from './http/routes/receipts.ts';
import { createServer } from './http/server.ts';
import { tokenSecrets } from './http/token-secrets.ts';
import { userTokens } from './http/user-tokens.ts';
import { createAccept } from './pipeline/accept.ts';
import { createBulkhead } from './pipeline/bulkhead.ts';
import { createControl } from './pipeline/control.ts';
import { createDeliver } from './pipeline/deliver.ts';
import { createForgetter } from './pipeline/forget.ts';
import { createHandOff, type HandedOverUntil, type HandOff } from './pipeline/hand-off.ts';
import { createHealth, type HealthReport } from './pipeline/health.ts';
import { createProviderGate } from './pipeline/provider-gate.ts';
import { createProviderPauses } from './pipeline/provider-pauses.ts';
import { createReceive } from './pipeline/receive.ts';
import { createRetainer } from './pipeline/retain.ts';
import { createSettle } from './pipeline/settle.ts';
import { createSweeper } from './pipeline/sweep.ts';
import { createWatchdog, type Watchdog } from './pipeline/watchdog.ts';
import { createWorker, type Worker } from './pipeline/work.ts';
import { databaseQueue } from './queue/database/database-queue.ts';
import type { Queue } from './queue/queue.ts';
import { describe, type Log, logNotice } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import type { Tracer } from './telemetry/tracer.ts';
import { hearRequests, openTraces, telling } from './tell.ts';

/** What a process does: take requests, deliver, or only look after what others left. A worker sweeps too. */
export type Role = 'api' | 'worker' | 'scheduler';

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

/** Where `npm run build:web` leaves it. */
const DASHBOARD = join(import.meta.dirname, '..', 'web', 'dist');

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    if (ms <= 0) {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Wires everything and starts the roles. If any part cannot start, what had started is stopped and it throws. */
export async function startTidings(
  config: Config,
  plan: ChannelPlan,
  roles: ReadonlySet<Role>,
  log: Log,
  { version, settings, readers = new Map() }: ToldOf,
): Promise<Running> {
  const stops: (() => Promise<void>)[] = [];
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
    const channels = openChannels(plan, store, config.publicUrl, roles, stops);

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

interface Parts {
  readonly config: Config;
  readonly store: OpenStore['store'];
  readonly clock: Clock;
  readonly bell: Queue;
  readonly queue: Queue | null;
  readonly handOff: HandOff;
  readonly handedOverUntil: HandedOverUntil;
  readonly channels: Channels;
  readonly emit: Emit;
  readonly metrics: Metrics;
  readonly traces: Tracer | null;
  /** Aborted when the process is about to stop. */
  readonly drained: AbortSignal;
}

/** What is told of the process to those who ask it. */
interface About {
  readonly log: Log;
  readonly version: string;
  readonly status: ProcessStatus;
  readonly health: () => Promise<HealthReport>;
  readonly readers: ReadonlyMap<string, ReceiptReader>;
}

function openChannels(
  plan: ChannelPlan,
  store: OpenStore['store'],
  publicUrl: string | null,
  roles: ReadonlySet<Role>,
  stops: (() => Promise<void>)[],
): Channels {
  const http = httpClient({ guard: null });
  const guardedHttp = httpClient({ guard: publicAddresses() });
  const channels = openPlan(plan, { http, guardedHttp, inbox: store, sandbox: store, random: Math.random, publicUrl });
  stops.push(async () => {
    await channels.close();
    await Promise.all([http.close(), guardedHttp.close()]);
  });
  // Whoever is going to call others has it ready before the first call.
  const callsOthers = [...plan.values()].flat().some(({ id }) => id !== 'inbox' && id !== 'sandbox');
  if (roles.has('worker') && callsOthers) void http.load();
  return channels;
}

/** Who delivers in this process, and who watches over that. */
interface Work {
  readonly worker: Worker;
  readonly watchdog: Watchdog;
}

/** The roles `worker` and `scheduler`. Null: this process does not deliver. */
function startWork(
  parts: Parts,
  roles: ReadonlySet<Role>,
  giveUp: () => void,
  stops: (() => Promise<void>)[],
): Work | null {
  const { config, store, clock, bell, queue, channels, emit, handOff, traces } = parts;
  const common = { store, handOff, clock, retry: config.retry, emit };
  if (roles.has('worker') || roles.has('scheduler')) {
    const sweeper = createSweeper(common);
    sweeper.start();
    stops.push(() => sweeper.stop());
    const forgetter = createForgetter({ store, clock, emit });
    forgetter.start();
    stops.push(() => forgetter.stop());
    const retainer = createRetainer({ store, clock, random: Math.random, emit, retention: config.retention });
    retainer.start();
    stops.push(() => retainer.stop());
  }
  if (!roles.has('worker')) return null;
  let stopping = false;
  const deliver = createDeliver({
    channels,
    gate: createProviderGate(clock, emit),
    bulkhead: createBulkhead(clock, config.concurrency),
    settle: createSettle(common),
    clock,
    random: Math.random,
    emit,
    sendTimeout: config.sendTimeout,
    ...(traces === null ? {} : { traceparent: traces.traceparent }),
    stopping: () => stopping,
  });
  const { concurrency, leaseMs, sendTimeout } = config;
  const worker = createWorker({
    store,
    bell,
    queue,
    deliver,
    clock,
    emit,
    concurrency,
    leaseMs,
    sendTimeout,
  });
  worker.start();
  stops.push(async () => {
    stopping = true;
    await worker.stop();
  });
  const watchdog = createWatchdog({ store, worker, clock, emit, giveUp });
  watchdog.start();
  stops.push(() => watchdog.stop());
  return { worker, watchdog };
}

async function startApi(parts: Parts, about: About, stops: (() => Promise<void>)[]): Promise<string> {
  const { config, store, clock, channels, emit, handOff, metrics, traces } = parts;
  const ids = idMaker(inAdvance(randomBytes));
  const rules: RouteRules = { defaultChannels: config.defaultChannels, sandboxed: channels.sandboxed };
  const rateLimits = await openRateLimits(parts, about.log, stops);
  const server = createServer({
    store,
    inbox: store,
    moves: store,
    news: store,
    sandbox: store,
    accept: createAccept({
      store,
      handOff,
      handedOverUntil: parts.handedOverUntil,
      clock,
      ids,
      rules,
      emit,
    }),
    control: createControl({ store, handOff, clock, retry: config.retry, emit }),
    clock,
    random: Math.random,
    newRequestId: () => ids.notificationId(clock.now()),
    defaultRetry: config.retry,
    apiKeys: config.apiKeys,
    tokens: userTokens({
      secrets: tokenSecrets({ given: config.tokenSecrets, apiKeys: config.apiKeys }, randomBytes),
      ttl: config.tokenTtl,
      clock,
    }),
    inboxOrigins: config.inboxOrigins,
    ...(rateLimits === null ? {} : { rateLimits }),
    trustedProxies: config.trustedProxies,
    health: about.health,
    metrics: () => metrics.text(),
    log: hearRequests({ log: about.log, metrics, traces }),
    onRefused(count) {
      about.log.warn({ event: 'overloaded', refused: count });
      metrics.refused('overloaded', count);
    },
    receipts: receiptsOf(parts, about),
    version: about.version,
    status: about.status,
    dashboard: readDashboard(DASHBOARD),
  });
  return listen(server, config.host, config.port, parts.drained, stops);
}

function receiptsOf({ config, store, handOff, clock, emit, metrics }: Parts, { readers }: About): ReceiptDeps {
  return {
    readers: new Map(
      [...readers].flatMap(([provider, open]) => {
        const read = open(config.publicUrl);
        return read === null ? [] : [[provider, read] as const];
      }),
    ),
    receive: createReceive({ store, handOff, clock, retry: config.retry, emit }),
    onOther: (provider, outcome, count) => metrics.receipts(provider, outcome, count),
  };
}

function healthOf({ store, clock, bell, queue, drained }: Parts, work: Work | null): () => Promise<HealthReport> {
  const { worker = null, watchdog = null } = work ?? {};
  const health = createHealth({ store, queue: queue ?? bell, worker, watchdog, clock });
  return async () => (drained.aborted ? { ...(await health()), process: ABOUT_TO_STOP } : health());
}

const ABOUT_TO_STOP = { ok: false, needed: true, detail: 'it was told to stop' };

/** What supervisors and Prometheus ask of a process that has no API, where they are to. */
async function startOperations(
  { config, clock, metrics, drained }: Parts,
  { log, version, health }: About,
  stops: (() => Promise<void>)[],
): Promise<string | null> {
  if (config.metricsPort === null) return null;
  const ids = idMaker(inAdvance(randomBytes));
  const server = createOperationsServer({
    random: Math.random,
    newRequestId: () => ids.notificationId(clock.now()),
    apiKeys: config.apiKeys,
    health,
    metrics: () => metrics.text(),
    log: hearRequests({ log, metrics: null, traces: null }),
    version,
  });
  return listen(server, config.host, config.metricsPort, drained, stops);
}

/** Answers where that is. First of all to stop: what is accepted from then on would only wait for the next start. */
async function listen(
  server: ReturnType<typeof createServer>,
  host: string,
  port: number,
  drained: AbortSignal,
  stops: (() => Promise<void>)[],
): Promise<string> {
  stops.push(() => server.close());
  const useOnce = (_: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  };
  drained.addEventListener('abort', () => server.server.prependListener('request', useOnce));
  // A name can stand for several addresses. The framework would serve each by a server of its own, past our guards.
  await server.listen({ host: (await lookup(host)).address, port });
  const address = server.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

async function openRateLimits(
  { config: { rateLimit: limit, rateLimitUrl }, clock, metrics }: Parts,
  log: Log,
  stops: (() => Promise<void>)[],
): Promise<RateLimits | null> {
  if (limit === null) return null;
  const limiter = await openLimiter(limit, rateLimitUrl, clock, {
    onAway: (error) => log.warn({ event: 'rate_limits_apart', err: describe(error) }),
    onBack: () => log.info({ event: 'rate_limits_together' }),
  });
  stops.push(() => limiter.close());
  return { limit, limiter, onRefused: () => metrics.refused('too_many_requests', 1) };
}

/** Random bytes, drawn a few thousand at a time: drawing nine of them alone takes five microseconds. */
function inAdvance(random: (count: number) => Uint8Array): (count: number) => Uint8Array {
  let drawn: Uint8Array = new Uint8Array();
  let used = 0;
  return (count) => {
    if (used + count > drawn.length) {
      drawn = random(Math.max(count, 4_096));
      used = 0;
    }
    used += count;
    return drawn.subarray(used - count, used);
  };
}

/** Last started, first stopped; once. One that throws does not keep the others from stopping. */
function stopper(stops: readonly (() => Promise<void>)[]): () => Promise<void> {
  let stopping: Promise<void> | null = null;
  return () => {
    stopping ??= stopAll(stops.toReversed());
    return stopping;
  };
}

async function stopAll(stops: readonly (() => Promise<void>)[]): Promise<void> {
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
