import type { Channels } from './channels/provider.ts';
import type { ReceiptReader } from './channels/registry.ts';
import type { Config } from './config/config.ts';
import type { Clock } from './domain/clock.ts';
import type { Emit } from './domain/events.ts';
import type { OpenStore } from './engines.ts';
import type { ProcessStatus } from './http/process-status.ts';
import type { HandedOverUntil, HandOff } from './pipeline/hand-off.ts';
import type { HealthReport } from './pipeline/health.ts';
import type { Queue } from './queue/queue.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tracer } from './telemetry/tracer.ts';

/** What a process does: take requests, deliver, or only look after what others left. A worker sweeps too. */
export type Role = 'api' | 'worker' | 'scheduler';

/** Called when the process stops, the last one first. */
export type Stops = (() => Promise<void>)[];

/** What is there once in a process, whatever its roles. */
export interface Parts {
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
export interface About {
  readonly log: Log;
  readonly version: string;
  readonly status: ProcessStatus;
  readonly health: () => Promise<HealthReport>;
  readonly readers: ReadonlyMap<string, ReceiptReader>;
}
