import type { FastifyInstance } from 'fastify';
import { problems } from '../contract/documented.ts';

/** Where the figures are. */
export const METRICS = '/metrics';
/** The type of Prometheus's text format. */
const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** For Prometheus. A key is asked for where there are keys: how much is sent, and how well, is nobody else's business. */
export function metricsRoute(app: FastifyInstance, metrics: () => Promise<string>): void {
  const schema = {
    operationId: 'getMetrics',
    summary: 'Figures of this process, for Prometheus',
    tags: ['Operations'],
    response: {
      200: { description: 'Text format 0.0.4.', content: { 'text/plain': { schema: { type: 'string' } } } },
      ...problems(),
    },
  };
  app.get(METRICS, { schema }, async (_request, reply) => reply.header('content-type', TYPE).send(await metrics()));
}
