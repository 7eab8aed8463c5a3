import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import tls from 'node:tls';
import { selfSignedCertificate } from '../../test/kit/certificate.ts';
import { httpReceiver } from '../../test/kit/http-receiver.ts';
import { type AddressGuard, publicAddresses } from './address-guard.ts';
import { CONNECT_TIMEOUT, httpClient } from './http-client.ts';
import type { HttpAnswer } from './provider.ts';

const trusted = selfSignedCertificate('localhost', '127.0.0.1');
const before = tls.getCACertificates();
tls.setDefaultCACertificates([trusted.cert]);
after(() => tls.setDefaultCACertificates(before));

function client(guard: AddressGuard | null = null, connections = 64, connectTimeout = CONNECT_TIMEOUT) {
  const http = httpClient({ guard, connections, connectTimeout });
  return {
    post: (url: string, signal = AbortSignal.timeout(8000), headers: Record<string, string> = {}) =>
      http.post({ url, headers, body: 'hello', signal, notAfter: null }),
    postBefore: (url: string, notAfter: number) =>
      http.post({ url, headers: {}, body: 'hello', signal: AbortSignal.timeout(8000), notAfter }),
    allowsUrl: (url: string) => http.allowsUrl(url),
    [Symbol.asyncDispose]: () => http.close(),
  };
}

function shown(answer: HttpAnswer): string {
  return answer.kind === 'answered' ? `answered ${answer.status}` : `${answer.kind} ${answer.code}`;
}

/** Writes bytes as they are, once the request is there. */
async function rawServer(answer: (socket: net.Socket) => void) {
  const sockets = new Set<net.Socket>();
  let bytes = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // Listening on a port, its address is that of one.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    server,
    sockets,
    get bytes() {
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('an answer', () => {
  it('has its status, headers and body; the request has what was given and asks for no compression', async () => {
    await using server = await httpReceiver();
    await using http = client();
    server.answer('/a', { status: 418, headers: { 'X-Kettle': 'yes', 'set-cookie': 'a=b' }, body: 'short' });
    const answer = await http.post(`${server.url}/a?b=c`, undefined, { 'x-mine': '1' });
    assert.ok(answer.kind === 'answered');
    assert.deepEqual([answer.status, answer.headers['x-kettle'], answer.body], [418, 'yes', 'short']);
    const [request] = server.requests;
    assert.deepEqual([request?.method, request?.path, request?.body], ['POST', '/a?b=c', 'hello']);
    assert.equal(request?.headers['x-mine'], '1');
    assert.equal(request?.headers['accept-encoding'], undefined);
    assert.equal(request?.headers['user-agent'], 'Tidings');
  });

  it('that redirects is answered as it is', async () => {
    await using server = await httpReceiver();
    await using http = client();
    server.answer('/a', { status: 302, headers: { location: '/b' } });
    assert.equal(shown(await http.post(`${server.url}/a`)), 'answered 302');
    assert.equal(server.requests.length, 1);
  });

  it('longer than 64 KiB is cut there and not read on', async () => {
    await using server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n');
      const more = () => {
        while (!socket.destroyed && socket.write('x'.repeat(16_384)));
      };
      socket.on('drain', more);
      more();
    });
    await using http = client();
    const answer = await http.post(server.url);
    assert.ok(answer.kind === 'answered');
    assert.equal(answer.body.length, 64 * 1024);
    const [socket] = server.sockets;
    if (socket?.destroyed === false) await new Promise((resolve) => socket.once('close', resolve));
  });

  it('comes over a kept connection', async () => {
    await using server = await httpReceiver();
    await using http = client();
    for (let sent = 0; sent < 8; sent++) await http.post(`${server.url}/`);
    // The second may be asked for before the first was put back.
    assert.ok(server.connections <= 2, `${server.connections} connections`);
  });

  it('comes over TLS from a trusted server', async () => {
    await using server = await httpReceiver(trusted);
    await using http = client();
    assert.equal(shown(await http.post(`${server.url}/`)), 'answered 200');
    assert.equal(shown(await http.post(`${server.url.replace('127.0.0.1', 'localhost')}/`)), 'answered 200');
  });
});

describe('nothing was sent', () => {
  it('where nobody listens, or the name does not exist', async () => {
    const server = await httpReceiver();
    await server.close();
    await using http = client();
    const answer = await http.post(`${server.url}/secret-path`);
    assert.equal(shown(answer), 'not_sent connection_failed');
    assert.doesNotMatch(JSON.stringify(answer), /secret-path/);
    assert.equal(shown(await http.post('http://nowhere.invalid/')), 'not_sent connection_failed');
  });

  it('where the certificate is not trusted, is for another name, or there is no TLS', async () => {
    await using untrusted = await httpReceiver(selfSignedCertificate('localhost', '127.0.0.1'));
    await using plain = await httpReceiver();
    await using http = client();
    assert.equal(shown(await http.post(`${untrusted.url}/`)), 'not_sent tls_failed');
    assert.equal(shown(await http.post(plain.url.replace('http:', 'https:'))), 'not_sent tls_failed');
    assert.equal(untrusted.requests.length + plain.requests.length, 0);
  });

  it('where the time is over before a connection stands', async () => {
    // A server that accepts and never shakes hands holds the connection in TLS.
    await using silent = await rawServer(() => {});
    await using http = client();
    const control = new AbortController();
    const posting = http.post(silent.url.replace('http:', 'https:'), control.signal);
    await once(silent.server, 'connection');
    control.abort();
    assert.equal(shown(await posting), 'not_sent connection_failed');
    assert.equal(shown(await http.post(silent.url, AbortSignal.abort())), 'not_sent connection_failed');
    for (const socket of silent.sockets) socket.destroy();
  });

  for (const timeout of [CONNECT_TIMEOUT, 800]) {
    it(`where the connection takes longer than its ${timeout} ms to stand`, async (test) => {
      await using silent = await rawServer(() => {});
      await using http = client(null, 1, timeout);
      test.mock.timers.enable({ apis: ['setTimeout'] });
      const posting = http.post(silent.url.replace('http:', 'https:'));
      while (silent.bytes === 0) await new Promise((resolve) => setImmediate(resolve));
      test.mock.timers.tick(timeout);
      assert.equal(shown(await posting), 'not_sent tls_failed');
    });
  }

  it('where the time is over while waiting for a free connection', async () => {
    await using server = await rawServer(() => {});
    await using http = client(null, 1);
    const [first, second] = [new AbortController(), new AbortController()];
    const holding = http.post(server.url, first.signal);
    while (server.bytes === 0) await new Promise((resolve) => setImmediate(resolve));
    const waiting = http.post(server.url, second.signal);
    second.abort();
    assert.equal(shown(await waiting), 'not_sent connection_failed');
    const written = server.bytes;
    first.abort();
    assert.equal(shown(await holding), 'no_answer timeout');
    assert.equal(server.bytes, written);
  });

  it('where its URL alone says so, which can be asked without a request', async () => {
    await using guarded = client(publicAddresses());
    await using open = client();
    const inside = ['http://127.0.0.1/', 'http://[::1]:8080/x', 'https://localhost/', 'http://169.254.169.254/a?b'];
    const outside = ['https://hooks.example.com/x', 'http://example.com:8080/', 'http://[2606:4700::1111]/'];
    assert.deepEqual(
      [...inside, ...outside].filter((url) => guarded.allowsUrl(url)),
      outside,
    );
    assert.ok(inside.every((url) => open.allowsUrl(url)));
  });

  it('where the guard refuses: by literal, by name, by what was reached; not one byte', async () => {
    await using server = await rawServer(() => {});
    const port = new URL(server.url).port;
    let reached = 0;
    server.server.on('connection', () => {
      reached += 1;
    });
    await using literal = client(publicAddresses());
    const refused = await literal.post(server.url);
    assert.equal(shown(refused), 'not_sent url_not_allowed');

    const local = (_: string, __: object, done: (error: null, found: { address: string; family: number }[]) => void) =>
      done(null, [{ address: '127.0.0.1', family: 4 }]);
    await using named = client(publicAddresses(local));
    assert.deepEqual(await named.post(`http://rebinding.example.com:${port}/`), refused);
    assert.equal(reached, 0);

    // A guard whose lookup lets everything pass shows that the socket is looked at as well.
    await using sneaky = client({ ...publicAddresses(), allowsHost: () => true });
    for (const scheme of ['http', 'https']) {
      assert.deepEqual(await sneaky.post(`${scheme}://127.0.0.1:${port}/`), refused);
    }
    assert.equal(server.bytes, 0);
  });
});

describe('nobody knows', () => {
  const faults: readonly (readonly [string, (socket: net.Socket) => void, string])[] = [
    ['a reset before the answer', (socket) => socket.resetAndDestroy(), 'no_answer connection_lost'],
    ['a close before the answer', (socket) => socket.end(), 'no_answer connection_lost'],
    ['half a head', (socket) => socket.end('HTTP/1.1 200 O'), 'no_answer connection_lost'],
    [
      'half a body, but that its status came',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'),
      'answered 200',
    ],
    ['no HTTP', (socket) => socket.end('220 mail.example.com ESMTP\r\n'), 'no_answer invalid_response'],
    ['a bad header', (socket) => socket.end('HTTP/1.1 200 OK\r\nbad header\r\n\r\n'), 'no_answer invalid_response'],
    [
      '100 KB of headers',
      (socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`),
      'no_answer invalid_response',
    ],
  ];
  for (const [name, answer, expected] of faults) {
    it(`after ${name}: ${expected}`, async () => {
      await using server = await rawServer(answer);
      await using http = client();
      assert.equal(shown(await http.post(server.url)), expected);
    });
  }

  it('where the time is over before the answer or in its head', async () => {
    for (const begun of ['', 'HTTP/1.1 200 OK\r\n']) {
      const control = new AbortController();
      await using server = await rawServer((socket) => {
        socket.write(begun, () => setImmediate(() => control.abort()));
      });
      await using http = client();
      assert.equal(shown(await http.post(server.url, control.signal)), 'no_answer timeout');
    }
  });

  it('nothing is written once the message has expired', async () => {
    await using server = await rawServer((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'));
    await using http = client();
    assert.equal(shown(await http.postBefore(server.url, Date.now() - 1)), 'not_sent connection_failed');
    assert.equal(server.bytes, 0);
    assert.equal(shown(await http.postBefore(server.url, Date.now() + 60_000)), 'answered 204');
  });

  it('interim answers are not the answer', async () => {
    await using server = await rawServer((socket) =>
      socket.end('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'),
    );
    await using http = client();
    assert.equal(shown(await http.post(server.url)), 'answered 204');
  });
});
