import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server of this machine, and does what networks do. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection, and resolves when all are; new ones work. What was sent before still arrives. */
  cut(): Promise<void>;
  /** Nothing arrives any more, on old connections and new ones, and nobody is told. Until `release`. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

export async function tcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let held = false;

  function join(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on('data', (bytes) => void to.write(bytes));
    from.on('end', () => to.end());
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (held) from.pause();
  }

  const server = createServer((client) => {
    const onward = connect(target, '127.0.0.1');
    join(client, onward);
    join(onward, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on a port, its address is that of one.
  const { port } = server.address() as AddressInfo;
  async function cut(): Promise<void> {
    // What was written to a socket of this machine can be read from the other end a turn later.
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    const ends = [...sockets].filter((socket) => !socket.closed);
    const closed = ends.map((socket) => once(socket, 'close'));
    for (const socket of ends) socket.end();
    await Promise.all(closed);
  }

  return {
    port,
    cut,
    hold() {
      held = true;
      for (const socket of sockets) socket.pause();
    },
    release() {
      held = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
