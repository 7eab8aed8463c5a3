import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { until } from '../kit/until.ts';

/** A client that writes bytes as they are, and reads them only if it is told to. */
export interface RawClient {
  readonly socket: Socket;
  /** What has come so far. */
  readonly answer: string;
  /** Once the server has hung up, in whatever way: after how many ms. */
  readonly closed: Promise<number>;
  readonly isClosed: boolean;
}

export function rawClient(
  t: TestContext,
  port: number,
  bytes = '',
  options: { readonly reads?: boolean } = {},
): RawClient {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  atEnd(t, () => socket.destroy());
  const started = performance.now();
  let answer = '';
  let isClosed = false;
  // A server that hangs up is what is waited for.
  socket.on('error', () => undefined);
  const closing = new Promise<number>((resolve) => {
    const ended = () => {
      isClosed = true;
      socket.destroy();
      resolve(performance.now() - started);
    };
    socket.once('end', ended);
    socket.once('close', ended);
  });
  if (options.reads === false) socket.pause();
  else {
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
  }
  if (bytes !== '') socket.write(bytes);
  return {
    socket,
    get answer() {
      return answer;
    },
    get isClosed() {
      return isClosed;
    },
    get closed() {
      return until(closing, () => `it is not hung up on, after ${answer.length} bytes: ${answer.slice(0, 200)}`);
    },
  };
}

export const HEAD = 'POST /api/v1/notifications HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

export function post(body: string): string {
  return `${HEAD}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
