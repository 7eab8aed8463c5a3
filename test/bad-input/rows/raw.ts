import { KEY } from '../request.ts';
import { OK, type Row, SEND } from '../row.ts';

const LAST = `Host: a\r\nX-API-Key: ${KEY}\r\nConnection: close\r\n`;
const TYPE = 'Content-Type: application/json\r\n';
const BODY = JSON.stringify(OK);
const LENGTH = `Content-Length: ${BODY.length}\r\n`;

function raw(name: string, text: string, expect: string, more: Partial<Row> = {}): Row {
  return { name: `on the wire: ${name}`, request: Buffer.from(text, 'latin1'), expect, ...more };
}

const line = (text: string) => `${text}\r\n${LAST}\r\n`;
const withHeaders = (headers: string) => `GET /health/live HTTP/1.1\r\n${LAST}${headers}\r\n`;
const post = (headers: string, body = '') => `POST ${SEND} HTTP/1.1\r\n${LAST}${TYPE}${headers}\r\n${body}`;
const chunks = (...sizes: readonly string[]) => post('Transfer-Encoding: chunked\r\n', sizes.join(''));
const whole = `${BODY.length.toString(16)}\r\n${BODY}\r\n`;

/** Bytes that no HTTP client would send. */
export const RAW: readonly Row[] = [
  raw('what is not HTTP', 'hello\r\n\r\n', '400 bad_request'),
  raw('an empty request line', '\r\n\r\n\r\nx\r\n\r\n', '400 bad_request'),
  raw('a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', '400 bad_request'),
  raw('a lower-case method', line('get /health HTTP/1.1'), '400 bad_request'),
  raw('a method of its own', line('BREW /health HTTP/1.1'), '400 bad_request'),
  raw('a method of 10 KB', line(`${'A'.repeat(10_000)} / HTTP/1.1`), '400 bad_request'),
  raw('HTTP/2 without being asked', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400 bad_request'),
  raw('HTTP/3.0', line('GET /health HTTP/3.0'), '400 bad_request'),
  raw('HTTP/0.9', 'GET /health/live\r\n\r\n', '400 bad_request'),
  raw('HTTP/2.0', line('GET /health/live HTTP/2.0'), '400 bad_request'),
  raw('HTTP/1.9', line('GET /health/live HTTP/1.9'), '400 bad_request'),
  raw('a blank in the path', line('GET /health live HTTP/1.1'), '400 bad_request'),
  raw('a NUL in the path', line('GET /health\0 HTTP/1.1'), '400 bad_request'),
  raw('no path', line('GET  HTTP/1.1'), '400 bad_request'),
  raw('a missing Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', '400 bad_request'),
  raw('two Hosts', withHeaders('Host: b\r\n'), '200'),
  raw('17 KB of headers', withHeaders(`X-A: ${'a'.repeat(17_000)}\r\n`), '431 headers_too_large'),
  raw('3,000 headers', withHeaders('X-A: bcdef\r\n'.repeat(3000)), '431 headers_too_large'),
  raw('a URL of 20 KB', line(`GET /${'a'.repeat(20_000)} HTTP/1.1`), '431 headers_too_large'),
  raw('a blank before the colon', withHeaders('X-A : b\r\n'), '400 bad_request'),
  raw('a header without a name', withHeaders(': b\r\n'), '400 bad_request'),
  raw('a header without a colon', withHeaders('X-A\r\n'), '400 bad_request'),
  raw('a NUL in a header', withHeaders('X-A: \0\r\n'), '400 bad_request'),
  raw('a folded header', withHeaders('X-A: b\r\n c\r\n'), '400 bad_request'),
  raw('a bare CR in a header', withHeaders('X-A: b\rX-B: c\r\n'), '400 bad_request'),
  raw('a bare LF after a header', withHeaders('X-A: b\n'), '400 bad_request'),
  raw('a control character in a header name', withHeaders('X\x01A: b\r\n'), '400 bad_request'),
  raw('a negative length', post('Content-Length: -1\r\n'), '400 bad_request'),
  raw('a length in words', post('Content-Length: five\r\n'), '400 bad_request'),
  raw('a length with a plus', post(`Content-Length: +${BODY.length}\r\n`, BODY), '400 bad_request'),
  raw('a hexadecimal length', post('Content-Length: 0x33\r\n', BODY), '400 bad_request'),
  raw('a length beyond 64 bits', post('Content-Length: 99999999999999999999\r\n'), '400 bad_request'),
  raw('two lengths', post('Content-Length: 2\r\nContent-Length: 3\r\n', '{}'), '400 bad_request'),
  raw('the same length twice', post(`${LENGTH}${LENGTH}`, BODY), '400 bad_request'),
  raw('two lengths in one header', post('Content-Length: 2, 2\r\n', '{}'), '400 bad_request'),
  raw('a length and chunks', post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '{}'), '400 bad_request'),
  raw('chunks and a length', post('Transfer-Encoding: chunked\r\nContent-Length: 2\r\n', '{}'), '400 bad_request'),
  raw('an unknown transfer encoding', post('Transfer-Encoding: xchunked\r\n', '{}'), '400 bad_request'),
  raw('chunks within gzip', post('Transfer-Encoding: chunked, gzip\r\n', '{}'), '400 bad_request'),
  raw('chunks twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '{}'), '400 bad_request'),
  raw('a length beyond the limit, at once', post('Content-Length: 999999999\r\n'), '413 too_large'),
  raw('a length of nothing', post('Content-Length: 0\r\n'), '400 invalid_json'),
  raw(
    'a body that is shorter than it should',
    post(`Content-Length: ${BODY.length - 1}\r\n`, BODY.slice(0, -1)),
    '400 invalid_json',
  ),
  raw('a chunk size that is none', chunks('zz\r\n{}\r\n0\r\n\r\n'), '400 bad_request'),
  raw('a negative chunk', chunks('-2\r\n{}\r\n0\r\n\r\n'), '400 bad_request'),
  raw('a chunk beyond 64 bits', chunks('fffffffffffffffff\r\n{}'), '400 bad_request'),
  raw('a chunk without its end', chunks(`${BODY.length.toString(16)}\r\n${BODY}0\r\n\r\n`), '400 bad_request'),
  raw('no chunk', chunks('0\r\n\r\n'), '400 invalid_json'),
  raw(
    'a chunk that says more than its length',
    chunks(`${whole.replace('\r\n', `;${'x'.repeat(20_000)}\r\n`)}0\r\n\r\n`),
    '400 bad_request',
  ),
  raw(
    'chunks beyond the limit',
    chunks(...Array.from({ length: 20 }, () => `10000\r\n${'x'.repeat(65_536)}\r\n`), '0\r\n\r\n'),
    '413 too_large',
  ),
  raw('chunks of one byte', chunks(...BODY.split('').map((char) => `1\r\n${char}\r\n`), '0\r\n\r\n'), '202', {
    makes: 1,
  }),
  raw(
    'a chunk with a remark and a trailer',
    chunks(whole.replace('\r\n', ';a=b\r\n'), '0\r\nX-API-Key: other\r\n\r\n'),
    '202',
    { makes: 1 },
  ),
  raw('100 Continue asked for', post(`${LENGTH}Expect: 100-continue\r\n`, BODY), '202', { makes: 1 }),
  raw('an expectation it cannot meet', post(`${LENGTH}Expect: x\r\n`, BODY), '417 expectation_failed'),
  raw('an absolute target, which any server must take', line('GET http://evil.example/health/live HTTP/1.1'), '200'),
  raw(
    'an absolute target without a key',
    'GET http://evil.example/api/v1/stats HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    '401 unauthorized',
  ),
  raw(
    'an absolute target that is not there, without a key',
    'GET http://evil.example/api/v1/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    '401 unauthorized',
  ),
  raw('a fragment', line('GET /health/live#x HTTP/1.1'), '400 bad_request'),
  raw('a fragment before the end of the path', line(`POST ${SEND}/#x/cancel HTTP/1.1`), '400 bad_request'),
  raw('a target that is a star', line('OPTIONS * HTTP/1.1'), '404 not_found'),
  raw('a tunnel', line('CONNECT 127.0.0.1:22 HTTP/1.1'), '400 bad_request'),
  raw(
    'an upgrade to a web socket',
    withHeaders('Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n'),
    '200',
  ),
  raw('HTTP/1.0 without a Host', 'GET /health/live HTTP/1.0\r\n\r\n', '200'),
  raw('headers that do not end', 'GET / HTTP/1.1\r\nHost: a\r\n', '408 request_timeout', { slow: true }),
  raw('a body that does not come', post('Content-Length: 100\r\n', '{'), '408 request_timeout', { slow: true }),
  raw('chunks that do not end', chunks(whole), '408 request_timeout', { slow: true }),
];
