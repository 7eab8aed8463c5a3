import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { seen } from '../kit/until.ts';
import { type FaultProxy, faultProxy } from './fault-proxy.ts';

/** A server that says everything back, and counts what it heard. */
async function echo(t: TestContext): Promise<{ readonly proxy: FaultProxy; readonly heard: () => string }> {
  let heard = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      heard += bytes.toString();
      socket.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = await faultProxy(port);
  atEnd(t, () => server.close());
  atEnd(t, () => proxy.close());
  return { proxy, heard: () => heard };
}

interface Client {
  readonly socket: Socket;
  /** What came back. */
  readonly got: () => string;
  /** How it ended; null: it has not. */
  readonly end: () => string | null;
}

function client(t: TestContext, port: number): Client {
  const socket = connect(port, '127.0.0.1');
  let got = '';
  let end: string | null = null;
  socket.on('data', (bytes) => {
    got += bytes.toString();
  });
  socket.on('error', (error) => {
    end = 'code' in error ? String(error.code) : error.message;
  });
  socket.on('close', () => {
    end ??= 'closed';
  });
  atEnd(t, () => socket.destroy());
  return { socket, got: () => got, end: () => end };
}

const answered = (one: Client, wanted: string) =>
  seen(
    () => one.got() === wanted || undefined,
    () => `came back: ${one.got()}`,
  );
const endOf = (one: Client) =>
  seen(
    () => one.end() ?? undefined,
    () => 'the connection stands',
  );

describe('a proxy that does what networks do', () => {
  test('passes everything on, and later when it is slow', async (t) => {
    const { proxy } = await echo(t);
    const one = client(t, proxy.port);
    one.socket.write('a');
    await answered(one, 'a');
    await proxy.become({ kind: 'slow', ms: 100 });
    const before = performance.now();
    one.socket.write('b');
    await answered(one, 'ab');
    assert.ok(performance.now() - before >= 200, 'it took no longer in both directions');
  });

  test('refuses, and is there again on the same port', async (t) => {
    const { proxy } = await echo(t);
    const old = client(t, proxy.port);
    await once(old.socket, 'connect');
    await proxy.become({ kind: 'refuse' });
    assert.equal(await endOf(old), 'ECONNRESET');
    assert.equal(await endOf(client(t, proxy.port)), 'ECONNREFUSED');
    await proxy.become({ kind: 'pass' });
    const one = client(t, proxy.port);
    one.socket.write('a');
    await answered(one, 'a');
  });

  test('falls silent in both directions, or only towards the client, and hands on later', async (t) => {
    const { proxy, heard } = await echo(t);
    const one = client(t, proxy.port);
    one.socket.write('a');
    await answered(one, 'a');
    await proxy.become({ kind: 'half' });
    one.socket.write('b');
    await seen(
      () => heard() === 'ab' || undefined,
      () => 'nothing arrives',
    );
    await proxy.become({ kind: 'silence' });
    one.socket.write('c');
    const other = client(t, proxy.port);
    other.socket.write('d');
    await once(other.socket, 'connect');
    assert.deepEqual([heard(), one.got(), other.got()], ['ab', 'a', '']);
    await proxy.become({ kind: 'pass' });
    await answered(one, 'abc');
    await answered(other, 'd');
  });

  test('cuts a connection after so many bytes, and resets on demand', async (t) => {
    const { proxy } = await echo(t);
    await proxy.become({ kind: 'cut', bytes: 10 });
    const one = client(t, proxy.port);
    one.socket.write('12345');
    await answered(one, '12345');
    one.socket.write('67890');
    assert.equal(await endOf(one), 'ECONNRESET');
    await proxy.become({ kind: 'pass' });
    const other = client(t, proxy.port);
    other.socket.write('a');
    await answered(other, 'a');
    proxy.reset();
    assert.equal(await endOf(other), 'ECONNRESET');
  });
});
