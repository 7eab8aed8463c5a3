import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { httpReceiver } from './http-receiver.ts';

/** A span as a collector is sent it: OTLP over HTTP, as JSON. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly SentAttribute[];
  readonly status: { readonly code?: number };
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface SentAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

interface SentBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly SentAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

/** In place of an OpenTelemetry collector. */
export interface Collector {
  /** The settings that point at it. */
  readonly env: Readonly<Record<string, string>>;
  readonly spans: () => readonly SentSpan[];
  /** Of every process that has sent something, by `service.name`. */
  readonly resources: () => readonly Readonly<Record<string, string>>[];
  readonly headers: () => readonly Readonly<Record<string, string>>[];
}

export async function collector(t: TestContext): Promise<Collector> {
  const receiver = await httpReceiver();
  atEnd(t, () => receiver.close());
  const bodies = () => receiver.requests.map(({ body }) => JSON.parse(body) as SentBody);
  const resources = () => bodies().flatMap(({ resourceSpans }) => resourceSpans);
  return {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20collector-key',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    },
    spans: () => resources().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    resources: () => resources().map(({ resource }) => attributesOf(resource)),
    headers: () => receiver.requests.map(({ headers }) => headers),
  };
}

export function attributesOf(one: { readonly attributes: readonly SentAttribute[] }): Readonly<Record<string, string>> {
  return Object.fromEntries(
    one.attributes.map(({ key, value: { stringValue, intValue } }) => [key, stringValue ?? intValue ?? '']),
  );
}
