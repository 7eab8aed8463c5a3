import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Draws } from './draws.ts';

/**
 * - `ok`: takes the message, after a little while.
 * - `error`, `limited`: refuses it for now, with 500 or 503, or with 429 and `Retry-After`.
 * - `reset`, `hang`: takes it, and its answer never arrives.
 * - `drip`: takes it, and its answer comes one byte at a time.
 */
export type SinkMode = 'ok' | 'error' | 'limited' | 'reset' | 'hang' | 'drip';

/** One request that came in. */
export interface Hit {
  /** The key that the receiver is to tell repeats by: the same for every attempt of one delivery. */
  readonly deliveryId: string;
  readonly notificationId: string;
  /** The idempotency key that the client sent it with, which stands in the message. */
  readonly key: string;
  readonly at: number;
  /** The message is the receiver's now. */
  readonly taken: boolean;
  /** It was taken and the receiver kept the answer to itself. */
  readonly withheld: boolean;
}

/** What the webhooks go to: a real server that records everything. */
export interface Sink {
  readonly url: string;
  /** What is sent there is refused for good, whatever it has become. */
  readonly refusingUrl: string;
  readonly hits: readonly Hit[];
  /** How many requests wait for their answer. */
  readonly open: number;
  become(mode: SinkMode): void;
  /** From now on answers take longer, or no longer any more: so that every worker has its hands full. */
  linger(isLingering: boolean): void;
  close(): Promise<void>;
}

/** How long a vendor takes for an answer, in ms: so there is always something in hand where a process is killed. */
const FASTEST = 20;
const SLOWEST = 200;
const LINGERING = 1_500;
const RETRY_AFTER = 1;
const REFUSING = '/refuse';

type Manner = SinkMode | 'refusing';

export async function openSink(draws: Draws): Promise<Sink> {
  const hits: Hit[] = [];
  let mode: SinkMode = 'ok';
  let lingering = 0;
  let open = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A client that is killed in the middle is part of the game.
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const now = request.url === REFUSING ? 'refusing' : mode;
      hits.push(hitOf(request, Buffer.concat(chunks).toString('utf8'), now));
      open += 1;
      response.once('close', () => {
        open -= 1;
      });
      answer(response, now, draws.between(FASTEST, SLOWEST) + lingering, draws);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on a port, its address is that of one.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    refusingUrl: `http://127.0.0.1:${port}${REFUSING}`,
    hits,
    get open() {
      return open;
    },
    become(next) {
      mode = next;
    },
    linger(isLingering) {
      lingering = isLingering ? LINGERING : 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function hitOf(request: IncomingMessage, body: string, mode: Manner): Hit {
  const { data } = JSON.parse(body) as { readonly data: { readonly id: string; readonly message: string } };
  return {
    deliveryId: [request.headers['webhook-id'] ?? ''].flat().join(),
    notificationId: data.id,
    key: data.message,
    at: Date.now(),
    taken: mode !== 'error' && mode !== 'limited' && mode !== 'refusing',
    withheld: mode === 'reset' || mode === 'hang',
  };
}

function answer(response: ServerResponse, mode: Manner, after: number, draws: Draws): void {
  switch (mode) {
    case 'ok':
      setTimeout(() => response.end(), after);
      return;
    case 'refusing':
      response.writeHead(404).end();
      return;
    case 'error':
      response.writeHead(draws.pick([500, 503])).end();
      return;
    case 'limited':
      response.writeHead(429, { 'retry-after': String(RETRY_AFTER) }).end();
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      return;
    case 'drip':
      drip(response);
      return;
  }
}

function drip(response: ServerResponse): void {
  response.writeHead(200);
  const dripping = setInterval(() => response.write('.'), 200);
  response.on('close', () => clearInterval(dripping));
}
