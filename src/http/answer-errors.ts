import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HttpDeps } from './deps.ts';
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
    const route = request.is404 ? null : (request.routeOptions.url ?? null);
    const line = { method: request.method, route, status: reply.statusCode, durationMs: reply.elapsedTime };
    const error = errors.get(request);
    const { traceparent } = request.headers;
    log({
      ...line,
      requestId: request.id,
      ...(typeof traceparent === 'string' ? { traceparent } : {}),
      ...(error === undefined ? {} : { error }),
    });
    done();
  });
}
