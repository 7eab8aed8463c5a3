import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { idMaker } from './domain/ids.ts';
import type { RouteRules } from './domain/route.ts';
import { openLimiter } from './engines.ts';
import { readDashboard } from './http/dashboard-files.ts';
import { createOperationsServer } from './http/operations-server.ts';
import type { RateLimits } from './http/rate-limits.ts';
import type { ReceiptDeps } from './http/routes/receipts.ts';
import { createServer } from './http/server.ts';
import { tokenSecrets } from './http/token-secrets.ts';
import { userTokens } from './http/user-tokens.ts';
import type { About, Parts, Stops } from './parts.ts';
import { createAccept } from './pipeline/accept.ts';
import { createControl } from './pipeline/control.ts';
import { createReceive } from './pipeline/receive.ts';
import { describe, type Log } from './telemetry/log.ts';
import { hearRequests } from './tell.ts';

/** Where `npm run build:web` leaves it. */
const DASHBOARD = join(import.meta.dirname, '..', 'web', 'dist');

/** Random bytes are drawn for so many ids at once, about 4 kB: for one alone it takes five microseconds. */
const IDS_AHEAD = 455;

/** The role `api`. Answers where that is. */
export async function startApi(parts: Parts, about: About, stops: Stops): Promise<string> {
  const { config, store, clock, channels, emit, handOff, metrics, traces } = parts;
  const ids = idMaker(randomBytes, IDS_AHEAD);
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
    allowsWebhook: (url) => channels.transports('webhook').every(({ transport }) => transport.allowsUrl?.(url) ?? true),
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

/** What supervisors and Prometheus ask of a process that has no API, where they are to. */
export async function startOperations(
  { config, clock, metrics, drained }: Parts,
  { log, version, health }: About,
  stops: Stops,
): Promise<string | null> {
  if (config.metricsPort === null) return null;
  const ids = idMaker(randomBytes, IDS_AHEAD);
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
  stops: Stops,
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
  stops: Stops,
): Promise<RateLimits | null> {
  if (limit === null) return null;
  const limiter = await openLimiter(limit, rateLimitUrl, clock, {
    onAway: (error) => log.warn({ event: 'rate_limits_apart', err: describe(error) }),
    onBack: () => log.info({ event: 'rate_limits_together' }),
  });
  stops.push(() => limiter.close());
  return { limit, limiter, onRefused: () => metrics.refused('too_many_requests', 1) };
}
