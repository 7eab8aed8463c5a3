import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { idMaker } from '../../src/domain/ids.ts';
import { HTTP_LIMITS, type HttpDeps } from '../../src/http/deps.ts';
import type { OverloadLimits } from '../../src/http/overload.ts';
import { MANY } from '../../src/http/turns.ts';
import { createAccept } from '../../src/pipeline/accept.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { atEnd } from '../kit/at-end.ts';
import { ManualClock } from '../kit/manual-clock.ts';
import { testServer } from '../kit/test-server.ts';
import { PATIENCE, seen, until } from '../kit/until.ts';

const BODY = { recipient: 'user@example.com', message: 'Hello' };
const TEXT = JSON.stringify(BODY);
const HEAD = 'POST /api/v1/notifications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ';
/** One as it goes over the wire. */
const POSTED = `${HEAD}${TEXT.length}\r\n\r\n${TEXT}`;

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly request_id: string;
}

/** A server on a store that accepts when it is told to, and counts what it was asked for. */
async function overSlowStore(t: TestContext, overload: Partial<OverloadLimits>, changes: Partial<HttpDeps> = {}) {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const stalled: (() => void)[] = [];
  const watchers: (() => void)[] = [];
  let isStalled = true;
  const slow: Pick<typeof store, 'accept'> = {
    async accept(submissions) {
      if (isStalled) {
        await new Promise<void>((resolve) => {
          stalled.push(resolve);
          for (const look of watchers) look();
        });
      }
      return store.accept(submissions);
    },
  };
  let bytes = 0;
  const refused: number[] = [];
  const { app, lines } = testServer(store, {
    clock,
    limits: { overload: { ...HTTP_LIMITS.overload, ...overload } },
    onRefused: (count) => refused.push(count),
    accept: createAccept({
      store: slow,
      ...{ clock, handOff: () => undefined, handedOverUntil: () => null, emit: () => undefined },
      ids: idMaker((count) => Uint8Array.from({ length: count }, () => (bytes = (bytes + 7) % 256))),
      rules: { defaultChannels: ['email'], sandboxed: new Set() },
    }),
    ...changes,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  atEnd(t, () => app.close());
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const post = (path = '/api/v1/notifications', body: object = BODY) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
  return {
    ...{ app, lines, clock, port, url, refused, post },
    /** One for which there is no room, and will be none while it waits. */
    postInVain: async (path?: string, body?: object) => {
      const asked = until(once(app.server, 'request'), () => 'the request was not seen');
      const answer = post(path, body);
      await asked;
      clock.advance(200);
      return answer;
    },
    /** Resolves when so many wait in the store. */
    waiting: (count: number) =>
      until(
        new Promise<void>((resolve) => {
          const look = () => stalled.length >= count && resolve();
          watchers.push(look);
          look();
        }),
        () => `${stalled.length} of ${count} wait in the store`,
      ),
    stalled,
    release: () => {
      isStalled = false;
      for (const go of stalled.splice(0)) go();
    },
  };
}

test('while the store stalls, so many wait as may; the others are told soon when to come back; then all is well', async (t) => {
  const service = await overSlowStore(t, { pending: 40 });
  const { url, post, postInVain, waiting, stalled, release, lines } = service;
  const inside = Array.from({ length: 40 }, () => post());
  await waiting(40);

  for (const path of ['/api/v1/notifications', '/api/v1/notifications?x=1', '/api/v1/notifications/batch']) {
    const answer = await postInVain(path);
    const problem = (await answer.json()) as Problem;
    assert.deepEqual([answer.status, problem.status, problem.code], [503, 503, 'overloaded'], path);
    assert.match(answer.headers.get('retry-after') ?? '', /^[1-5]$/);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    assert.equal(answer.headers.get('x-request-id'), problem.request_id);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.ok(lines.some(({ status, requestId }) => status === 503 && requestId === problem.request_id));
  }
  assert.equal(stalled.length, 40);

  // Nobody else is turned away.
  assert.equal((await fetch(`${url}/health/live`)).status, 200);
  assert.equal((await fetch(`${url}/api/v1/notifications`)).status, 200);
  const cancel = await fetch(`${url}/api/v1/notifications/none/cancel`, { method: 'POST' });
  assert.equal(cancel.status, 404);

  release();
  for (const answer of await Promise.all(inside)) assert.equal(answer.status, 202);
  assert.equal((await post()).status, 202);
});

test('one batch counts as many as it brings', async (t) => {
  const { post, postInVain, waiting, release } = await overSlowStore(t, { pending: 40 });
  const batch = post('/api/v1/notifications/batch', { notifications: Array.from({ length: 40 }, () => BODY) });
  await waiting(1);
  assert.equal((await postInVain()).status, 503);
  release();
  assert.equal((await batch).status, 202);
});

test('whoever is turned away is told before the body has come', async (t) => {
  const { app, clock, port, post, waiting, release } = await overSlowStore(t, { pending: 1 });
  const inside = post();
  await waiting(1);
  const socket = connect(port, '127.0.0.1');
  atEnd(t, () => socket.destroy());
  const head =
    'POST /api/v1/notifications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000';
  const asked = until(once(app.server, 'request'), () => 'the request was not seen');
  socket.write(`${head}\r\n\r\n`);
  await asked;
  clock.advance(200);
  const [answer] = (await until(once(socket, 'data'), () => 'no answer before the body')) as [Buffer];
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 503 /);
  release();
  await inside;
});

test('large bodies that are on their way are bounded, small ones go past them, and count no more when their client is gone', async (t) => {
  const { port, post, postInVain, release, app } = await overSlowStore(t, { pendingBytes: 1_000_000 });
  release();
  const socket = connect(port, '127.0.0.1');
  atEnd(t, () => socket.destroy());
  const head =
    'POST /api/v1/notifications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999999';
  const begun = until(once(app.server, 'request'), () => 'the request was not seen');
  socket.write(`${head}\r\n\r\n{`);
  await begun;
  const large = [undefined, { ...BODY, message: 'x'.repeat(5_000) }] as const;
  assert.equal((await postInVain(...large)).status, 503);
  assert.equal((await post()).status, 202);
  socket.destroy();
  await seen(
    async () => (await postInVain(...large)).status === 202 || undefined,
    () => 'it is still counted',
  );
  assert.equal((await post(...large)).status, 202);
});

/** While the store stalls: 150 for whom there is no room. */
async function flood(t: TestContext) {
  const service = await overSlowStore(t, { pending: 1 });
  const inside = service.post();
  await service.waiting(1);
  let asked = 0;
  service.app.server.on('request', () => {
    asked += 1;
  });
  const answers: number[] = [];
  const all = Array.from({ length: 150 }, async () => answers.push((await service.post()).status));
  await seen(
    () => asked === 150 || undefined,
    () => `${asked} were asked`,
  );
  return { ...service, inside, answers, all: Promise.all(all) };
}

test('of a flood 100 are refused every 25 ms, when they have waited', async (t) => {
  const { clock, inside, answers, all, release, refused } = await flood(t);
  clock.advance(200);
  await seen(
    () => answers.length >= 100 || undefined,
    () => `${answers.length} were answered`,
  );
  assert.equal(answers.length, 100);
  clock.advance(25);
  await all;
  assert.deepEqual(new Set(answers), new Set([503]));
  clock.advance(10_000);
  assert.deepEqual(
    refused.reduce((sum, count) => sum + count, 0),
    150,
  );
  release();
  assert.equal((await inside).status, 202);
});

test('whoever waits for room is let in when there is some', async (t) => {
  const { clock, inside, answers, all, release, refused } = await flood(t);
  clock.advance(200);
  release();
  assert.equal((await inside).status, 202);
  await all;
  assert.deepEqual(
    answers.toSorted((a, b) => a - b),
    [...Array.from({ length: 50 }, () => 202), ...Array.from({ length: 100 }, () => 503)],
  );
  clock.advance(10_000);
  assert.deepEqual(refused, [100]);
});

test('whoever has gone while waiting is not let in', async (t) => {
  const { app, lines, port, post, waiting, release } = await overSlowStore(t, { pending: 1 });
  const inside = post();
  await waiting(1);
  const connected = once(app.server, 'connection') as Promise<[Socket]>;
  const socket = connect(port, '127.0.0.1');
  const [peer] = await until(connected, () => 'nobody connected');
  const asked = until(once(app.server, 'request'), () => 'the request was not seen');
  socket.write(POSTED);
  await asked;
  const taken = t.mock.method(app, 'routing').mock;
  const gone = until(once(peer, 'close'), () => 'it is still there');
  socket.destroy();
  await gone;
  release();
  assert.equal((await inside).status, 202);
  assert.equal((await post()).status, 202);
  assert.deepEqual(
    lines.map(({ status }) => status),
    [202, 202],
  );
  assert.equal(taken.callCount(), 1, 'nobody looked at it');
});

test('all of many clients that ask again and again get their answers, also while slow ones take up the room', async (t) => {
  const { app, port, waiting, release } = await overSlowStore(t, { pending: 1_000 });
  const slow = Array.from({ length: MANY }, () => connect(port, '127.0.0.1'));
  atEnd(t, () => {
    for (const socket of slow) socket.destroy();
  });
  for (const socket of slow) socket.write(`${HEAD}5000\r\n\r\n`);
  const pause = t.mock.method(Socket.prototype, 'pause').mock;
  const all = Array.from({ length: 300 }, () => answersOf(port, 5));
  await waiting(300);
  release();
  for (const statuses of await Promise.all(all)) assert.deepEqual(statuses, [202, 202, 202, 202, 202]);
  assert.ok(pause.callCount() > 300, 'many had to rest');
  for (const socket of slow) socket.destroy();
  await until(app.close(), () => 'the server does not end');
});

/** Asks so often on one connection, each time when the answer has come; resolves with the statuses. */
async function answersOf(port: number, times: number): Promise<readonly number[]> {
  const socket = connect(port, '127.0.0.1');
  const statuses: number[] = [];
  let read = '';
  socket.write(POSTED);
  for await (const bytes of socket) {
    read += String(bytes);
    // The answers are of one line of JSON, and bring their length.
    const whole = /^HTTP\/1\.1 (\d+)[\s\S]+?\r\n\r\n\{.+\}$/.exec(read);
    if (whole === null) continue;
    read = '';
    if (statuses.push(Number(whole[1])) === times) break;
    socket.write(POSTED);
  }
  return statuses;
}

/** A server that closes, while the store has something of a client that is gone. */
async function closingOverLeft(t: TestContext) {
  const service = await overSlowStore(t, {});
  const { app, port, waiting } = service;
  const socket = connect(port, '127.0.0.1');
  socket.write(POSTED);
  await waiting(1);
  socket.destroy();
  const ended = until(once(app.server, 'close'), () => 'it still has connections');
  const closing = Promise.resolve(app.close());
  await ended;
  const turns = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    return 'still closing';
  };
  assert.equal(await Promise.race([closing, turns()]), 'still closing');
  return { ...service, closing };
}

test('a server that closes waits for what clients that are gone have left in the store', async (t) => {
  const { release, closing } = await closingOverLeft(t);
  release();
  await until(closing, () => 'it waits for nobody');
});

test('a server that closes waits 5 s at most for a store that does not answer', async (t) => {
  const { clock, closing } = await closingOverLeft(t);
  clock.advance(5_000);
  await until(closing, () => 'it waits for ever');
});

test('what clients that are gone had sent ahead holds up nobody', async (t) => {
  const { app, port, post, waiting, release } = await overSlowStore(t, { pending: 1_000 });
  let open = 0;
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  app.server.on('connection', (peer: Socket) => {
    open += 1;
    peer.once('close', () => --open === 0 && resolve());
  });
  const ahead = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'));
  for (const socket of ahead) socket.write(POSTED.repeat(MANY / 2));
  await waiting(ahead.length);
  for (const socket of ahead) socket.destroy();
  await until(gone, () => `${open} are still there`);
  release();
  const pause = t.mock.method(Socket.prototype, 'pause').mock;
  assert.equal((await post()).status, 202);
  assert.equal((await post()).status, 202);
  assert.equal(pause.callCount(), 0, 'nobody has to rest');
});

test('a store that is full itself says so in the same words', async (t) => {
  const { post } = await overSlowStore(
    t,
    {},
    { accept: () => Promise.reject(new StoreUnavailable('', { overloaded: true })) },
  );
  const answer = await post();
  assert.deepEqual([answer.status, ((await answer.json()) as Problem).code], [503, 'overloaded']);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-5]$/);
});
