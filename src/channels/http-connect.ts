import net from 'node:net';
import tls from 'node:tls';
import type { AddressGuard } from './address-guard.ts';
import type { HttpAnswer } from './provider.ts';

/** Most that may come in reply to one request, in bytes, whatever it is: 1 MiB is far more than is ever read of it. */
const MAX_REPLY = 1_048_576;

type NotSent = Extract<HttpAnswer, { readonly kind: 'not_sent' }>['code'];

/** Why there is no connection. What it says of the cause is a code and the host, never a path: that may be a secret. */
export class ConnectFault extends Error {
  readonly code: NotSent;

  constructor(code: NotSent, detail: string) {
    super(detail);
    this.code = code;
  }
}

export interface ConnectTarget {
  /** A name or an address, without brackets. */
  readonly hostname: string;
  readonly protocol: string;
  /** Empty: the protocol's own. */
  readonly port: string;
}

/** Where the requests of a URL go. */
export function targetOf(url: string): ConnectTarget {
  const { hostname, protocol, port } = new URL(url);
  return { hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname, protocol, port };
}

export function portOf({ port, protocol }: Pick<ConnectTarget, 'port' | 'protocol'>): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

type Done = (...result: [null, net.Socket] | [ConnectFault, null]) => void;

/**
 * Makes one connection, TLS included, within `timeout` ms. The phase in which it fails tells the fault: before TCP stands
 * it is `connection_failed`, after that `tls_failed`; no request byte has left in either.
 */
export function connectTo(target: ConnectTarget, guard: AddressGuard | null, timeout: number, done: Done): void {
  const { hostname } = target;
  const secure = target.protocol === 'https:';
  const port = portOf(target);
  if (guard !== null && !guard.allowsHost(hostname, port)) {
    queueMicrotask(() => done(refused(), null));
    return;
  }

  let settled = false;
  let socket: net.Socket = net.connect({
    host: hostname,
    port,
    noDelay: true,
    keepAlive: true,
    ...(guard === null ? {} : { lookup: guard.lookup }),
  });
  let phase: 'connection_failed' | 'tls_failed' = 'connection_failed';

  const timer = setTimeout(() => fail(new ConnectFault(phase, `ETIMEDOUT at ${hostname}`)), timeout);
  const fail = (fault: ConnectFault) => {
    socket.destroy();
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    done(fault, null);
  };
  const failBy = (error: Error) => {
    const code = codeOf(error);
    fail(code === 'ADDRESS_REFUSED' ? refused() : new ConnectFault(phase, `${code} at ${hostname}`));
  };
  const succeed = () => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    limitReplies(socket);
    done(null, socket);
  };

  socket.on('error', failBy);
  socket.once('connect', () => {
    if (guard !== null && !guard.allowsAddress(socket.remoteAddress ?? '')) return fail(refused());
    if (!secure) return succeed();
    phase = 'tls_failed';
    const server = net.isIP(hostname) === 0 ? { servername: hostname } : {};
    socket = tls.connect({ socket, host: hostname, ALPNProtocols: ['http/1.1'], ...server });
    socket.on('error', failBy);
    socket.once('secureConnect', succeed);
  });
}

/** A reply may have parts without end that are no header and no body, which no parser counts. */
export class ReplyTooLong extends Error {}

function limitReplies(socket: net.Socket): void {
  let written = socket.bytesWritten;
  let readBefore = socket.bytesRead;
  socket.on('readable', () => {
    if (socket.bytesWritten !== written) {
      written = socket.bytesWritten;
      readBefore = socket.bytesRead;
    } else if (socket.bytesRead - readBefore > MAX_REPLY) socket.destroy(new ReplyTooLong());
  });
}

/** One sentence for all of them: what listens inside is nobody's business. */
function refused(): ConnectFault {
  return new ConnectFault('url_not_allowed', 'The URL points to an address that may not be called.');
}

/** The system's or library's code of an error; of several addresses tried, that of the first. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'ERROR';
}
