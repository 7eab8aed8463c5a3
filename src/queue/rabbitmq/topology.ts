import { AMQPChannelError, type Channel, type Connection } from 'rabbitmq-client';
import type { Priority } from '../../domain/notification.ts';

/**
 * So long a deletion is left alone before the queue is made again, in ms: everybody who used it has then learned of
 * it. Channels that have not, mistake the new queue for the old one.
 */
export const DELETION = 250;

/** The names of what this service keeps on a broker. */
export interface Topology {
  readonly tasks: Readonly<Record<Priority, string>>;
  /** Takes what a task queue does not want any more: no task, or given back too often. */
  readonly deadLetterExchange: string;
  readonly rejected: string;
  /** The notices of what failed for good. */
  readonly deadLetters: string;
}

export function topology(name: string): Topology {
  return {
    tasks: { high: `${name}.high`, normal: name, low: `${name}.low` },
    deadLetterExchange: `${name}.rejected`,
    rejected: `${name}_rejected`,
    deadLetters: `${name}_dlq`,
  };
}

/**
 * How often a task may come back before it is put out of the way. Every worker that dies or stops with it counts;
 * servers before 4.0 have no limit of their own, later ones would drop it in silence.
 */
const DELIVERY_LIMIT = 20;
/** Past it a publish is refused. The store keeps what the broker does not take. */
const MOST_TASKS = 1_000_000;
/** What nobody takes away is kept so far; the oldest make room. */
const MOST_REJECTED = 10_000;
const MOST_DEAD_LETTERS = 100_000;

/**
 * Makes what is missing. What is there already stays as it is, even if it was made otherwise: by an older version, or
 * by an operator who knows why.
 */
export async function declareTopology(connection: Connection, names: Topology): Promise<void> {
  let channel = await openChannel(connection);
  try {
    for (const declare of declarations(names)) {
      try {
        await declare(channel);
      } catch (error) {
        // It is there and is different. The broker has closed the channel over it.
        if (!(error instanceof AMQPChannelError && error.code === 'PRECONDITION_FAILED')) throw error;
        channel = await openChannel(connection);
      }
    }
  } finally {
    await channel.close();
  }
}

function declarations({ tasks, deadLetterExchange, rejected, deadLetters }: Topology) {
  const exchange = { exchange: deadLetterExchange, type: 'fanout', durable: true };
  const taskLimits = {
    'x-delivery-limit': DELIVERY_LIMIT,
    'x-dead-letter-exchange': deadLetterExchange,
    'x-max-length': MOST_TASKS,
    'x-overflow': 'reject-publish',
  };
  return [
    (channel: Channel) => channel.exchangeDeclare(exchange),
    (channel: Channel) => channel.queueDeclare(quorumQueue(rejected, { 'x-max-length': MOST_REJECTED })),
    (channel: Channel) => channel.queueBind({ exchange: deadLetterExchange, queue: rejected }),
    (channel: Channel) => channel.queueDeclare(quorumQueue(deadLetters, { 'x-max-length': MOST_DEAD_LETTERS })),
    ...Object.values(tasks).map((queue) => (channel: Channel) => channel.queueDeclare(quorumQueue(queue, taskLimits))),
  ];
}

function quorumQueue(queue: string, limits: Readonly<Record<string, unknown>>) {
  return { queue, durable: true, arguments: { 'x-queue-type': 'quorum' as const, ...limits } };
}

/** A channel ends with its errors, and whoever waits for an answer over it gets them. */
export async function openChannel(connection: Connection): Promise<Channel> {
  const channel = await connection.acquire({ emitErrorsFromChannel: true });
  channel.on('error', () => {});
  return channel;
}
