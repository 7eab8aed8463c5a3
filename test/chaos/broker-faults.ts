import { topology } from '../../src/queue/rabbitmq/topology.ts';
import type { Engines } from './engines.ts';
import type { Fault } from './nemesis.ts';

const hasBroker = ({ queue }: Engines) => queue !== 'database';

/** The broker is stopped, as an operator or as a power cut does it, and started again on its own data. */
export const brokerStop: Fault = {
  name: 'broker stopped',
  fits: hasBroker,
  async strike({ engines, outageMs }, draws) {
    const server = engines.queue === 'redis' ? engines.redis : engines.rabbit;
    if (server === null) return null;
    const signal = draws.pick(['SIGTERM', 'SIGKILL'] as const);
    await server.stop(signal);
    return {
      target: `${engines.queue} (${signal})`,
      touches: ['broker'],
      lastsMs: outageMs,
      repeats: 0,
      heal: () => server.start(),
    };
  },
};

/** Redis forgets everything. */
export const flush: Fault = {
  name: 'FLUSHALL',
  fits: ({ queue }) => queue === 'redis',
  async strike({ engines }) {
    await engines.redis?.command('FLUSHALL');
    return { target: 'redis', touches: ['broker'], lastsMs: 0, repeats: 0, heal: async () => {} };
  },
};

/** Somebody deletes the queues, with what is in them. */
export const queueDeleted: Fault = {
  name: 'queues deleted',
  fits: ({ queue }) => queue === 'rabbitmq',
  async strike({ engines }, draws) {
    const { tasks, deadLetters } = topology('notifications');
    const all = [...Object.values(tasks), deadLetters];
    const doomed = draws.chance(0.5) ? all : [tasks.normal];
    for (const queue of doomed) await engines.rabbit?.client.queueDelete({ queue });
    return { target: doomed.join(' '), touches: ['broker'], lastsMs: 0, repeats: 0, heal: async () => {} };
  },
};
