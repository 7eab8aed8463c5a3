import { createMetrics } from '../../src/telemetry/metrics.ts';
import { ManualClock } from '../kit/manual-clock.ts';

/** Everything that `/metrics` can name: a histogram as its three series. */
export async function exposedMetrics(): Promise<ReadonlySet<string>> {
  const metrics = createMetrics(new ManualClock(), '0.0.0');
  metrics.watch({
    backlog: () => Promise.resolve({ depth: 0, oldestDueAt: null }),
    health: () => Promise.resolve({}),
    inflight: null,
    storage: () => Promise.resolve({}),
  });
  const text = await metrics.text();
  const types = text.matchAll(/^# TYPE (?<name>\S+) (?<type>\S+)$/gm);
  const names = [...types].flatMap(({ groups: { name = '', type = '' } = {} }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  return new Set(names);
}
