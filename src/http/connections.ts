import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { HttpLimits } from './deps.ts';
import type { Turns } from './turns.ts';

/** How often answers are looked for that nobody takes, in ms. */
const LOOK = 500;
/** Once a second at most, the idle ones are searched to make room. */
const MAKE_ROOM = 1_000;
/** File descriptors that are never given to clients: 32 of a process that idles, the rest for connections to vendors. */
const LEAST_RESERVE = 48;

/**
 * What clients may do with connections, so that those who are slow, many or never read cost a bounded amount of
 * memory and time. What Node itself sees to (how long headers and a request may take) stands in server.ts.
 */
export function guardConnections(app: FastifyInstance, limits: HttpLimits, turns: Pick<Turns, 'isAnyResting'>): void {
  limitConnections(app, limits, turns);
  const clients = knownClients(app);
  answerInTurn(app, limits, clients);
  dropUntakenAnswers(app, limits, clients);
  endInTime(app, limits);
}

/** What is kept of a connection. */
interface Client {
  /** Its requests without an answer, in their order; the first is being carried out. */
  readonly line: { readonly begin: () => void; readonly answer: ServerResponse }[];
  /** When the first of them was begun, on the clock of `performance`. */
  since: number;
}

/** Those who are connected. Requests that come without a connection, as in tests, have nobody here. */
type Clients = ReadonlyMap<Socket, Client>;

function knownClients(app: FastifyInstance): Clients {
  const clients = new Map<Socket, Client>();
  app.server.on('connection', (socket: Socket) => {
    clients.set(socket, { line: [], since: 0 });
    socket.once('close', () => clients.delete(socket));
  });
  return clients;
}

/** Past the limit a new connection is closed at once; idle ones are closed with it, so that the next finds room. */
function limitConnections(app: FastifyInstance, limits: HttpLimits, turns: Pick<Turns, 'isAnyResting'>): void {
  let lookedAt = Number.NEGATIVE_INFINITY;
  app.server.maxConnections = connectionRoom(limits.connections, openFiles());
  app.server.on('drop', () => {
    const now = performance.now();
    // Node takes one for idle that is only not read from.
    if (now - lookedAt < MAKE_ROOM || turns.isAnyResting) return;
    lookedAt = now;
    app.server.closeIdleConnections();
  });
}

/** Of the files that the process may open a quarter stays free for what is not a client. */
export function connectionRoom(wanted: number, openFiles: number): number {
  const free = Math.min(openFiles - LEAST_RESERVE, Math.floor((openFiles * 3) / 4));
  return Math.max(1, Math.min(wanted, free));
}

/** Infinity where the system has no such limit. */
function openFiles(): number {
  // Without this the report would look up the names of all peers. Its types do not know of it yet.
  Reflect.set(process.report, 'excludeNetwork', true);
  const report: { readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } } } =
    process.report.getReport();
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}

/**
 * One connection's requests are carried out one after the other, each when the answer before it has been taken.
 * Without that a single packet of small requests makes a thousand large answers that wait for a reader. Who sends
 * ahead more than that is served is hung up on.
 */
function answerInTurn(app: FastifyInstance, limits: HttpLimits, clients: Clients): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const client = clients.get(socket);
    if (client === undefined) return done();
    if (client.line.length >= limits.pipelined) {
      socket.destroy();
      return;
    }
    client.line.push({ begin: done, answer: reply.raw });
    reply.raw.on('close', () => {
      client.line.shift();
      // What was not begun when its client went away is not begun at all.
      if (!socket.destroyed) beginNext(client);
    });
    if (client.line.length === 1) beginNext(client);
  });
}

function beginNext(client: Client): void {
  const [next] = client.line;
  if (next === undefined) return;
  client.since = performance.now();
  next.begin();
}

/** An answer that stands ready has to be taken in time. One that is written bit by bit, as a stream of events, has all the time. */
function dropUntakenAnswers(app: FastifyInstance, limits: HttpLimits, clients: Clients): void {
  const timer = setInterval(() => {
    const limit = performance.now() - limits.answerMs;
    for (const [socket, { line, since }] of clients) {
      if (since <= limit && line[0]?.answer.writableEnded === true) socket.destroy();
    }
  }, LOOK);
  timer.unref();
  app.addHook('onClose', async () => clearInterval(timer));
}

/**
 * A server that closes waits for its connections, and no longer looks after the slow ones: they get as long as a
 * request may take.
 */
function endInTime(app: FastifyInstance, limits: HttpLimits): void {
  let timer: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    timer = setTimeout(() => app.server.closeAllConnections(), limits.requestMs);
  });
  app.addHook('onClose', async () => clearTimeout(timer));
}
