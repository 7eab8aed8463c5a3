import type { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { drip, flood, onRequest } from './raw-server.ts';

/** A server that does a client no good: what it does, and what has to come of one call to it. */
export interface HttpAttack {
  readonly name: string;
  readonly script: (socket: Socket) => void;
  /** `outcome` or `outcome code`, any of these. */
  readonly expected: readonly string[];
  /** The URL is https, and what answers is not. */
  readonly secure?: true;
}

const LOST = 'unknown connection_lost';
const NONSENSE = 'unknown invalid_response';
const LATE = 'unknown timeout';
const MIB = 1024 * 1024;

const whenAsked = (answer: (socket: Socket) => void) => (socket: Socket) => onRequest(socket, () => answer(socket));
const says = (text: string | Buffer) => whenAsked((socket) => void socket.write(text));
const head = (status: string, ...headers: readonly string[]) =>
  ['HTTP/1.1 ', status, ...headers.map((one) => `\r\n${one}`), '\r\n\r\n'].join('');

/** 200 MiB, as fast as they are taken. */
const huge = (status: string) =>
  whenAsked((socket) => {
    socket.write(head(status, `Content-Length: ${200 * MIB}`));
    flood(socket, 'x'.repeat(65_536));
  });

/** 16 MiB of zeros, compressed; 64 times one after the other they are 1 GiB. */
const ZEROS = Buffer.alloc(16 * MIB);
const GZIPPED = gzipSync(ZEROS);
const bomb = (encoding: string, packed: Buffer) =>
  says(
    Buffer.concat([
      Buffer.from(head('200 OK', `Content-Encoding: ${encoding}`, `Content-Length: ${packed.length}`)),
      packed,
    ]),
  );

const thenReset = (begun: string) =>
  whenAsked((socket) => {
    if (begun === '') socket.resetAndDestroy();
    else socket.write(begun, () => setImmediate(() => socket.resetAndDestroy()));
  });

export const HTTP_ATTACKS: readonly HttpAttack[] = [
  { name: 'an answer of 200 MiB', script: huge('200 OK'), expected: ['accepted'] },
  { name: 'a refusal of 200 MiB', script: huge('500 Oops'), expected: ['deferred provider_error'] },
  {
    name: '1 GiB of zeros in 1 MiB of gzip',
    script: bomb('gzip', Buffer.concat(Array.from({ length: 64 }, () => GZIPPED))),
    expected: ['accepted'],
  },
  { name: 'zeros in deflate', script: bomb('deflate', deflateSync(ZEROS)), expected: ['accepted'] },
  { name: 'zeros in Brotli', script: bomb('br', brotliCompressSync(ZEROS)), expected: ['accepted'] },
  { name: '100 KB of headers', script: says(head('200 OK', `X-A: ${'a'.repeat(100_000)}`)), expected: [NONSENSE] },
  {
    name: 'headers without end',
    script: whenAsked((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      flood(socket, 'X-A: b\r\n'.repeat(1_000));
    }),
    expected: [NONSENSE],
  },
  {
    name: 'a status line without end',
    script: whenAsked((socket) => {
      socket.write('HTTP/1.1 200 ');
      flood(socket, 'O'.repeat(65_536));
    }),
    expected: [NONSENSE],
  },
  {
    name: 'interim answers without end',
    script: whenAsked((socket) => flood(socket, head('103 Early Hints', 'Link: </a>').repeat(100))),
    expected: [NONSENSE],
  },
  {
    name: 'interim answers, dripped',
    script: whenAsked((socket) => drip(socket, head('102 Processing'), 20)),
    expected: [LATE],
  },
  { name: '100 Continue that nobody asked for', script: says(head('100 Continue')), expected: [LOST, NONSENSE] },
  {
    name: 'a protocol that nobody asked for',
    script: says(head('101 Switching Protocols', 'Connection: upgrade', 'Upgrade: x')),
    expected: [LOST, NONSENSE],
  },
  {
    name: 'a head of a byte every 200 ms',
    script: whenAsked((socket) => drip(socket, head('200 OK', `X: ${'y'.repeat(999)}`), 200)),
    expected: [LATE],
  },
  {
    name: 'a body of a byte every 200 ms',
    script: whenAsked((socket) => {
      socket.write(head('200 OK', 'Content-Length: 1000'));
      drip(socket, 'x', 200);
    }),
    expected: ['accepted'],
  },
  {
    name: 'a refusal of a byte every 200 ms',
    script: whenAsked((socket) => {
      socket.write(head('503 Busy', 'Content-Length: 1000'));
      drip(socket, 'x', 200);
    }),
    expected: ['deferred provider_error'],
  },
  {
    name: 'pieces of a byte without end',
    script: whenAsked((socket) => {
      socket.write(head('200 OK', 'Transfer-Encoding: chunked'));
      flood(socket, '1\r\nx\r\n'.repeat(1_000));
    }),
    expected: ['accepted'],
  },
  {
    name: 'a chunk whose extension has no end',
    script: whenAsked((socket) => {
      socket.write(`${head('200 OK', 'Transfer-Encoding: chunked')}1;a=`);
      flood(socket, 'b'.repeat(65_536));
    }),
    expected: ['accepted'],
  },
  { name: 'no answer', script: () => undefined, expected: [LATE] },
  {
    name: 'no handshake',
    script: () => undefined,
    secure: true,
    expected: ['deferred connection_failed', 'deferred tls_failed'],
  },
  {
    name: 'a handshake of a byte every 200 ms',
    script: (socket) => drip(socket, '\u0016\u0003\u0003\u0000\u007a', 200),
    secure: true,
    expected: ['deferred connection_failed', 'deferred tls_failed'],
  },
  {
    name: 'a refusal before it has read',
    script: (socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write(head('413 Too Large', 'Content-Length: 0'));
      });
    },
    expected: ['rejected message_rejected'],
  },
  {
    name: 'a reset at once',
    script: (socket) => void socket.resetAndDestroy(),
    expected: [LOST, 'deferred connection_failed'],
  },
  { name: 'a reset after the request', script: thenReset(''), expected: [LOST] },
  { name: 'a reset in the head', script: thenReset('HTTP/1.1 200 OK\r\nX-A:'), expected: [LOST] },
  // A status that has come is an answer; a reset may overtake it.
  {
    name: 'a reset in the body',
    script: thenReset(`${head('200 OK', 'Content-Length: 9')}half`),
    expected: ['accepted', LOST],
  },
  {
    name: 'no content that has a body',
    script: says(`${head('204 No Content', 'Content-Length: 5')}hello`),
    expected: ['accepted'],
  },
  {
    name: 'more than it has announced',
    script: says(`${head('200 OK', 'Content-Length: 2')}{} and much more`),
    expected: ['accepted'],
  },
  {
    name: 'less than it has announced',
    script: whenAsked((socket) => void socket.end(`${head('200 OK', 'Content-Length: 99')}{}`)),
    expected: ['accepted'],
  },
  {
    name: 'two lengths',
    script: says(`${head('200 OK', 'Content-Length: 2', 'Content-Length: 3')}{}`),
    expected: [NONSENSE, 'accepted'],
  },
  {
    name: 'a page of HTML',
    script: says(`${head('200 OK', 'Content-Type: text/html', 'Content-Length: 13')}<html></html>`),
    expected: ['accepted'],
  },
  {
    name: 'another protocol',
    script: (socket) => void socket.write('220 mail.example.com ESMTP\r\n'),
    expected: [NONSENSE, LOST],
  },
];
