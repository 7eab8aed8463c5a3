import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Clock, Random } from '../domain/clock.ts';
import { PROBLEMS } from '../domain/problem.ts';
import { within } from '../domain/within.ts';
import { HEADERS } from './admission.ts';
import type { RequestLine } from './deps.ts';
import type { OverloadGate } from './overload.ts';
import { problemDocument } from './problem-reply.ts';
import { refusalLine } from './refusal-line.ts';
import { retrySeconds } from './refusals.ts';
import { requestIdOf } from './request-id.ts';
import type { Turns } from './turns.ts';

export interface FrontDoorOptions {
  readonly gate: OverloadGate;
  readonly turns: Turns;
  /** Paths that notifications are posted to. */
  readonly waysIn: ReadonlySet<string>;
  /** What a body counts whose length the request does not tell, and what it counts at most: a longer one is not read. */
  readonly mostBytes: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly newRequestId: () => string;
  readonly log: (line: RequestLine) => void;
}

/** How long a server that closes waits at most for the store, in ms: most requests are written within some. */
const LAST_WAIT = 5_000;

/**
 * Turns requests away while there is too much to do, before the framework, or anybody, has looked at them: of what a
 * process can do, as little as possible is to be spent on saying no. Whoever has to wait for a refusal is let in when
 * there is room again. Other requests than those on the ways in pass.
 */
export function guardFrontDoor(app: FastifyInstance, options: FrontDoorOptions): void {
  const { gate, turns, waysIn, mostBytes } = options;
  const refusals = refusalLine<Refused>({
    clock: options.clock,
    answer: (refused) => {
      gate.refuse();
      turnAway(refused, options);
    },
    take: ({ request, response }) => {
      if (gate.isShutFor(countedBytesOf(request, mostBytes))) return false;
      if (!request.socket.destroyed) app.routing(request, response);
      return true;
    },
    drop: ({ request }) => {
      gate.refuse();
      request.socket.destroy();
    },
  });
  gate.whenRoom((count) => refusals.letIn(count));
  // Nobody else listens for requests; whoever does would see those that are turned away, too.
  app.server.removeAllListeners('request');
  app.server.on('request', (request, response) => {
    // One packet can hold a thousand requests; those behind the one that ended the connection are nobody's.
    if (request.socket.destroyed) return;
    const path = pathOf(request.url ?? '');
    if (request.method !== 'POST' || !waysIn.has(path)) return app.routing(request, response);
    turns.asked();
    response.once('close', () => turns.answered(request.socket));
    if (gate.isShutFor(countedBytesOf(request, mostBytes))) {
      return refusals.add(request.socket, { request, response, path });
    }
    app.routing(request, response);
  });
  app.addHook('onListen', (done) => {
    gate.start();
    done();
  });
  app.addHook('preClose', (done) => {
    refusals.end();
    turns.end();
    done();
  });
  app.addHook('onClose', async () => {
    gate.stop();
    // The server has waited for connections. Those that are gone may have left something that is still being written.
    await within(options.clock, LAST_WAIT, gate.idle(), () => new Error('the store does not answer')).catch(
      () => undefined,
    );
  });
}

/**
 * Smaller bodies are not counted: there are no more of them than connections. And so a few clients that announce large
 * ones and let them drip keep only others with large ones out.
 */
const SMALL = 4_096;

/**
 * For the ways in alone: counts the body of each request until it is answered, or its client gone. Of those that one
 * connection has sent ahead only the one whose turn it is: the others are still to be read.
 */
export function countBodies(app: FastifyInstance, { gate, mostBytes }: FrontDoorOptions): void {
  app.addHook('onRequest', ({ raw }, reply, done) => {
    const bytes = countedBytesOf(raw, mostBytes);
    if (bytes > 0) reply.raw.once('close', gate.enter(bytes));
    done();
  });
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

function countedBytesOf({ headers }: IncomingMessage, mostBytes: number): number {
  // Digits, as the parser has seen to that.
  const bytes = Number(headers['content-length'] ?? 0);
  if (bytes > SMALL) return Math.min(bytes, mostBytes);
  return headers['transfer-encoding'] === undefined ? 0 : mostBytes;
}

interface Refused {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

const OVERLOADED = problemDocument('overloaded');
const { status } = PROBLEMS.overloaded;
const SAME_HEADERS = Object.entries({ ...HEADERS, 'content-type': 'application/problem+json' }).flat();

function turnAway({ request, response, path }: Refused, { random, newRequestId, log }: FrontDoorOptions): void {
  const requestId = requestIdOf(request.headers, newRequestId);
  // A text goes out in one piece with the headers.
  const error = path.startsWith('/api/') ? {} : { error: OVERLOADED.detail };
  const body = JSON.stringify({ ...error, ...OVERLOADED, request_id: requestId });
  const length = String(Buffer.byteLength(body));
  const own = ['x-request-id', requestId, 'retry-after', retrySeconds(random), 'content-length', length];
  response.writeHead(status, [...SAME_HEADERS, ...own]);
  response.end(body);
  log({ method: 'POST', route: path, status, durationMs: 0, requestId });
}
