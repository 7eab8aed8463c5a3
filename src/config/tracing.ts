import { baseUrl, boolean, choice, decimal, text } from '../domain/setting-forms.ts';
import { type SettingValues, setting } from '../domain/settings.ts';

/** The standard settings of OpenTelemetry, as far as they are understood. */
export const TRACING_SETTINGS = {
  otelEndpoint: baseUrl('OTEL_EXPORTER_OTLP_ENDPOINT', {
    doc: 'Where an OpenTelemetry collector takes OTLP over HTTP, `/v1/traces` being added. Unset: nothing is traced.',
  }),
  otelTracesEndpoint: baseUrl('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', {
    doc: 'The same for traces alone, as a whole URL. Wins.',
  }),
  otelHeaders: setting(
    'OTEL_EXPORTER_OTLP_HEADERS',
    'name=value, separated by commas, values percent-encoded',
    { secret: true, doc: 'Headers of what is sent to the collector.' },
    parsePairs,
  ),
  otelProtocol: choice('OTEL_EXPORTER_OTLP_PROTOCOL', ['http/json', 'http/protobuf'], {
    default: 'http/json',
    doc: 'JSON is sent in either case: where a collector takes the one over HTTP it takes the other.',
  }),
  otelServiceName: text('OTEL_SERVICE_NAME', { default: 'tidings', doc: 'What this service is called in traces.' }),
  otelResource: setting(
    'OTEL_RESOURCE_ATTRIBUTES',
    'name=value, separated by commas, values percent-encoded',
    { doc: 'What else traces say of this process.' },
    parsePairs,
  ),
  otelSampler: choice(
    'OTEL_TRACES_SAMPLER',
    [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ],
    { default: 'parentbased_always_on', doc: 'Which traces are kept. A client that says of its own is always heard.' },
  ),
  otelSamplerArg: decimal('OTEL_TRACES_SAMPLER_ARG', {
    min: 0,
    max: 1,
    default: '1',
    doc: 'The share of a `…traceidratio`.',
  }),
  otelDisabled: boolean('OTEL_SDK_DISABLED', { default: 'false', doc: 'Nothing is traced, whatever else is set.' }),
};

/** How, and to whom, traces are told. */
export interface Tracing {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  /** Of all traces: 0 to 1. */
  readonly share: number;
}

/** Null: nothing is traced. */
export function tracingOf(values: SettingValues<typeof TRACING_SETTINGS>): Tracing | null {
  const { otelEndpoint: base, otelTracesEndpoint, otelSampler: sampler } = values;
  const url = otelTracesEndpoint ?? (base === null ? null : `${base}/v1/traces`);
  if (url === null || values.otelDisabled) return null;
  const share = sampler.endsWith('traceidratio') ? values.otelSamplerArg : sampler.endsWith('off') ? 0 : 1;
  const resource = { ...values.otelResource, 'service.name': values.otelServiceName };
  return { url, headers: values.otelHeaders ?? {}, resource, share };
}

function parsePairs(given: string): Readonly<Record<string, string>> | undefined {
  const pairs: Record<string, string> = {};
  for (const pair of given.split(',').filter((one) => one.trim() !== '')) {
    const [, name = '', value = ''] = /^\s*([^\s=;]+)\s*=\s*([\x21-\x7e]*)\s*$/.exec(pair) ?? [];
    if (name === '') return undefined;
    try {
      pairs[name] = decodeURIComponent(value);
    } catch {
      return undefined;
    }
  }
  return pairs;
}
