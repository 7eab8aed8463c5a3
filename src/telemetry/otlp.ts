import type { Clock } from '../domain/clock.ts';

/** One piece of a trace. Times in ms since the epoch. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: keyof typeof KINDS;
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly isError: boolean;
  /** Spans of other traces that belong to it. */
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** The numbers of the protocol. */
const KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

export interface OtlpOptions {
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  readonly clock: Clock;
  /** Sends one body and answers whether it was taken. Ends within seconds. */
  readonly post: (body: string) => Promise<boolean>;
  /** Told once, until the collector takes spans again. */
  readonly onAway: () => void;
  readonly onBack: () => void;
}

/** Spans on their way to a collector (OTLP over HTTP, as JSON). They are worth little: those it does not take are dropped. */
export interface SpanLine {
  add(span: Span): void;
  /** Sends what waits, for as long as one call may take. */
  close(): Promise<void>;
}

/** As the SDKs have it: so many in one call, that long after the first, and most that wait. */
const BATCH = 512;
const DELAY = 5_000;
const ROOM = 8_192;

export function spanLine(options: OtlpOptions): SpanLine {
  const waiting: Span[] = [];
  let cancelTimer: (() => void) | null = null;
  let sending: Promise<void> | null = null;
  let isAway = false;

  async function sendAll(atLeast: number): Promise<void> {
    while (waiting.length >= atLeast && waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      const taken = await options.post(JSON.stringify(bodyOf(batch, options))).catch(() => false);
      if (!taken && !isAway) options.onAway();
      if (taken && isAway) options.onBack();
      isAway = !taken;
    }
    sending = null;
    if (waiting.length > 0) wait();
  }

  function wait(): void {
    cancelTimer ??= options.clock.after(DELAY, () => {
      cancelTimer = null;
      sending ??= sendAll(1);
    });
  }

  return {
    add(span) {
      if (waiting.length >= ROOM) return;
      waiting.push(span);
      if (waiting.length >= BATCH) sending ??= sendAll(BATCH);
      else wait();
    },
    async close() {
      await sending;
      await sendAll(1);
      cancelTimer?.();
    },
  };
}

function bodyOf(spans: readonly Span[], { resource, version }: OtlpOptions) {
  const scope = { name: 'tidings', version };
  return {
    resourceSpans: [
      { resource: { attributes: attributesOf(resource) }, scopeSpans: [{ scope, spans: spans.map(spanOut) }] },
    ],
  };
}

function spanOut({ parentSpanId, kind, start, end, attributes, isError, links = [], ...same }: Span) {
  return {
    ...same,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    kind: KINDS[kind],
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(Math.max(start, end)),
    attributes: attributesOf(attributes),
    status: isError ? { code: 2 } : {},
    links,
  };
}

function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1_000)}000`;
}

function attributesOf(values: Readonly<Record<string, string | number>>) {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));
}
