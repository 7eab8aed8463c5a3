import { hash } from 'node:crypto';

const TRACE = /^[0-9a-f]{32}$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** W3C Trace Context, version 00: version, trace-id, parent-id, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Undefined: it is none. */
export function parseTraceparent(header: string | undefined): TraceParent | undefined {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(header ?? '') ?? [];
  if (traceId === '' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/**
 * The trace of everything that one request brings about, in every process and after every restart, as notifications are
 * stored with the id of their request: that is the client's trace id, an id that we made, or any text of the client's.
 */
export function traceIdOf(requestId: string): string {
  if (TRACE.test(requestId)) return requestId;
  if (UUID.test(requestId)) return requestId.replaceAll('-', '');
  return hash('sha256', requestId).slice(0, 32);
}

/** The same names make the same id, so that who begins a span and who continues it need not know of each other. */
export function spanIdOf(...names: readonly (string | number)[]): string {
  return hash('sha256', names.join(' ')).slice(0, 16);
}

/** The span of one call to a provider. */
export function callSpanId(deliveryId: string, attempt: number): string {
  return spanIdOf('call', deliveryId, attempt);
}

/** Whether a share of all traces holds this one: every process says the same. */
export function isSampled(traceId: string, share: number): boolean {
  return Number.parseInt(traceId.slice(-14), 16) < share * 2 ** 56;
}

/** What a provider is told of the span that its call is. */
export function traceparentOf(requestId: string, deliveryId: string, attempt: number, share: number): string {
  const traceId = traceIdOf(requestId);
  return `00-${traceId}-${callSpanId(deliveryId, attempt)}-${isSampled(traceId, share) ? '01' : '00'}`;
}
