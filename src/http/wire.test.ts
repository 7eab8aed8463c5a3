import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { NOW, testServer } from '../../test/kit/test-server.ts';
import { PROBLEMS, type ProblemCode } from '../domain/problem.ts';
import { memoryStore } from '../store/memory/memory-store.ts';

const store = memoryStore({ clock: { now: () => NOW, after: () => () => undefined } });
const { app } = testServer(store, { limits: { headersMs: 300, requestMs: 900 } });
let port = 0;
before(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as AddressInfo).port;
});
after(() => app.close());

/** Sends bytes as they are, and answers all that comes back until the server closes the connection. */
async function exchange(bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

function assertProblem(answer: string, code: ProblemCode): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.match(head, new RegExp(`^HTTP/1.1 ${PROBLEMS[code].status} `), answer);
  assert.match(head, /\r\nx-request-id: /i);
  assert.match(head, /\r\ncontent-type: application\/problem\+json/i);
  assert.equal((JSON.parse(body) as { code: string }).code, code);
}

const LAST = 'Host: a\r\nConnection: close\r\n';
const post = (headers: string, body = '') => `POST /api/v1/notifications HTTP/1.1\r\n${LAST}${headers}\r\n${body}`;
const JSON_TYPE = 'Content-Type: application/json\r\n';
const BODY = '{"recipient":"user@example.com","message":"Hello"}';

const REFUSED: readonly (readonly [string, string | Buffer, ProblemCode])[] = [
  ['what is not HTTP', 'hello\r\n\r\n', 'bad_request'],
  ['a lower-case method', `get / HTTP/1.1\r\n${LAST}\r\n`, 'bad_request'],
  ['HTTP/2 without being asked', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'bad_request'],
  ['a missing Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 'bad_request'],
  ['17 KB of headers', `GET / HTTP/1.1\r\n${LAST}X-A: ${'a'.repeat(17_000)}\r\n\r\n`, 'headers_too_large'],
  ['a blank before the colon', `GET / HTTP/1.1\r\n${LAST}X-A : b\r\n\r\n`, 'bad_request'],
  ['a NUL in a header', `GET / HTTP/1.1\r\n${LAST}X-A: \0\r\n\r\n`, 'bad_request'],
  ['a negative length', post(`${JSON_TYPE}Content-Length: -1\r\n`), 'bad_request'],
  ['two lengths', post(`${JSON_TYPE}Content-Length: 2\r\nContent-Length: 3\r\n`, '{}'), 'bad_request'],
  ['a length and chunks', post(`${JSON_TYPE}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n`, '{}'), 'bad_request'],
  ['an unknown transfer encoding', post(`${JSON_TYPE}Transfer-Encoding: xchunked\r\n`, '{}'), 'bad_request'],
  ['a length beyond the limit, at once', post(`${JSON_TYPE}Content-Length: 999999999\r\n`), 'too_large'],
  ['two media types', post(`${JSON_TYPE}${JSON_TYPE}Content-Length: 50\r\n`, BODY), 'bad_request'],
  [
    'two idempotency keys',
    post(`${JSON_TYPE}Content-Length: 50\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n`, BODY),
    'invalid_idempotency_key',
  ],
  [
    'an expectation it cannot meet',
    post(`${JSON_TYPE}Content-Length: 50\r\nExpect: x\r\n`, BODY),
    'expectation_failed',
  ],
  ['headers that do not end', 'GET / HTTP/1.1\r\nHost: a\r\n', 'request_timeout'],
  ['a body that does not come', post(`${JSON_TYPE}Content-Length: 100\r\n`, '{'), 'request_timeout'],
];
for (const [name, bytes, code] of REFUSED) {
  test(`refuses ${name} with a problem document`, async () => {
    assertProblem(await exchange(bytes), code);
  });
}

test('takes a body in chunks, after 100 Continue', async () => {
  const chunks = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
  const answer = await exchange(post(`${JSON_TYPE}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n`, chunks));
  assert.match(answer, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 202 /);
});

test('answers pipelined requests in order', async () => {
  const one = (id: number, more = '') => `GET /health/live HTTP/1.1\r\nHost: a\r\nX-Request-Id: r${id}\r\n${more}\r\n`;
  const requests = Array.from({ length: 50 }, (_, id) => one(id, id === 49 ? 'Connection: close\r\n' : ''));
  const answer = await exchange(requests.join(''));
  assert.deepEqual(
    [...answer.matchAll(/x-request-id: r(\d+)/g)].map(([, id]) => Number(id)),
    Array.from({ length: 50 }, (_, id) => id),
  );
});
