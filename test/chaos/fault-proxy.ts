import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * - `pass`: as if it were not there.
 * - `refuse`: nobody listens; what stood is reset.
 * - `silence`: nothing arrives any more in either direction and nobody is told; what was sent arrives afterwards.
 * - `half`: requests arrive, answers do not.
 * - `slow`: every packet takes a while longer.
 * - `cut`: every connection is reset after so many bytes of answers, wherever in a message that is.
 */
export type ProxyMode =
  | { readonly kind: 'pass' | 'refuse' | 'silence' | 'half' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'cut'; readonly bytes: number };

/** Stands between one process and one server, and does what networks do. */
export interface FaultProxy {
  readonly port: number;
  become(mode: ProxyMode): Promise<void>;
  /** Resets what stands; new connections work. */
  reset(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  answered: number;
}

export async function faultProxy(target: number): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  let mode: ProxyMode = { kind: 'pass' };
  const listener = createServer((client) => {
    const pair: Pair = { client, server: connect(target, '127.0.0.1'), answered: 0 };
    pairs.add(pair);
    forward(pair, client, pair.server);
    forward(pair, pair.server, client);
    hold(pair);
  });

  function forward(pair: Pair, from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (from === pair.server) pair.answered += bytes.length;
      if (mode.kind === 'cut' && pair.answered >= mode.bytes) return end(pair);
      if (mode.kind === 'slow') setTimeout(() => to.write(bytes), mode.ms);
      else to.write(bytes);
    });
    from.on('end', () => to.end());
    from.on('error', () => {});
    from.on('close', () => {
      pairs.delete(pair);
      to.destroy();
    });
  }

  function hold({ client, server }: Pair): void {
    const { kind } = mode;
    for (const [socket, silent] of [
      [client, kind === 'silence'],
      [server, kind === 'silence' || kind === 'half'],
    ] as const) {
      if (silent) socket.pause();
      else socket.resume();
    }
  }

  function end(pair: Pair): void {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }

  function reset(): void {
    for (const pair of pairs) end(pair);
  }

  async function listen(port: number): Promise<number> {
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    // Listening on a port, its address is that of one.
    return (listener.address() as AddressInfo).port;
  }

  async function unlisten(): Promise<void> {
    const closed = once(listener, 'close');
    listener.close();
    reset();
    await closed;
  }

  const port = await listen(0);
  return {
    port,
    reset,
    async become(next) {
      const before = mode;
      mode = next;
      for (const pair of pairs) {
        pair.answered = 0;
        hold(pair);
      }
      if (next.kind === 'refuse' && listener.listening) await unlisten();
      if (before.kind === 'refuse' && next.kind !== 'refuse') await listen(port);
    },
    async close() {
      if (listener.listening) await unlisten();
    },
  };
}
