import type { FastifyInstance } from 'fastify';
import { admission } from './admission.ts';
import { answerErrors } from './answer-errors.ts';
import { askForKey, createAuth } from './auth.ts';
import { guardConnections } from './connections.ts';
import { HTTP_LIMITS, type HttpDeps } from './deps.ts';
import { knownRoutes } from './known-routes.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoute } from './routes/metrics.ts';
import { bareServer } from './server.ts';

export type OperationsDeps = Pick<
  HttpDeps,
  'random' | 'newRequestId' | 'apiKeys' | 'health' | 'metrics' | 'log' | 'version' | 'limits'
>;

/** For a process that does not serve the API: how it is, and its figures; put together but not listening. */
export function createOperationsServer(deps: OperationsDeps): FastifyInstance {
  const limits = { ...HTTP_LIMITS, ...deps.limits };
  const app = bareServer(deps, limits);
  const auth = createAuth(deps.apiKeys, null);
  guardConnections(app, limits, { isAnyResting: false });
  admission(app, { limits, routes: knownRoutes(app), auth, rateGuard: (_request, _reply, pass) => pass() });
  answerErrors(app, deps);
  app.register(async (root) => {
    await root.register(async (everybody) => healthRoutes(everybody, deps));
    await root.register(async (keyed) => {
      askForKey(keyed, auth);
      metricsRoute(keyed, deps.metrics);
    });
  });
  return app;
}
