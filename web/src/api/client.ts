import { InboxError } from '../../../inbox/src/inbox-error.ts';
import { currentKey, keyRefused } from './key.ts';
import type { Fault } from './types.ts';

/** The API said no, and why. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly faults: readonly Fault[];
  constructor(status: number, document: Readonly<Record<string, unknown>>) {
    super(textOf(document.detail) ?? textOf(document.title) ?? `The service answered ${status}.`);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = textOf(document.code) ?? 'unknown';
    this.requestId = textOf(document.request_id);
    this.faults = Array.isArray(document.errors) ? document.errors.filter(isFault) : [];
  }
}

/** No answer came, or one that is not the API's. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Longer than the service itself lets a request take. */
const PATIENCE = 15_000;

/** Asks the API, with the key if there is one. T is what the contract says of the answer. */
export async function ask<T>(path: string, { method = 'GET', body, headers, signal }: Ask = {}): Promise<T> {
  const key = currentKey();
  const timeout = AbortSignal.timeout(PATIENCE);
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Unreachable('The service does not answer.', { cause: error });
  }
  if (response.status === 204) return undefined as T;
  const answer = parsed(text);
  if (response.ok) {
    if (answer === null) throw new Unreachable('The answer is not one of this API.');
    return answer as T;
  }
  if (response.status === 401) keyRefused(key);
  if (answer === null) throw new Unreachable(`Something in between answered ${response.status}.`);
  throw new ApiProblem(response.status, answer);
}

/** Opens a stream of events, as `live` wants it. */
export async function openStream(
  path: string,
  after: string | null,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const key = currentKey();
  const response = await fetch(path, {
    headers: {
      accept: 'text/event-stream',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(after === null ? {} : { 'last-event-id': after }),
    },
    cache: 'no-store',
    signal,
  });
  if (response.ok && response.body !== null) return response.body;
  if (response.status === 401) keyRefused(key);
  const problem = new ApiProblem(response.status, parsed(await response.text()) ?? {});
  const wait = Number(response.headers.get('retry-after') ?? 0) * 1_000;
  throw new InboxError(problem.status, problem.code, problem.message, wait > 0 ? wait : null);
}

/** `/a?b=c`, without what has no value. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | null | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

/** What a person is told of anything that was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : 'Something went wrong.';
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function isFault(value: unknown): value is Fault {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pointer' in value &&
    typeof value.pointer === 'string' &&
    'detail' in value &&
    typeof value.detail === 'string'
  );
}
