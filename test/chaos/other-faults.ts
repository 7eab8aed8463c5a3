import { QUEUES } from './engines.ts';
import type { Fault } from './nemesis.ts';
import type { SinkMode } from './sink.ts';

/** The receiver of the webhooks fails in one of its ways. */
function sinkFault(mode: Exclude<SinkMode, 'ok'>): Fault {
  return {
    name: `sink: ${mode}`,
    fits: () => true,
    async strike({ sink }, draws) {
      sink.become(mode);
      return {
        target: 'sink',
        touches: ['sink'],
        lastsMs: draws.between(500, 5_000),
        // What it takes without an answer it counts itself.
        repeats: 0,
        heal: async () => sink.become('ok'),
      };
    },
  };
}

export const sinkFaults: readonly Fault[] = (['error', 'limited', 'reset', 'hang', 'drip'] as const).map(sinkFault);

/**
 * The workers are stopped, so that a backlog grows in the queue; then all processes are stopped and started with another
 * `QUEUE_URL`. What waits in the queue that nobody reads any more must be delivered all the same.
 */
export const queueChanged: Fault = {
  name: 'QUEUE_URL changed',
  fits: ({ ways }) => ways.length === 0,
  async strike({ fleet, engines }, draws) {
    const before = engines.queue;
    const next = draws.pick(QUEUES.filter((queue) => queue !== before));
    await Promise.all(fleet.of('worker').map((worker) => worker.stop()));
    return {
      target: `${before} → ${next}`,
      touches: ['api', 'worker', 'scheduler', 'broker'],
      lastsMs: draws.between(4_000, 8_000),
      repeats: 0,
      async heal() {
        await engines.useQueue(next);
        await fleet.stopAll();
        await fleet.startAll();
      },
    };
  },
};
