import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler, RouteOptions } from 'fastify';
import type { ProblemCode } from '../domain/problem.ts';
import type { Auth } from './auth.ts';
import type { HttpLimits } from './deps.ts';
import { timesSent } from './headers.ts';
import type { KnownRoutes } from './known-routes.ts';
import { type ProblemDetails, sendProblem } from './problem-reply.ts';
import type { RateGuard } from './rate-limits.ts';

/** JSON in UTF-8, and nothing that a lenient parser might read as that. */
const JSON_TYPE = /^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a route takes instead of JSON; it says itself what is wrong with a body that is empty. */
    readonly bodyType?: { readonly form: RegExp; readonly name: string };
  }
}

/** What every answer carries, unless its route says otherwise. */
export const HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/**
 * The first look at every request, before any byte of its body is read: its line, then, once it is known to be
 * allowed, its headers. Paths and methods that are not served end here too.
 */
export function admission(
  app: FastifyInstance,
  at: {
    readonly limits: HttpLimits;
    readonly routes: KnownRoutes;
    readonly auth: Auth;
    readonly rateGuard: RateGuard;
  },
): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(HEADERS).header('x-request-id', request.id);
    const refusal = refusalOfHead(request, at.limits);
    if (refusal !== null) sendProblem(reply, refusal.code, refusal);
    else at.rateGuard(request, reply, () => (request.is404 ? refusePath(request, reply, at) : done()));
  });
  // Last of all, after those who ask for a key, and before the body is read.
  app.addHook('onRoute', (route) => {
    if ([route.method].flat().every((method) => method === 'GET' || method === 'HEAD')) return;
    const wanted = wantedBody(route);
    const lookAtBody: onRequestHookHandler = (request, reply, done) => {
      const refusal = refusalOfBody(request.raw, wanted);
      if (refusal === null) done();
      else sendProblem(reply, refusal.code, refusal);
    };
    route.onRequest = [...[route.onRequest ?? []].flat(), lookAtBody];
  });
}

type HeadRefusal = { readonly code: ProblemCode } & ProblemDetails;

function refusalOfHead(request: FastifyRequest, limits: HttpLimits): HeadRefusal | null {
  const { raw } = request;
  const target = raw.url ?? '';
  if (target.length > limits.urlCharacters) return { code: 'uri_too_long' };
  // The router would cut it off, others in front of us would not.
  if (target.includes('#')) return { code: 'bad_request', detail: 'A request has no fragment.' };
  if (raw.httpVersion !== '1.1' && raw.httpVersion !== '1.0') {
    return { code: 'bad_request', detail: 'Only HTTP/1.0 and HTTP/1.1 are spoken here.' };
  }
  if (raw.httpVersion === '1.1' && raw.headers.host === undefined) {
    return { code: 'bad_request', detail: 'The Host header is missing.' };
  }
  return null;
}

/** What a route takes for a body. */
interface WantedBody {
  /** Without one the request is refused for that alone. */
  readonly isNeeded: boolean;
  readonly form: RegExp;
  /** Null: JSON, which is what everybody expects. */
  readonly name: string | null;
}

function wantedBody({ schema, config }: RouteOptions): WantedBody {
  const bodyType = config?.bodyType;
  return {
    isNeeded: schema?.body !== undefined && bodyType === undefined,
    form: bodyType?.form ?? JSON_TYPE,
    name: bodyType?.name ?? null,
  };
}

/** What the headers say of the body. */
function refusalOfBody(raw: IncomingMessage, { isNeeded, form, name }: WantedBody): HeadRefusal | null {
  if (timesSent(raw, 'content-type') > 1) {
    return { code: 'bad_request', detail: 'There are several Content-Type headers.' };
  }
  const encoding = raw.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return { code: 'unsupported_media_type' };
  const length = raw.headers['content-length'];
  const isEmpty = raw.headers['transfer-encoding'] === undefined && (length === undefined || length === '0');
  if (isEmpty && !isNeeded) return null;
  if (!form.test(raw.headers['content-type'] ?? '')) {
    return { code: 'unsupported_media_type', ...(name === null ? {} : { detail: `The body must be ${name}.` }) };
  }
  return isEmpty ? { code: 'invalid_json', detail: 'The body is empty.' } : null;
}

/** Without a key nothing is told about what is there and what is not. */
function refusePath(request: FastifyRequest, reply: FastifyReply, at: Parameters<typeof admission>[1]): void {
  // A target may name the host too; the router goes by the path alone.
  const path = ((request.raw.url ?? '').split('?', 1)[0] ?? '').replace(/^https?:\/\/[^/]*/i, '');
  if (path.startsWith('/api/') && !at.auth.isAllowed(request.raw)) {
    sendProblem(reply.header('www-authenticate', 'Bearer'), 'unauthorized');
    return;
  }
  const methods = at.routes.methodsAt(path);
  if (methods.length > 0) sendProblem(reply.header('allow', methods.join(', ')), 'method_not_allowed');
  else sendProblem(reply, 'not_found');
}
