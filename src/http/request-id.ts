import type { IncomingHttpHeaders } from 'node:http';

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;
/** W3C Trace Context, version 00: version, trace-id, parent-id, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;
const ZEROS = /^0+$/;

/** The id a request goes by: the client's own if it is well formed, its trace id, or else a new one. */
export function requestIdOf(headers: IncomingHttpHeaders, newRequestId: () => string): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && REQUEST_ID.test(given)) return given;
  const parent = headers.traceparent;
  const parts = typeof parent === 'string' ? TRACEPARENT.exec(parent) : null;
  const trace = parts?.[1];
  if (trace !== undefined && !ZEROS.test(trace) && !ZEROS.test(parts?.[2] ?? '')) return trace;
  return newRequestId();
}
