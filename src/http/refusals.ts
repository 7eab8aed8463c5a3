import type { Duplex } from 'node:stream';
import type { Random } from '../domain/clock.ts';
import { PROBLEMS, type ProblemCode } from '../domain/problem.ts';
import { StoreUnavailable } from '../store/store.ts';
import { type ProblemDetails, ProblemError, problemDocument } from './problem-reply.ts';

/** What is answered where something was thrown, by what it is and never by its words. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;
  /** Seconds; null where trying again does not help. */
  readonly retryAfter: string | null;
  /** Worth a line in the log with the error itself. */
  readonly unexpected: boolean;
}

export function refusalOf(error: unknown, random: Random): Refusal {
  const expected = { retryAfter: null, unexpected: false };
  if (error instanceof ProblemError) {
    const retryAfter = error.problem === 'overloaded' ? retrySeconds(random) : null;
    return { code: error.problem, details: error.details, retryAfter, unexpected: false };
  }
  if (error instanceof StoreUnavailable) {
    const code = error.overloaded ? 'overloaded' : 'unavailable';
    return { code, details: {}, retryAfter: retrySeconds(random), unexpected: true };
  }
  const code = codeOfFramework(error);
  if (code !== null) return { code, details: {}, ...expected };
  return { code: 'internal', details: {}, retryAfter: null, unexpected: true };
}

/** A few seconds, for a `Retry-After`; not the same for all, so that they do not all come back at once. */
export function retrySeconds(random: Random): string {
  return String(1 + Math.floor(random() * 5));
}

/** The framework's own refusals, and those of the request's stream, carry a 4xx status. */
function codeOfFramework(error: unknown): ProblemCode | null {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return null;
  switch (error.statusCode) {
    case 404:
      return 'not_found';
    case 408:
      return 'request_timeout';
    case 413:
      return 'too_large';
    case 414:
      return 'uri_too_long';
    case 415:
      return 'unsupported_media_type';
    case 431:
      return 'headers_too_large';
    default:
      return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500
        ? 'bad_request'
        : null;
  }
}

/**
 * What can be said to a connection, with the words of its status line. `node:http` knows them too, but whoever imports
 * it as a module has Node load all that it can be asked for: the whole client behind `fetch`, 5 MB of the heap.
 */
const STATUS_WORDS = {
  bad_request: 'Bad Request',
  request_timeout: 'Request Timeout',
  expectation_failed: 'Expectation Failed',
  headers_too_large: 'Request Header Fields Too Large',
} as const satisfies Partial<Record<ProblemCode, string>>;
type ConnectionCode = keyof typeof STATUS_WORDS;

/** What is said to a connection whose bytes are no HTTP request, or come too slowly. */
export function codeOfConnection(errorCode: string): ConnectionCode {
  if (errorCode === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  if (errorCode === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  return 'bad_request';
}

/** Answers where there is no request object to reply to, and closes the connection. */
export function refuseConnection(socket: Duplex, code: ConnectionCode, requestId: string): void {
  const { status } = PROBLEMS[code];
  const body = JSON.stringify({ ...problemDocument(code), request_id: requestId });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_WORDS[code]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  else socket.destroy();
}
