import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case; the values of a repeated one are joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** From the last byte of the request to the last of the answer. */
  readonly ms: number;
}

/** How long an answer may take before the exchange fails, in ms: longer than the server's own limits. */
const PATIENCE = 15_000;

/**
 * One connection to the server, over which bytes go as they are: HTTP clients would mend or refuse what a bad client
 * sends. One exchange at a time; a connection that was closed is opened again.
 */
export class Wire {
  readonly #port: number;
  #socket: Socket | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  async exchange(bytes: Buffer, options: { readonly head?: boolean } = {}): Promise<WireAnswer> {
    const socket = this.#socket ?? connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    const started = performance.now();
    try {
      const { status, headers, body } = await answerOn(socket, bytes, options.head ?? false);
      if (headers.get('connection') === 'close' || socket.destroyed) this.close();
      return { status, headers, body, ms: performance.now() - started };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }
}

type Parsed = Omit<WireAnswer, 'ms'>;

function answerOn(socket: Socket, bytes: Buffer, head: boolean): Promise<Parsed> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    let fault: Error | null = null;
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
      // What comes after the answer is nobody's business, but an error without a listener would end the process.
      socket.on('error', () => undefined);
      settle();
    };
    const timer = setTimeout(() => finish(() => reject(new Error('there was no answer in time'))), PATIENCE);
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const answer = parse(received, head, false);
      if (answer !== null) finish(() => resolve(answer));
    });
    socket.on('error', (error) => {
      fault = error;
    });
    socket.on('close', () => {
      const answer = parse(received, head, true);
      const words = `the connection was closed after ${received.length} bytes: ${received.toString('latin1').slice(0, 200)}`;
      finish(() => (answer === null ? reject(new Error(words, { cause: fault })) : resolve(answer)));
    });
    socket.write(bytes);
  });
}

/** Null while the answer is not whole. Answers before the last one, such as 100 Continue, are passed over. */
function parse(bytes: Buffer, head: boolean, closed: boolean): Parsed | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? Number.NaN);
  const rest = bytes.subarray(end + 4);
  if (status >= 100 && status < 200) return parse(rest, head, closed);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]*):[ \t]*(.*)$/.exec(line) ?? [];
    const before = headers.get(name.toLowerCase());
    headers.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
  }
  const body = head || status === 204 || status === 304 ? '' : bodyOf(rest, headers, closed);
  return body === null ? null : { status, headers, body };
}

function bodyOf(rest: Buffer, headers: ReadonlyMap<string, string>, closed: boolean): string | null {
  const length = headers.get('content-length');
  if (length !== undefined) return rest.length >= Number(length) ? rest.toString('utf8', 0, Number(length)) : null;
  if (headers.get('transfer-encoding') === 'chunked') return rest.includes('\r\n0\r\n\r\n') ? dechunked(rest) : null;
  return closed ? rest.toString('utf8') : null;
}

function dechunked(rest: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = rest.indexOf('\r\n', at);
    const length = Number.parseInt(rest.toString('latin1', at, end), 16);
    if (!(length > 0)) return Buffer.concat(parts).toString('utf8');
    parts.push(rest.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}
