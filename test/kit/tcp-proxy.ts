import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server of this machine, and does what networks do. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection; new ones work. */
  cut(): void;
  /** Nothing arrives any more, on old connections and new ones, and nobody is told. Until `release`. */
  hold(): void;
  /** The same for the connections there are now; new ones work. */
  holdOpen(): void;
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
  function cut(): void {
    for (const socket of sockets) socket.destroy();
  }
  function holdOpen(): void {
    for (const socket of sockets) socket.pause();
  }

  return {
    port,
    cut,
    hold() {
      held = true;
      holdOpen();
    },
    holdOpen,
    release() {
      held = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
