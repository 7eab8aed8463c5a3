import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { connectionRoom } from '../../src/http/connections.ts';
import { HTTP_LIMITS, type HttpLimits } from '../../src/http/deps.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { atEnd } from '../kit/at-end.ts';
import { NOW, testServer } from '../kit/test-server.ts';
import { seen } from '../kit/until.ts';
import { get, HEAD, post, rawClient } from './raw-client.ts';
import { drip } from './raw-server.ts';

/** Small, so that the tests are quick; what is tested is that there is an end at all, and what is said then. */
const LIMITS: Partial<HttpLimits> = {
  headersMs: 300,
  requestMs: 700,
  idleMs: 300,
  answerMs: 800,
  pipelined: 20,
};
/** Limits are looked at twice a second, Node gives idle connections a second more, and the machine may be busy. */
const SOON = 5_000;
const BODY = '{"recipient":"user@example.com","message":"Hello"}';
/** Enough of them fill all buffers between a server and a client that does not read. */
const NOTES = '{"metadata":{"note":"n"},"recipient":"user@example.com","message":"Hello"}';

/** The real server at a real socket, over a store in memory. */
async function listening(t: TestContext, limits: Partial<HttpLimits> = {}) {
  const store = memoryStore({ clock: { now: () => NOW, after: () => () => undefined } });
  const { app, lines } = testServer(store, { limits: { ...LIMITS, ...limits } });
  await app.listen({ host: '127.0.0.1', port: 0 });
  atEnd(t, () => app.close());
  // Listening on a port, its address is that of one.
  const { port } = app.server.address() as AddressInfo;
  const open = () => new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)));
  let ever = 0;
  app.server.on('connection', () => {
    ever += 1;
  });
  /** Once that many clients were there and all are gone. Who does not read does not see that it was hung up on. */
  const alone = (count: number) =>
    seen(
      async () => (ever >= count && (await open()) === 0) || undefined,
      () => `${ever} of ${count} connected, and there is still a connection`,
    );
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  const cancelled = async () => {
    const { items } = await store.list({}, { limit: 1_000, after: null, scan: 1_000 });
    return items.filter(({ deliveries }) => deliveries.every(({ status }) => status === 'cancelled')).length;
  };
  const stored = async () => (await store.list({}, { limit: 1_000, after: null, scan: 1_000 })).items.length;
  const fill = async () => {
    const note = 'n'.repeat(500);
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`note-${index}`, note]));
    const one = NOTES.replace('{"note":"n"}', JSON.stringify(metadata));
    const ids: string[] = [];
    for (let count = 0; count < 100; count++) {
      const headers = { 'content-type': 'application/json' };
      const answer = await app.inject({ method: 'POST', url: '/api/v1/notifications', headers, payload: one });
      ids.push(answer.json<{ id: string }>().id);
    }
    lines.length = 0;
    return ids;
  };
  return { app, lines, port, ask, stored, cancelled, fill, open, alone };
}

const PAGE = get('/api/v1/notifications?limit=100');
const pageAndCancel = (id: string) => `${PAGE}POST /api/v1/notifications/${id}/cancel HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('a client that is slow', { concurrency: 4 }, () => {
  test('and says nothing is hung up on', async (t) => {
    const { port, ask } = await listening(t);
    const client = rawClient(t, port);
    assert.equal(await ask('/health/live'), 200);
    assert.ok((await client.closed) < SOON);
  });

  test('and stops within its headers, or drips them, is told so', async (t) => {
    const { port, ask } = await listening(t);
    const [half, dripped] = [rawClient(t, port, 'GET / HTTP/1.1\r\nHost:'), rawClient(t, port)];
    drip(dripped.socket, `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(999)}\r\n`, 20);
    assert.equal(await ask('/health/live'), 200);
    for (const client of [half, dripped]) {
      assert.ok((await client.closed) < SOON);
      assert.match(client.answer, /^HTTP\/1.1 408 .*"code":"request_timeout"/s);
    }
  });

  test('and stops within its body, or drips it, is told so, and nothing is stored', async (t) => {
    const { port, ask, stored } = await listening(t);
    const head = `${HEAD}Content-Length: 500\r\n\r\n`;
    const [half, dripped, chunked] = [
      rawClient(t, port, `${head}${BODY.slice(0, 9)}`),
      rawClient(t, port, head),
      rawClient(t, port, `${HEAD}Transfer-Encoding: chunked\r\n\r\n`),
    ];
    drip(dripped.socket, BODY, 20);
    drip(chunked.socket, '1\r\n{\r\n', 20);
    assert.equal(await ask('/health/live'), 200);
    for (const client of [half, dripped, chunked]) {
      assert.ok((await client.closed) < SOON);
      assert.match(client.answer, /^HTTP\/1.1 408 .*"code":"request_timeout"/s);
    }
    assert.equal(await stored(), 0);
  });

  test('and has no more to ask is hung up on', async (t) => {
    const { port } = await listening(t);
    const client = rawClient(t, port, get('/health/live'));
    assert.ok((await client.closed) < SOON);
    assert.match(client.answer, /^HTTP\/1.1 200 /);
  });
});

describe('a client that does not take its answers', { concurrency: 4 }, () => {
  test('is hung up on, and its next requests are never begun', async (t) => {
    const { port, fill, cancelled, lines, alone, ask } = await listening(t, { requestMs: 9_000, headersMs: 9_000 });
    const ids = await fill();
    // The pages are 2.7 MB each: more than the system takes off our hands.
    const client = rawClient(t, port, ids.slice(0, 8).map(pageAndCancel).join(''), { reads: false });
    await alone(1);
    assert.equal(await ask('/health/live'), 200);
    const answered = lines.filter(({ method }) => method === 'POST').length;
    assert.equal(await cancelled(), answered, 'something was begun for nobody');
    client.socket.destroy();
    const pages = lines.filter(({ method, route }) => method === 'GET' && route === '/api/v1/notifications').length;
    assert.ok(pages > 0 && pages < 8, `${pages} pages were made for nobody`);
  });

  test('but one by one, too', async (t) => {
    const { port, fill, alone } = await listening(t, { requestMs: 9_000, headersMs: 9_000 });
    await fill();
    const client = rawClient(t, port, PAGE.repeat(8), { reads: false });
    const timer = setInterval(() => void client.socket.read(1), 20);
    atEnd(t, () => clearInterval(timer));
    await alone(1);
  });

  test('and sends 1,000 requests ahead costs few answers', async (t) => {
    // The other tests of this suite work in the same process, and who asks for its health has to be heard meanwhile.
    const { port, lines, ask } = await listening(t, { requestMs: 9_000, headersMs: 9_000 });
    const client = rawClient(t, port, get('/openapi.json').repeat(1_000), { reads: false });
    assert.equal(await ask('/health/live'), 200);
    client.socket.resume();
    assert.ok((await client.closed) < SOON);
    assert.ok(lines.length < 20 + 2, `${lines.length} requests were answered`);
  });

  test('has them in order as long as it sends no more ahead than it may', async (t) => {
    const { port } = await listening(t);
    const requests = Array.from({ length: 20 }, (_, index) => {
      const body = JSON.stringify({ recipient: 'user@example.com', message: `Number ${index}` });
      return index % 2 === 0 ? post(body) : get(`/nowhere-${index}`);
    });
    const client = rawClient(t, port, requests.join(''));
    await client.closed;
    const statuses = [...client.answer.matchAll(/HTTP\/1.1 ([0-9]+) /g)].map(([, status]) => status);
    assert.deepEqual(statuses, Array.from({ length: 10 }, () => ['202', '404']).flat());
  });
});

describe('a client that goes away', { concurrency: 4 }, () => {
  test('with a reset, in its headers or its body, leaves nothing behind and is no error', async (t) => {
    const { port, lines, stored, alone, ask } = await listening(t);
    const heads = [
      'GET / HT',
      `${HEAD}Content-Length: 500\r\n\r\n${BODY.slice(0, 20)}`,
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{`,
    ];
    for (const bytes of heads) {
      const client = rawClient(t, port);
      await new Promise<void>((resolve) => client.socket.write(bytes, () => resolve()));
      client.socket.resetAndDestroy();
    }
    await alone(heads.length);
    assert.equal(await stored(), 0);
    assert.deepEqual(
      lines.filter(({ error, status }) => error !== undefined || status >= 500),
      [],
    );
    assert.equal(await ask('/health/live'), 200);
  });

  test('with half a request is told so; one that has said all gets its answer', async (t) => {
    const { port, stored } = await listening(t);
    const whole = rawClient(t, port);
    whole.socket.end(post(BODY));
    await whole.closed;
    assert.match(whole.answer, /^HTTP\/1.1 202 /);
    const half = rawClient(t, port);
    half.socket.end(post(BODY).slice(0, -5));
    assert.ok((await half.closed) < SOON);
    assert.match(half.answer, /^(?:HTTP\/1.1 400 .*"code":"bad_request".*)?$/s);
    assert.equal(await stored(), 1);
  });
});

describe('connections', { concurrency: 4 }, () => {
  test('have a limit; past it the idle ones make room', async (t) => {
    const { port, ask } = await listening(t, { connections: 4, headersMs: 60_000, requestMs: 60_000, idleMs: 60_000 });
    const [idle] = [
      rawClient(t, port, get('/health/live')),
      rawClient(t, port),
      rawClient(t, port),
      rawClient(t, port),
    ];
    await seen(
      () => idle?.answer.includes('200 OK') || undefined,
      () => 'no answer',
    );
    const refused = rawClient(t, port, get('/health/live'));
    await refused.closed;
    assert.equal(refused.answer, '');
    await idle?.closed;
    assert.equal(await ask('/health/live'), 200);
  });

  test('leave a quarter of the files that the process may open to others', () => {
    const { connections } = HTTP_LIMITS;
    assert.equal(connectionRoom(connections, Number.POSITIVE_INFINITY), 20_000);
    assert.equal(connectionRoom(connections, 65_536), 20_000);
    assert.equal(connectionRoom(connections, 20_000), 15_000);
    assert.equal(connectionRoom(connections, 1_024), 768);
    assert.equal(connectionRoom(connections, 64), 16);
    assert.equal(connectionRoom(connections, 20), 1);
  });

  test('do not keep a server from closing, whatever their clients do', async (t) => {
    const { port, app, fill, open } = await listening(t, { headersMs: 60_000, answerMs: 60_000 });
    await fill();
    const clients = [
      rawClient(t, port),
      rawClient(t, port, 'GET / HT'),
      rawClient(t, port, `${HEAD}Content-Length: 500\r\n\r\n{`),
      rawClient(t, port, PAGE.repeat(8), { reads: false }),
    ];
    await seen(
      async () => (await open()) === clients.length || undefined,
      () => 'not all are connected',
    );
    const started = performance.now();
    await app.close();
    assert.ok(performance.now() - started < SOON);
    for (const { socket } of clients) socket.destroy();
  });
});
