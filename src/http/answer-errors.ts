import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpDeps, RequestLine } from './deps.ts';
import { sendProblem } from './problem-reply.ts';
import { refusalOf } from './refusals.ts';

/** Answers what nobody else does with a problem document, and tells of every request, with what was thrown. */
export function answerErrors(app: FastifyInstance, { random, log }: Pick<HttpDeps, 'random' | 'log'>): void {
  const errors = new WeakMap<FastifyRequest, unknown>();
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'not_found'));
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error, random);
    if (refusal.unexpected) errors.set(request, error);
    if (refusal.retryAfter !== null) reply.header('retry-after', refusal.retryAfter);
    return sendProblem(reply, refusal.code, refusal.details);
  });
  app.addHook('onResponse', (request, reply, done) => {
    // A stream was told of when it began: how long it lasted says nothing of how fast it was answered.
    if (reply.getHeader('content-type') === 'text/event-stream') return done();
    const error = errors.get(request);
    const line = lineOf(request, reply);
    log(error === undefined ? line : { ...line, error });
    done();
  });
}

/** What is told of a request, as it stands now. */
export function lineOf(request: FastifyRequest, reply: FastifyReply): RequestLine {
  const { traceparent } = request.raw.headers;
  const line = {
    method: request.method,
    route: request.routeOptions.url ?? null,
    status: reply.statusCode,
    durationMs: reply.elapsedTime,
    requestId: request.id,
  };
  return typeof traceparent === 'string' ? { ...line, traceparent } : line;
}
