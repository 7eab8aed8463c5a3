import { CONNECT_TIMEOUT, httpClient } from './channels/http-client.ts';
import type { Config } from './config/config.ts';
import type { Clock } from './domain/clock.ts';
import type { Delivery } from './domain/delivery.ts';
import type { Emit } from './domain/events.ts';
import type { RequestLine } from './http/deps.ts';
import { createBatchLine } from './pipeline/batch-line.ts';
import type { ProviderPauses } from './pipeline/provider-pauses.ts';
import type { BrokerQueue } from './queue/queue.ts';
import { describe, type Log, logEvent } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tracer } from './telemetry/tracer.ts';

/** Who hears what happens in this process. */
export interface Ears {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Null where nothing is traced. */
  readonly traces: Tracer | null;
  readonly pauses: ProviderPauses;
}

/** Most dead letters that wait for the broker. Those past it are in the store all the same. */
const WAITING_DEAD_LETTERS = 20_000;

/** To all ears, and what has failed for good to the broker too, for tools that watch it there. */
export function telling(
  { log, metrics, traces, pauses }: Ears,
  queue: BrokerQueue | null,
): { readonly emit: Emit; readonly idle: () => Promise<void> } {
  const line = createBatchLine<Delivery>({
    async pass(failed) {
      const letters = failed.map(({ id, notificationId, reason }) => ({ id, notificationId, reason: reason ?? '' }));
      await queue?.deadLetter(letters);
    },
    onFault: (error) => logEvent(log, { type: 'fault', where: 'dead letters', error }),
    room: WAITING_DEAD_LETTERS,
  });
  const emit: Emit = (event) => {
    logEvent(log, event);
    metrics.event(event);
    traces?.event(event);
    pauses.hear(event);
    if (queue === null || event.type !== 'moved') return;
    const { delivery } = event;
    if (delivery.status === 'failed' && delivery.discardedAt === null) line.add([delivery]);
  };
  return { emit, idle: () => line.idle() };
}

/** Of each request that was answered; a process without the API counts and traces none. */
export function hearRequests({
  log,
  metrics,
  traces,
}: {
  readonly log: Log;
  readonly metrics: Metrics | null;
  readonly traces: Tracer | null;
}): (line: RequestLine) => void {
  return (line) => {
    logRequest(log, line);
    metrics?.answered(line);
    traces?.answered(line);
  };
}

function logRequest(log: Log, line: RequestLine): void {
  const { requestId, method, route, status, durationMs, error } = line;
  const fields = { event: 'request', request_id: requestId, method, route, status, duration_ms: durationMs };
  if (error === undefined) log.debug(fields);
  else log.error({ ...fields, err: describe(error) });
}

/** Null where nothing is traced; then nothing of it is loaded either. */
export async function openTraces(
  tracing: Config['tracing'],
  { clock, log, version }: { readonly clock: Clock; readonly log: Log; readonly version: string },
  stops: (() => Promise<void>)[],
): Promise<Tracer | null> {
  if (tracing === null) return null;
  const { startTracing } = await import('./telemetry/tracer.ts');
  const http = httpClient({ guard: null, connections: 1, connectTimeout: CONNECT_TIMEOUT });
  const tracer = startTracing({
    ...{ tracing, clock, version, post: (request) => http.post(request) },
    onAway: () => log.warn({ event: 'traces_dropped' }),
    onBack: () => log.info({ event: 'traces_taken' }),
  });
  stops.push(async () => {
    await tracer.close();
    await http.close();
  });
  return tracer;
}
