import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { httpClient } from '../../src/channels/http-client.ts';
import type { HttpAnswer } from '../../src/channels/provider.ts';
import { seen } from '../kit/until.ts';
import { onRequest, type RawServer, rawServer } from './raw-server.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';

async function posting(script: (socket: Socket, connection: number) => void) {
  const server = await rawServer(script);
  const http = httpClient({ guard: null, connections: 1, connectTimeout: 5_000 });
  return {
    server,
    async post(signal = AbortSignal.timeout(5_000)): Promise<string> {
      const url = `http://127.0.0.1:${server.port}/`;
      return shown(await http.post({ url, headers: {}, body: 'hello', signal, notAfter: null }));
    },
    async [Symbol.asyncDispose]() {
      await http.close();
      await server.close();
    },
  };
}

function shown(answer: HttpAnswer): string {
  return answer.kind === 'answered' ? `answered ${answer.status}` : `${answer.kind} ${answer.code}`;
}

function requestsTo({ received }: RawServer): number {
  return received.split('POST / ').length - 1;
}

describe('a kept connection', () => {
  test('that the server closes between two requests is replaced; each request is sent once', async () => {
    await using vendor = await posting((socket) => onRequest(socket, () => socket.end(OK)));
    for (let sent = 1; sent <= 5; sent++) {
      assert.equal(await vendor.post(), 'answered 200');
      await seen(
        () => vendor.server.open === 0 || undefined,
        () => 'it is not closed',
      );
    }
    assert.deepEqual([vendor.server.connections, requestsTo(vendor.server)], [5, 5]);
  });

  test('that is closed or reset once the next request is there has perhaps sent it; it is not sent again', async () => {
    for (const breaks of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
      await using vendor = await posting((socket) =>
        onRequest(socket, (count) => (count === 1 ? socket.write(OK) : breaks(socket))),
      );
      assert.equal(await vendor.post(), 'answered 200');
      assert.equal(await vendor.post(), 'no_answer connection_lost');
      assert.deepEqual([vendor.server.connections, requestsTo(vendor.server)], [1, 2]);
      assert.equal(await vendor.post(), 'answered 200');
    }
  });

  test('over which a second answer comes unasked does not lend it to the next request', async () => {
    await using vendor = await posting((socket, connection) =>
      onRequest(socket, () => socket.write(connection === 1 ? OK + OK.replace('200 OK', '299 Forged') : OK)),
    );
    const answers = await Promise.all([vendor.post(), vendor.post(), vendor.post()]);
    assert.equal(answers[0], 'answered 200');
    // Nobody knows what became of the one under whose feet the connection went.
    for (const answer of answers.slice(1)) assert.match(answer, /^(?:answered 200|no_answer connection_lost)$/);
    assert.equal(requestsTo(vendor.server), 3);
  });

  test('whose answer was not read to its end is not used again', async () => {
    await using vendor = await posting((socket, connection) =>
      onRequest(socket, () => {
        socket.write(connection === 1 ? 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}' : OK);
      }),
    );
    const control = new AbortController();
    const first = vendor.post(control.signal);
    await seen(
      () => requestsTo(vendor.server) === 1 || undefined,
      () => 'it did not come',
    );
    setTimeout(() => control.abort(), 100);
    assert.match(await first, /^(?:answered 200|no_answer timeout)$/);
    assert.equal(await vendor.post(), 'answered 200');
    assert.equal(vendor.server.connections, 2);
  });
});
