import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What became of the requests of one run. Times are in ms. */
export interface Arrivals {
  readonly seconds: number;
  /** Those that were to be sent. */
  readonly asked: number;
  /** Those of them that never were, as all connections waited for an answer. */
  readonly unsent: number;
  /** How long each answer took that came before the end. */
  readonly accepted: readonly number[];
  readonly refused: readonly number[];
  /** Refusals without a `Retry-After` from 1 to 5. */
  readonly rude: number;
  /** Other answers, by status; 0: none came, not even after the end. */
  readonly others: ReadonlyMap<number, number>;
}

export interface ArrivalsOptions {
  readonly url: string;
  readonly body: string;
  readonly seconds: number;
  /** Requests a second, whatever becomes of those before; null: as often as the connections get their answers. */
  readonly rate: number | null;
  readonly connections: number;
  /** Called when all connections are open. */
  readonly onBegin: () => void;
}

/** So many are opened at a time: the system's line of those that wait to be accepted is short. */
const OPENED = 200;
const TICK = 2;
/** How long the last answers are waited for, in ms. */
const PATIENCE = 10_000;

/**
 * Asks, and measures. It works with plain sockets and one request at a time on each, so that a single process can ask
 * several times as fast as the service can answer.
 */
export async function arrivals(options: ArrivalsOptions): Promise<Arrivals> {
  const { url, body, seconds, rate } = options;
  const count = { asked: 0, unsent: 0, rude: 0, open: 0 };
  const accepted: number[] = [];
  const refused: number[] = [];
  const others = new Map<number, number>();
  const idle: Line[] = [];
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  let endsAt = Number.POSITIVE_INFINITY;

  const lines = await openLines(url, body, options.connections, (line, status, isPolite, took) => {
    count.open -= 1;
    const now = performance.now();
    if (status === 202 && now <= endsAt) accepted.push(took);
    if (status === 503 && now <= endsAt) refused.push(took);
    if (status === 503 && !isPolite) count.rude += 1;
    if (status !== 202 && status !== 503) others.set(status, (others.get(status) ?? 0) + 1);
    if (rate === null && now < endsAt && status !== 0) ask(line);
    else if (status !== 0) idle.push(line);
    if (count.open === 0 && now >= endsAt) end();
  });

  function ask(line: Line): void {
    count.asked += 1;
    count.open += 1;
    line.ask();
  }

  options.onBegin();
  const beginsAt = performance.now();
  endsAt = beginsAt + seconds * 1000;
  idle.push(...lines);
  const ticking = setInterval(() => {
    const now = Math.min(performance.now(), endsAt);
    for (let due = (rate ?? 0) * ((now - beginsAt) / 1000) - count.asked - count.unsent; due >= 1; due -= 1) {
      // In turn: one that nothing is asked on for long is closed by the service.
      const line = idle.shift();
      if (line === undefined) count.unsent += 1;
      else ask(line);
    }
    if (now === endsAt && (count.open === 0 || performance.now() > endsAt + PATIENCE)) end();
  }, TICK);
  if (rate === null) for (const line of idle.splice(0)) ask(line);
  await over;
  clearInterval(ticking);
  if (count.open > 0) others.set(0, (others.get(0) ?? 0) + count.open);
  for (const line of lines) line.close();
  return { seconds, ...count, asked: count.asked + count.unsent, accepted, refused, others };
}

interface Line {
  ask(): void;
  close(): void;
}

/** Status 0: the connection was lost. */
type OnAnswer = (line: Line, status: number, isPolite: boolean, took: number) => void;

async function openLines(url: string, body: string, count: number, onAnswer: OnAnswer): Promise<readonly Line[]> {
  const { hostname, port } = new URL(url);
  const head = `POST /api/v1/notifications HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json`;
  const request = Buffer.from(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  const shared = Buffer.alloc(65_536);
  const lines: Line[] = [];
  while (lines.length < count) {
    const some = Array.from({ length: Math.min(OPENED, count - lines.length) }, () =>
      openLine({ host: hostname, port: Number(port) }, request, shared, onAnswer),
    );
    lines.push(...(await Promise.all(some)));
  }
  return lines;
}

async function openLine(
  to: { readonly host: string; readonly port: number },
  request: Buffer,
  shared: Buffer,
  onAnswer: OnAnswer,
): Promise<Line> {
  let text = '';
  let askedAt: number | null = null;

  function read(length: number): boolean {
    text += shared.toString('latin1', 0, length);
    const head = text.indexOf('\r\n\r\n');
    const bytes = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
    if (head !== -1 && text.length >= head + 4 + bytes) {
      const status = Number(text.slice(9, 12));
      const isPolite = /\r\nretry-after: [1-5]\r\n/i.test(text);
      text = '';
      answered(status, isPolite);
    }
    return true;
  }

  function answered(status: number, isPolite: boolean): void {
    if (askedAt === null) return;
    const took = performance.now() - askedAt;
    askedAt = null;
    onAnswer(line, status, isPolite, took);
  }

  const socket: Socket = connect({ ...to, noDelay: true, onread: { buffer: shared, callback: read } });
  const line: Line = {
    ask() {
      askedAt = performance.now();
      socket.write(request);
    },
    close() {
      askedAt = null;
      socket.destroy();
    },
  };
  await once(socket, 'connect');
  socket.on('error', () => undefined).on('close', () => answered(0, false));
  return line;
}

/** The value that so many of a hundred do not exceed; NaN where there is none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}
