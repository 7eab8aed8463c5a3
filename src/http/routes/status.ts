import type { FastifyInstance } from 'fastify';
import { formatTime } from '../../domain/time.ts';
import { answers, problems } from '../contract/documented.ts';
import { StatusOut } from '../contract/status-out.ts';
import type { HttpDeps } from '../deps.ts';
import { timeOrNull } from '../notification-out.ts';

export function statusRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const schema = {
    operationId: 'getStatus',
    summary: 'Engines, providers and configuration',
    tags: ['Operations'],
    response: { 200: answers('As they are in the process that answers.', StatusOut), ...problems() },
  };
  app.get('/status', { schema }, () => Promise.resolve(statusOut(deps)));
}

function statusOut({ status, version, clock, apiKeys }: HttpDeps): StatusOut {
  const pauses = new Map(status.pauses(clock.now()).map((pause) => [pause.provider, pause]));
  const provider = (id: string): StatusOut['channels'][number]['providers'][number] => {
    const pause = pauses.get(id);
    return {
      id,
      state: pause !== undefined ? 'paused' : id === 'sandbox' ? 'sandbox' : 'live',
      paused_until: timeOrNull(pause?.until ?? null),
      cause: pause?.cause ?? null,
    };
  };
  return {
    version,
    node: status.node,
    started_at: formatTime(status.startedAt),
    roles: [...status.roles],
    store: status.store,
    queue: status.queue,
    access: apiKeys.length === 0 ? 'open' : 'keys',
    channels: status.channels.map(({ channel, providers }) => ({ channel, providers: providers.map(provider) })),
    settings: status.settings.map(({ name, value, isDefault }) => ({ name, value, is_default: isDefault })),
  };
}
