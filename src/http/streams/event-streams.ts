import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { lineOf } from '../answer-errors.ts';
import type { HttpDeps, HttpLimits } from '../deps.ts';
import { refusalOf } from '../refusals.ts';

/** One event as it goes over the wire. `id` is where its client can go on. */
export interface StreamEvent {
  readonly name: string;
  readonly id: string;
  readonly data: object;
}

/** What a stream is fed from: a log, and somebody who rings. */
export interface StreamSource {
  /** What comes next; null: nothing for now. An empty array is not the end: there may be more after what was left out. */
  readonly next: () => Promise<readonly StreamEvent[] | null>;
  /** Calls `wake` when there may be more; the answer ends that. */
  readonly watch: (wake: () => void) => () => void;
}

export interface EventStreams {
  /**
   * Answers a request with a stream of Server-Sent Events, until its client has gone, does not read, or the server
   * closes, or until a time at which its right to it ends. Throws what the first look at the source throws, before
   * anything is answered.
   */
  open(
    request: FastifyRequest,
    reply: FastifyReply,
    source: StreamSource,
    until?: number | null,
  ): Promise<FastifyReply>;
}

/** After how long a client that was cut off comes again, in ms. */
const RETRY = 2_000;

interface OpenStream {
  readonly response: ServerResponse;
  /** Until when its client may see this, in ms since the epoch. */
  readonly until: number;
  /** Since the last heartbeat its client has not taken all of what had been written before. */
  stuck: boolean;
}

/**
 * The streams of a server. Nothing is gathered for a client who reads slowly: the source is asked again when what came
 * before is on its way. Who takes nothing from one heartbeat to the next is cut off, and goes on from where they were.
 */
export function eventStreams(
  app: FastifyInstance,
  { random, log, clock, heartbeatMs }: Pick<HttpDeps, 'random' | 'log' | 'clock'> & Pick<HttpLimits, 'heartbeatMs'>,
): EventStreams {
  const streams = new Set<OpenStream>();
  const heart = setInterval(() => {
    const now = clock.now();
    for (const stream of streams) beat(stream, now);
  }, heartbeatMs);
  heart.unref();
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    for (const { response } of streams) response.end();
    done();
  });
  app.addHook('onClose', async () => clearInterval(heart));

  return {
    async open(request, reply, source, until = null) {
      const { raw: response } = reply;
      const bell = newBell();
      const unwatch = source.watch(bell.ring);
      let first: readonly StreamEvent[] | null;
      try {
        first = await source.next();
      } catch (error) {
        unwatch();
        throw error;
      }
      const stream = { response, until: until ?? Infinity, stuck: false };
      streams.add(stream);
      response.on('error', () => undefined);
      response.on('drain', () => {
        stream.stuck = false;
        bell.ring();
      });
      response.on('close', bell.ring);
      log(lineOf(request, reply));
      begin(reply);
      if (closing) response.end();
      feed(response, source, bell, first)
        .catch((error) => {
          // Its client comes again, and is answered then why it cannot be read.
          if (refusalOf(error, random).unexpected) log({ ...lineOf(request, reply), error });
          response.end();
        })
        .finally(() => {
          // Here and not at the close of the connection, which a client who went away early has already seen.
          streams.delete(stream);
          unwatch();
        });
      return reply;
    },
  };
}

/** Rings that nobody waits for are remembered, as one. */
interface Bell {
  readonly ring: () => void;
  readonly wait: () => Promise<void>;
}

function newBell(): Bell {
  let rung = false;
  let wake = () => {};
  return {
    ring() {
      rung = true;
      wake();
    },
    async wait() {
      if (!rung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      rung = false;
    },
  };
}

/** Until nobody reads any more. A connection that was lost before there was a stream ends it here too. */
async function feed(
  response: ServerResponse,
  source: StreamSource,
  bell: Bell,
  first: readonly StreamEvent[] | null,
): Promise<void> {
  const isOver = () => response.destroyed || response.writableEnded;
  for (let events = first; !isOver(); events = await source.next()) {
    if (events !== null && events.length > 0) response.write(events.map(textOf).join(''));
    if (events === null) await bell.wait();
    while (response.writableNeedDrain && !isOver()) await bell.wait();
  }
}

function begin(reply: FastifyReply): void {
  reply.hijack();
  // Proxies that gather an answer before they pass it on are told not to.
  reply.headers({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200);
  reply.raw.write(`retry: ${RETRY}\n\n`);
}

function beat(stream: OpenStream, now: number): void {
  const { response } = stream;
  if (response.writableEnded) return;
  if (stream.until <= now) response.end();
  else if (!response.writableNeedDrain) response.write(':\n\n');
  else if (stream.stuck) response.destroy();
  else stream.stuck = true;
}

function textOf({ name, id, data }: StreamEvent): string {
  // JSON has no line breaks of its own.
  return `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}
