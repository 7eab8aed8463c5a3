import type { DeliverTask, Queue } from '../../src/queue/queue.ts';
import type { Life } from './life.ts';
import type { Seeded } from './seeded.ts';
import { PlannedFault } from './weather.ts';
import { ask, elapsed, latency, type World } from './world.ts';

/** How much longer than usual a slow broker takes each way, in ms. */
const SLOW = 4_000;
/** How late a broker can be, in ms. */
const LATEST = 90_000;

/** One process's connection to the broker. */
export function queueLink(world: World, life: Life): Queue {
  const { timeline, weather } = world;
  const broker = () => {
    const queue = world.broker();
    if (queue === null) throw new Error('there is no broker');
    return queue;
  };
  const told = (op: string, tasks: readonly DeliverTask[]) =>
    world.trace.note(timeline.now(), life.name, op, world.ledger.about(tasks), tasks.length, () =>
      world.ledger.named(tasks),
    );

  /** Nobody waits for it any more: it came too late, or a second time. */
  function publishLater(tasks: readonly DeliverTask[], chance: Seeded): void {
    timeline.after(chance.between(1, LATEST), null, () => {
      told('comes late', tasks);
      broker()
        .publish(tasks)
        .catch(() => {});
    });
  }

  async function put(tasks: readonly DeliverTask[], chance: Seeded): Promise<void> {
    const trouble = weather.queue(elapsed(world), chance);
    told(trouble === null ? 'published' : `published, ${trouble}`, tasks);
    switch (trouble) {
      case 'refuse':
        throw new PlannedFault('publish: refused');
      case 'lose':
        return broker().publish(tasks.filter(() => chance.chance(0.5)));
      case 'delay':
        return publishLater(tasks, chance);
      case 'double':
        publishLater(tasks, chance);
        return broker().publish(tasks);
      case 'reorder':
        for (const task of chance.shuffled(tasks)) await broker().publish([task]);
        return;
      case 'lose_answer':
        await broker().publish(tasks);
        throw new PlannedFault('publish: the answer was lost');
      case 'slow':
      case null:
        return broker().publish(tasks);
    }
  }

  function take(limit: number, signal: AbortSignal): Promise<readonly DeliverTask[]> {
    if (signal.aborted || !life.alive) return signal.aborted ? Promise.resolve([]) : new Promise(() => {});
    return new Promise((resolve) => {
      const chance = world.chance(`take of ${life.name}`);
      // The broker learns of its consumer's end by the connection.
      const consumer = new AbortController();
      const end = () => consumer.abort();
      signal.addEventListener('abort', end, { once: true });
      const forget = life.atEnd(end);
      const arrive = async () => {
        const tasks = await broker().take(limit, consumer.signal);
        world.happened(life, 'take', 'done');
        timeline.after(latency(chance), life, () => {
          signal.removeEventListener('abort', end);
          forget();
          if (tasks.length > 0) told('took', tasks);
          world.happened(life, 'take', 'answered');
          if (life.alive) resolve(chance.chance(0.2) ? chance.shuffled(tasks) : tasks);
        });
      };
      timeline.after(latency(chance), null, () => void arrive());
      world.happened(life, 'take', 'asked');
    });
  }

  const fate = (op: string, tasks: readonly DeliverTask[]) => {
    const chance = world.chance(`${op} ${world.ledger.named(tasks)}`);
    return { chance, slow: weather.queue(elapsed(world), chance) === 'slow' ? SLOW : 0 };
  };
  return {
    carries: true,
    publish(tasks) {
      const fated = fate('publish', tasks);
      return ask(world, life, 'publish', fated, () => put(tasks, fated.chance));
    },
    take,
    ack(tasks) {
      const fated = fate('ack', tasks);
      return ask(world, life, 'ack', fated, async () => {
        const trouble = weather.queue(elapsed(world), fated.chance);
        if (trouble === 'refuse' || trouble === 'lose') throw new PlannedFault('ack: it is away');
        await broker().ack(tasks);
      });
    },
    probe: () => ask(world, life, 'find', { chance: world.chance(`probe of ${life.name}`) }, () => broker().probe()),
    close: () => Promise.resolve(),
  };
}
