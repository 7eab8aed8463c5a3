import type { Clock } from '../domain/clock.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { TripEvent } from '../domain/events.ts';
import { type DeliveryId, type NotificationId, notificationOf } from '../domain/ids.ts';
import type { Span } from './otlp.ts';
import { callSpanId, isSampled, parseTraceparent, spanIdOf, traceIdOf } from './trace-ids.ts';

/** A request that was answered, as far as it is traced. */
export interface TracedRequest {
  readonly method: string;
  readonly route: string | null;
  readonly status: number;
  readonly durationMs: number;
  readonly requestId: string;
  /** The client's header. */
  readonly traceparent?: string;
}

/** Makes spans of what happens: of the request, of each acceptance, of each wait, visit of a worker, and call. */
export interface Traces {
  event(event: TripEvent): void;
  answered(request: TracedRequest): void;
}

export interface TracesOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Of all traces: 0 to 1. */
  readonly share: number;
  readonly add: (span: Span) => void;
}

type Attempted = Extract<TripEvent, { type: 'attempted' }>;

/** Most requests, and most deliveries, whose spans wait for their end; those past it get none. */
const MOST_OPEN = 10_000;

export function createTraces({ clock, share, add }: TracesOptions): Traces {
  /** What was accepted for requests that are not answered yet. */
  const accepted = new Map<string, { readonly ids: NotificationId[]; at: number }>();
  /** Calls whose result is not written yet. */
  const calls = new Map<DeliveryId, Attempted[]>();

  function answered(request: TracedRequest): void {
    const { requestId, durationMs } = request;
    const given = accepted.get(requestId);
    accepted.delete(requestId);
    const client = parseTraceparent(request.traceparent);
    const traceId = traceIdOf(requestId);
    const own = client?.traceId ?? traceId;
    if (!(client?.sampled ?? isSampled(own, share))) return;
    const end = clock.now();
    const server = serverSpan(request, { traceId: own, parentSpanId: client?.spanId ?? null, end });
    if (server === null) return;
    add(server);
    // A client that names its request too has a trace of its own: what it brings about is another, and tied to it.
    const isOther = own !== traceId;
    for (const id of given?.ids ?? []) {
      add({
        ...{ traceId, spanId: acceptSpanId(id), parentSpanId: isOther ? null : server.spanId },
        ...{ name: 'accept', kind: 'producer', start: end - durationMs, end: given?.at ?? end, isError: false },
        attributes: { 'tidings.notification_id': id, 'tidings.request_id': requestId },
        ...(isOther ? { links: [{ traceId: own, spanId: server.spanId }] } : {}),
      });
    }
  }

  /** A batch is told one by one. */
  function note(requestId: string, ids: readonly NotificationId[]): void {
    const before = accepted.get(requestId);
    if (before !== undefined) {
      before.ids.push(...ids);
      before.at = clock.now();
    } else if (accepted.size < MOST_OPEN) accepted.set(requestId, { ids: [...ids], at: clock.now() });
  }

  function called(event: Attempted): void {
    if (!isSampled(traceIdOf(event.requestId), share)) return;
    const before = calls.get(event.deliveryId);
    if (before !== undefined) before.push(event);
    else if (calls.size < MOST_OPEN) calls.set(event.deliveryId, [event]);
  }

  function written(requestId: string, delivery: Pick<Delivery, 'id'>, result: string): void {
    const made = calls.get(delivery.id) ?? [];
    calls.delete(delivery.id);
    const [first] = made;
    if (first !== undefined)
      for (const span of visitSpans(first, made, { requestId, result, end: clock.now() })) add(span);
  }

  return {
    answered,
    event(event) {
      if (event.type === 'accepted') note(event.requestId, event.ids);
      else if (event.type === 'attempted') called(event);
      else if (event.type === 'moved') written(event.requestId, event.delivery, event.delivery.status);
      else if (event.type === 'stale_settle') written(event.requestId, { id: event.deliveryId }, 'stale');
    },
  };
}

function acceptSpanId(id: NotificationId): string {
  return spanIdOf('accept', id);
}

/** Null: it is not worth a trace, as probes are not. */
function serverSpan(
  { method, route, status, durationMs, requestId }: TracedRequest,
  at: { readonly traceId: string; readonly parentSpanId: string | null; readonly end: number },
): Span | null {
  if (route === null || route === '/metrics' || route.startsWith('/health')) return null;
  return {
    ...{ traceId: at.traceId, parentSpanId: at.parentSpanId },
    // The same client can come twice with one id.
    spanId: spanIdOf('request', requestId, at.parentSpanId ?? '', at.end, durationMs),
    ...{ name: `${method} ${route}`, kind: 'server', start: at.end - durationMs, end: at.end },
    attributes: {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'tidings.request_id': requestId,
    },
    isError: status >= 500,
  };
}

/** A worker's visit to a delivery, the calls it made, and before the first one the wait for it. */
function visitSpans(
  first: Attempted,
  made: readonly Attempted[],
  { requestId, result, end }: { readonly requestId: string; readonly result: string; readonly end: number },
): readonly Span[] {
  const { deliveryId, attempt, wantedAt } = first;
  const traceId = traceIdOf(requestId);
  const notificationId = notificationOf(deliveryId);
  const parentSpanId = acceptSpanId(notificationId);
  const spanId = spanIdOf('visit', deliveryId, attempt.number);
  const about = { 'tidings.notification_id': notificationId, 'tidings.delivery_id': deliveryId };
  const visit: Span = {
    ...{ traceId, spanId, parentSpanId, name: 'deliver', kind: 'consumer', start: attempt.startedAt, end },
    attributes: { ...about, 'tidings.result': result },
    isError: result === 'failed',
  };
  const wait: Span = {
    ...{ traceId, spanId: spanIdOf('wait', deliveryId), parentSpanId, name: 'wait', kind: 'internal' },
    ...{ start: wantedAt, end: attempt.startedAt, attributes: about, isError: false },
  };
  const isFirst = attempt.number === 1;
  return [...(isFirst ? [wait] : []), visit, ...made.map((call) => callSpan(call, traceId, spanId))];
}

function callSpan({ deliveryId, attempt }: Attempted, traceId: string, parentSpanId: string): Span {
  const { number, channel, provider, outcome, code, startedAt, durationMs } = attempt;
  return {
    ...{ traceId, parentSpanId, spanId: callSpanId(deliveryId, number), name: `send ${channel}`, kind: 'client' },
    ...{ start: startedAt, end: startedAt + durationMs },
    attributes: {
      'tidings.channel': channel,
      'tidings.provider': provider ?? 'none',
      'tidings.attempt': number,
      'tidings.outcome': outcome,
      ...(code === null ? {} : { 'tidings.code': code }),
    },
    isError: outcome !== 'accepted',
  };
}
