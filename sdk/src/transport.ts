import { backoff, retryAfter } from './backoff.ts';
import { problemOf, TidingsError } from './error.ts';
import { type Operations, ROUTES } from './openapi.ts';
import { pause, type Surroundings } from './surroundings.ts';

export interface CallOptions {
  /** Ends the call when it is aborted. What the service has already accepted stays accepted. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take in all, tries and the waits between them, in ms. */
  readonly timeout?: number | undefined;
}

export interface TransportOptions {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** For calls that say nothing of it. */
  readonly timeout: number;
  /** How long one try may take. */
  readonly tryTimeout: number;
  readonly retryIf: (error: TidingsError) => boolean;
}

type Given<Operation extends keyof Operations, Part extends string> =
  Operations[Operation] extends Readonly<Record<Part, infer Value extends object>> ? Value : undefined;

/** What an operation of the API is asked with. */
export interface Ask<Operation extends keyof Operations> {
  /** The steps of the path that stand in braces, in their order. */
  readonly at?: readonly string[];
  readonly query?: Given<Operation, 'query'>;
  readonly body?: Given<Operation, 'body'>;
  readonly idempotencyKey?: string;
  /** Asked for twice it does what it does once, so it is asked for again where it is not known whether it was heard. */
  readonly repeatable: boolean;
}

export interface Transport {
  readonly surroundings: Surroundings;
  call<Operation extends keyof Operations>(
    operation: Operation,
    ask: Ask<Operation>,
    options: CallOptions | undefined,
  ): Promise<Operations[Operation]['answer']>;
  /** Opens a stream of events: one try, which lasts until `signal` is aborted. */
  open(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>>;
}

/** What came of one try. */
type Try =
  | { readonly ok: true; readonly answer: unknown }
  | {
      readonly ok: false;
      readonly error: TidingsError;
      /** `heard`: it is certain that nothing was done. */
      readonly again: 'never' | 'unheard' | 'if_repeatable';
      readonly asked: number | null;
    };

/** Asks the API, and asks again as long as that can help and there is time. */
export function createTransport(options: TransportOptions, surroundings: Surroundings): Transport {
  const { now, random } = surroundings;
  return {
    surroundings,
    async call(operation, ask, { signal, timeout = options.timeout } = {}) {
      const { method, path } = ROUTES[operation];
      const url = `${options.baseUrl}${pathOf(path, ask.at ?? [])}${queryOf(ask.query)}`;
      const init = { method, ...bodyAndHeaders(ask, options.apiKey) };
      const end = now() + timeout;
      for (let tries = 1; ; tries++) {
        signal?.throwIfAborted();
        const result = await tryOnce(url, init, Math.min(options.tryTimeout, end - now()), signal, surroundings);
        // The document says what an operation answers, and tests compare the two.
        if (result.ok) return result.answer as Operations[typeof operation]['answer'];
        const { again, asked, error } = result;
        if (again === 'never' || (again === 'if_repeatable' && !ask.repeatable)) throw error;
        const wait = backoff(tries, asked, random);
        if (now() + wait >= end || !options.retryIf(error)) throw error;
        await pause(surroundings, wait, signal);
      }
    },
    async open(path, more, signal) {
      const url = `${options.baseUrl}${path}`;
      const { headers, ...init } = bodyAndHeaders({ repeatable: true }, options.apiKey);
      const all = new Headers(headers);
      for (const [name, value] of Object.entries({ accept: 'text/event-stream', ...more })) all.set(name, value);
      const response = await surroundings.fetch(url, { ...init, headers: all, signal }).catch((cause: unknown) => {
        throw new TidingsError('unreachable', `${url} cannot be reached`, { cause });
      });
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
      if (response.ok && isStream && response.body !== null) return response.body;
      const refusal = read(response, await response.text(), url);
      throw refusal.ok ? new TidingsError('unexpected_answer', `${url} is no stream of events`) : refusal.error;
    },
  };
}

async function tryOnce(
  url: string,
  init: RequestInit,
  patience: number,
  signal: AbortSignal | undefined,
  { fetch, after }: Surroundings,
): Promise<Try> {
  const controller = new AbortController();
  const stop = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const takeBack = after(patience, () => controller.abort());
  try {
    const response = await fetch(url, { ...init, signal: controller.signal });
    return read(response, await response.text(), url);
  } catch (cause) {
    signal?.throwIfAborted();
    const error = controller.signal.aborted
      ? new TidingsError('timeout', `${url} did not answer within ${Math.round(patience)} ms`, { cause })
      : new TidingsError('unreachable', `${url} cannot be reached`, { cause });
    return { ok: false, error, again: 'if_repeatable', asked: null };
  } finally {
    takeBack();
    signal?.removeEventListener('abort', stop);
  }
}

function read(response: Response, text: string, url: string): Try {
  const { status, headers } = response;
  if (status === 204) return { ok: true, answer: undefined };
  const answer = parsed(text);
  if (response.ok && typeof answer === 'object' && answer !== null) return { ok: true, answer };
  const asked = retryAfter(headers.get('retry-after'), headers.get('date'));
  const problem = response.ok ? null : problemOf(answer);
  const requestId = problem?.request_id ?? headers.get('x-request-id');
  if (problem !== null) {
    const errors = Array.isArray(problem.errors) ? problem.errors : [];
    // With faults to follow, the detail would only tell the first of them twice.
    const message = errors.length > 0 ? problem.title : problem.detail;
    const error = new TidingsError(problem.code, message, { status, requestId, errors, retryAfter: asked });
    return { ok: false, error, again: againAfter(status, problem.code, asked), asked };
  }
  const what =
    status >= 300 && status < 400 ? 'is a redirect; give the address it leads to as baseUrl' : "is not Tidings'";
  const error = new TidingsError('unexpected_answer', `the answer of ${url} (${status}) ${what}`, {
    status,
    requestId,
  });
  // What stands in between says of itself that it could not pass the request on, or not the answer.
  const again = status === 429 ? 'unheard' : [502, 503, 504].includes(status) ? 'if_repeatable' : 'never';
  return { ok: false, error, again, asked };
}

/** 429 and `overloaded` are said before a request is looked at. With 409 only what says when to come back is still open. */
function againAfter(status: number, code: string, asked: number | null): Extract<Try, { ok: false }>['again'] {
  if (status === 429 || code === 'overloaded') return 'unheard';
  if (status === 409) return asked === null ? 'never' : 'if_repeatable';
  return [408, 502, 503, 504].includes(status) ? 'if_repeatable' : 'never';
}

function bodyAndHeaders({ body, idempotencyKey }: Ask<keyof Operations>, apiKey: string | undefined): RequestInit {
  return {
    // Made here, where one that no header can hold is a mistake of the caller's, not of the network.
    headers: new Headers({
      accept: 'application/json',
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    }),
    cache: 'no-store',
    // Not followed: a POST that is redirected may arrive as a GET, whose answer looks like success.
    redirect: 'manual',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

function pathOf(path: string, at: readonly string[]): string {
  const steps = at.values();
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const step = steps.next().value ?? '';
    // Of these no path can be made: they would lead elsewhere, written in whatever way. So nothing is called that.
    if (['', '.', '..'].includes(step)) throw new TidingsError('not_found', `${name} "${step}" names nothing`);
    return encodeURIComponent(step);
  });
}

function queryOf(query: object | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const texts: [string, string][] = given.map(([name, value]) => [name, String(value)]);
  return texts.length === 0 ? '' : `?${new URLSearchParams(texts)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
