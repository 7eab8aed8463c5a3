import { hostname } from 'node:os';
import type { Clock } from '../domain/clock.ts';
import { spanLine } from './otlp.ts';
import { traceparentOf } from './trace-ids.ts';
import { createTraces, type Traces } from './traces.ts';

/** The tracing of one process. It is loaded only where something is traced. */
export interface Tracer extends Traces {
  /** What a provider is told of the span that its call is. */
  readonly traceparent: (requestId: string, deliveryId: string, attempt: number) => string;
  /** Sends what waits. */
  close(): Promise<void>;
}

export interface TracerOptions {
  readonly tracing: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly resource: Readonly<Record<string, string>>;
    readonly share: number;
  };
  readonly clock: Clock;
  readonly version: string;
  readonly post: (request: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly signal: AbortSignal;
    readonly notAfter: null;
  }) => Promise<{ readonly kind: string; readonly status?: number }>;
  readonly onAway: () => void;
  readonly onBack: () => void;
}

/** Longest that the collector may take for one batch, in ms. */
const PATIENCE = 5_000;

export function startTracing(options: TracerOptions): Tracer {
  const { clock, version, onAway, onBack } = options;
  const { url, headers: own, resource, share } = options.tracing;
  const headers = { 'content-type': 'application/json', ...own };
  const about = { 'service.version': version, 'host.name': hostname(), 'process.pid': String(process.pid) };
  const line = spanLine({
    ...{ version, clock, onAway, onBack, resource: { ...about, ...resource } },
    async post(body) {
      const answer = await options.post({ url, headers, body, signal: AbortSignal.timeout(PATIENCE), notAfter: null });
      const { status = 0 } = answer;
      return answer.kind === 'answered' && status >= 200 && status < 300;
    },
  });
  return {
    ...createTraces({ clock, share, add: (span) => line.add(span) }),
    traceparent: (requestId, deliveryId, attempt) => traceparentOf(requestId, deliveryId, attempt, share),
    close: () => line.close(),
  };
}
