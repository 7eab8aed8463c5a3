import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as it came over the wire. */
export interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How to answer: at once, or by hand, which may be never. */
export type HttpReply =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string | object }
  | ((response: http.ServerResponse, request: ReceivedRequest) => void);

/** A real HTTP server on a port of its own that records what it is sent. */
export interface HttpReceiver extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** How many connections were ever made. */
  readonly connections: number;
  /** Queues answers for a path (without query); when they are used up, `always` or else 200 `{}` holds. */
  answer(path: string, ...replies: HttpReply[]): void;
  always(path: string, reply: HttpReply): void;
  /** For all other paths, instead of 200 `{}`. */
  otherwise(reply: HttpReply): void;
  /** Once that many requests have come in all. */
  received(count: number): Promise<readonly ReceivedRequest[]>;
  close(): Promise<void>;
}

export async function httpReceiver(
  tls: { readonly key: string; readonly cert: string } | null = null,
): Promise<HttpReceiver> {
  const requests: ReceivedRequest[] = [];
  const queued = new Map<string, HttpReply[]>();
  const standing = new Map<string, HttpReply>();
  let fallback: HttpReply = { body: {} };
  let connections = 0;
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A client that goes away in the middle is part of the game.
    request.on('error', () => {});
    request.on('end', () => {
      const received = requestOf(request, Buffer.concat(chunks).toString('utf8'));
      requests.push(received);
      const path = received.path.split('?')[0] ?? '';
      reply(queued.get(path)?.shift() ?? standing.get(path) ?? fallback, response, received);
      waiting = waiting.filter(({ count, resolve }) => {
        if (requests.length >= count) resolve();
        return requests.length < count;
      });
    });
  };
  const server = tls === null ? http.createServer(onRequest) : https.createServer(tls, onRequest);
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on a port, its address is that of one.
  const { port } = server.address() as AddressInfo;

  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections;
    },
    answer(path, ...replies) {
      queued.set(path, [...(queued.get(path) ?? []), ...replies]);
    },
    always(path, reply) {
      standing.set(path, reply);
    },
    otherwise(reply) {
      fallback = reply;
    },
    async received(count) {
      if (requests.length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      return requests;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function requestOf(request: http.IncomingMessage, body: string): ReceivedRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = [value ?? ''].flat().join(', ');
  return { method: request.method ?? '', path: request.url ?? '', headers, body };
}

function reply(how: HttpReply, response: http.ServerResponse, request: ReceivedRequest): void {
  if (typeof how === 'function') {
    how(response, request);
    return;
  }
  const { status = 200, headers = {}, body = '' } = how;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? {} : { 'content-type': 'application/json' };
  response.writeHead(status, { ...type, ...headers }).end(text);
}
