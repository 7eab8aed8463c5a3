import type { FastifyInstance } from 'fastify';
import type { HealthReport } from '../../pipeline/health.ts';
import { answers, openProblems } from '../contract/documented.ts';
import { HealthOut, LiveOut, ReadyOut } from '../contract/other.ts';
import type { HttpDeps } from '../deps.ts';
import { sendProblem } from '../problem-reply.ts';

const tags = ['Operations'];

/** For people, supervisors and load balancers. No key is asked for. */
export function healthRoutes(app: FastifyInstance, deps: Pick<HttpDeps, 'health' | 'version'>): void {
  const health = {
    operationId: 'getHealth',
    summary: 'How the service is',
    tags,
    response: { 200: answers('Also when something is wrong: see `status`.', HealthOut), ...openProblems() },
  };
  app.get('/health', { schema: health }, async () => {
    const parts = await partsOf(deps);
    const failing = Object.values(parts).filter((part) => !part.ok);
    const status = failing.length === 0 ? 'ok' : failing.some((part) => part.needed) ? 'failing' : 'degraded';
    return { status, version: deps.version, parts };
  });

  const live = {
    operationId: 'getLiveness',
    summary: 'Whether the process answers; looks at nothing else',
    tags,
    response: { 200: answers('It does.', LiveOut), ...openProblems() },
  };
  app.get('/health/live', { schema: live }, () => Promise.resolve({ status: 'ok' }));

  const ready = {
    operationId: 'getReadiness',
    summary: 'Whether this process can do its work',
    tags,
    response: { 200: answers('It can.', ReadyOut), ...openProblems('not_ready') },
  };
  app.get('/health/ready', { schema: ready }, async (_request, reply) => {
    const parts = await partsOf(deps);
    const failing = Object.entries(parts).filter(([, part]) => part.needed && !part.ok);
    if (failing.length === 0) return { status: 'ready', parts };
    const detail = `Not ready: ${failing.map(([name]) => name).join(', ')}.`;
    return sendProblem(reply.header('retry-after', '5'), 'not_ready', { detail, more: { parts } });
  });
}

/** A report that cannot be made is a failing part, not a fault of the one who asks. */
async function partsOf(deps: Pick<HttpDeps, 'health'>): Promise<HealthReport> {
  try {
    return await deps.health();
  } catch {
    return { health: { ok: false, needed: true, detail: 'The state of the service could not be found out.' } };
  }
}
