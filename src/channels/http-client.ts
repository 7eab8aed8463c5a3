import type { Agent, Dispatcher } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import { ConnectFault, codeOf, connectTo, portOf, ReplyTooLong, targetOf } from './http-connect.ts';
import type { HttpAnswer, HttpClient, HttpPost } from './provider.ts';

/** Most that is read of an answer's body, in bytes. */
const MAX_BODY = 64 * 1024;
/** Most pieces of it that are kept apart: one that drips would cost a hundred times its size. */
const MAX_PIECES = 64;
/** Most interim answers (1xx) before the real one. */
const MAX_INTERIM = 32;
/** Belt and braces: the caller's signal ends every exchange long before. */
const IDLE_TIMEOUT = 60_000;

/** Longest that a connection may take where a send may take longer, in ms. */
export const CONNECT_TIMEOUT = 5_000;

export interface HttpClientOptions {
  /** Null: any address may be called. */
  readonly guard: AddressGuard | null;
  /** Most connections to one origin at once. */
  readonly connections: number;
  /** Longest one may take to be made, TLS included, in ms; no longer than a send, as others may wait for it. */
  readonly connectTimeout: number;
}

/** What a client works with, once it was needed. */
interface Opened {
  readonly agent: Agent;
  readonly isParserError: (error: Error) => boolean;
}

/**
 * A pooled client over HTTP/1.1. It asks for no compression, follows no redirect and reads no proxy settings. Its library
 * is loaded with the first request, or by `load`: it is 7 MiB that a process which calls nobody does without.
 */
export function httpClient(options: HttpClientOptions): HttpClient & { load(): Promise<void>; close(): Promise<void> } {
  let opened: Promise<Opened> | null = null;
  const open = () => {
    opened ??= openAgent(options);
    return opened;
  };
  return {
    post: async (request) => exchange(await open(), request),
    connections: options.connections,
    allowsUrl(url) {
      const target = targetOf(url);
      return options.guard?.allowsHost(target.hostname, portOf(target)) ?? true;
    },
    async load() {
      await open();
    },
    async close() {
      await (await opened)?.agent.close();
    },
  };
}

async function openAgent({ guard, connections, connectTimeout }: HttpClientOptions): Promise<Opened> {
  const { Agent, errors } = await import('undici');
  const agent = new Agent({
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: IDLE_TIMEOUT,
    bodyTimeout: IDLE_TIMEOUT,
    // A server may close an idle connection just when a request is written to it, and then nobody knows whether it
    // was read. So idle ones are given up before common servers (2 s and more) do it; a longer promise is believed.
    keepAliveTimeout: 1_500,
    keepAliveMaxTimeout: 30_000,
    connect: (target, callback) => connectTo(target, guard, connectTimeout, callback),
  });
  return { agent, isParserError: (error) => error instanceof errors.HTTPParserError };
}

/**
 * Whether anything was sent is known exactly: `onRequestStart` comes once a connection stands, right before the
 * first byte is written to it.
 */
function exchange(
  { agent, isParserError }: Opened,
  { url, headers: own, body, signal, notAfter, traceparent }: HttpPost,
): Promise<HttpAnswer> {
  if (signal.aborted) return Promise.resolve(neverSent('the time was over'));
  const { origin, pathname, search } = new URL(url);
  const headers = traceparent === undefined ? own : { traceparent, ...own };
  return new Promise((resolve, reject) => {
    let control: Dispatcher.DispatchController | null = null;
    let ended = false;
    let status = 0;
    let answerHeaders: Readonly<Record<string, string>> = {};
    let interim = 0;
    let chunks: Buffer[] = [];
    let size = 0;

    const end = (answer: HttpAnswer) => {
      if (ended) return;
      ended = true;
      signal.removeEventListener('abort', onAbort);
      resolve(answer);
    };
    const endAnswered = () => {
      end({ kind: 'answered', status, headers: answerHeaders, body: textOf(chunks) });
    };
    // A status that has come is an answer, even if the rest of it never does.
    const endUnanswered = (answer: HttpAnswer) => {
      if (status > 0) endAnswered();
      else end(answer);
    };
    const onAbort = () => {
      if (control === null) end(neverSent('no connection in time'));
      else endUnanswered(noAnswer('timeout', 'the time was over'));
      control?.abort(new Error('The time was over.'));
    };
    signal.addEventListener('abort', onAbort, { once: true });

    agent.dispatch(
      { origin, path: pathname + search, method: 'POST', headers: { 'user-agent': 'Tidings', ...headers }, body },
      {
        onRequestStart(controller) {
          const tooLate = notAfter !== null && Date.now() >= notAfter;
          if (tooLate) end(neverSent('no connection before the message expired'));
          if (ended) controller.abort(new Error('The time was over.'));
          else control = controller;
        },
        onResponseStart(controller, code, given) {
          if (code < 200) {
            interim += 1;
            if (interim <= MAX_INTERIM) return;
            end(noAnswer('invalid_response', 'interim answers without end'));
            controller.abort(new Error('There is no end of interim answers.'));
            return;
          }
          status = code;
          answerHeaders = flat(given);
        },
        onResponseData(controller, chunk) {
          if (ended) return;
          chunks.push(chunk);
          size += chunk.length;
          if (chunks.length > MAX_PIECES) chunks = [Buffer.concat(chunks)];
          if (size < MAX_BODY) return;
          endAnswered();
          controller.abort(new Error('The answer is long enough.'));
        },
        onResponseEnd: endAnswered,
        onResponseError(_, error) {
          const code = codeOf(error);
          if (ended) return;
          if (code === 'UND_ERR_INVALID_ARG') {
            signal.removeEventListener('abort', onAbort);
            ended = true;
            reject(error);
          } else if (control !== null) endUnanswered(lost(error, code, isParserError(error)));
          else end(error instanceof ConnectFault ? neverSent(error.message, error.code) : neverSent(code));
        },
      },
    );
  });
}

function lost(error: Error, code: string, notHttp: boolean): HttpAnswer {
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'ETIMEDOUT') {
    return noAnswer('timeout', code);
  }
  if (error instanceof ReplyTooLong) return noAnswer('invalid_response', 'a reply without end');
  // The parser's own codes do not come through in every version; its class does.
  if (notHttp) return noAnswer('invalid_response', 'not HTTP');
  const malformed = code === 'UND_ERR_HEADERS_OVERFLOW' || code.startsWith('UND_ERR_RES_');
  return noAnswer(malformed ? 'invalid_response' : 'connection_lost', code);
}

function neverSent(
  detail: string,
  code: Extract<HttpAnswer, { readonly kind: 'not_sent' }>['code'] = 'connection_failed',
): HttpAnswer {
  return { kind: 'not_sent', code, detail };
}

function noAnswer(code: Extract<HttpAnswer, { readonly kind: 'no_answer' }>['code'], detail: string): HttpAnswer {
  return { kind: 'no_answer', code, detail };
}

/** Of an answer's body, as much as is read of it; most have none, or one piece. */
function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  if (first === undefined) return '';
  const all = chunks.length === 1 ? first : Buffer.concat(chunks);
  return all.toString('utf8', 0, MAX_BODY);
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return result;
}
