/** A request of the corpus or the storm, before it is bytes. */
export interface BadRequest {
  readonly method: string;
  /** Path and query as they stand on the wire. */
  readonly target: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
}

/** The API key of the services that these tests start. */
export const KEY = 'corpus-key-0123456789abcdef';
/** What they sign users' tokens with, and whose pages may use their inboxes. */
export const SECRET = 'corpus-secret-0123456789abcdef-0123456789abcdef';
export const SITE = 'https://app.example.com';

/**
 * The request as bytes. What it does not say itself is as a good client would say it: the host, the key, the media
 * type and the length of a body. A header of its own, even an empty list for `x-api-key`, stands instead.
 */
export function bytesOf(request: BadRequest, requestId: string): Buffer {
  const own = request.headers ?? [];
  const said = new Set(own.map(([name]) => name.toLowerCase()));
  const standard: (readonly [string, string])[] = [
    ['Host', '127.0.0.1'],
    ['X-Request-Id', requestId],
  ];
  if (!said.has('authorization')) standard.push(['X-API-Key', KEY]);
  const body = request.body === undefined ? null : Buffer.from(request.body);
  if (body !== null) {
    standard.push(['Content-Type', 'application/json']);
    if (!said.has('transfer-encoding')) standard.push(['Content-Length', String(body.length)]);
  }
  const all = [
    ...standard.filter(([name]) => !said.has(name.toLowerCase())),
    ...own.filter(([, value]) => value !== OMIT),
  ];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = Buffer.from(`${request.method} ${request.target} HTTP/1.1\r\n${lines}\r\n`, 'latin1');
  return body === null ? head : Buffer.concat([head, body]);
}

/** The value of a header that is not to be sent at all. */
export const OMIT = '\0omit';
