import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server that writes bytes as they are, and keeps to no protocol unless its script does. */
export interface RawServer extends AsyncDisposable {
  readonly port: number;
  /** Connections that were ever made. */
  readonly connections: number;
  /** Those that are open now. */
  readonly open: number;
  /** Everything that came in, over all connections; at most its first 64 KiB. */
  readonly received: string;
  close(): Promise<void>;
}

const KEPT = 65_536;

/** `script` is called for every connection; what it sets going ends with the connection. */
export async function rawServer(script: (socket: Socket, connection: number) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let received = '';
  const server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that goes away is part of the game.
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (received.length < KEPT) received += bytes.toString('latin1');
    });
    script(socket, connections);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return {
    // Listening on a port, its address is that of one.
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    get received() {
      return received;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Calls `then` when a whole HTTP request has come, again for each. */
export function onRequest(socket: Socket, then: (count: number) => void): void {
  let read = '';
  let count = 0;
  socket.on('data', (bytes) => {
    read += bytes.toString('latin1');
    for (;;) {
      const head = read.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/^content-length: *([0-9]+)/im.exec(read.slice(0, head))?.[1] ?? 0);
      if (read.length < head + 4 + length) return;
      read = read.slice(head + 4 + length);
      then(++count);
    }
  });
}

/** Writes the same again and again, as fast as it is taken, for as long as the connection stands. */
export function flood(socket: Socket, bytes: string | Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  more();
}

/** Writes a byte of it every so many ms, from the start again when it is through. */
export function drip(socket: Socket, text: string, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(text.charAt(at++ % text.length));
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}
