import type { FastifyInstance } from 'fastify';
import { idMaker } from '../../src/domain/ids.ts';
import { DEFAULT_SCHEDULE, scheduledPolicy } from '../../src/domain/retry-policy.ts';
import type { HttpDeps, RequestLine } from '../../src/http/deps.ts';
import { createServer } from '../../src/http/server.ts';
import { userTokens } from '../../src/http/user-tokens.ts';
import { createAccept } from '../../src/pipeline/accept.ts';
import { createControl } from '../../src/pipeline/control.ts';
import type { InboxStore } from '../../src/store/inbox.ts';
import type { MoveLog, News } from '../../src/store/moves.ts';
import type { SandboxStore } from '../../src/store/sandbox.ts';
import type { Store } from '../../src/store/store.ts';

export const NOW = Date.UTC(2026, 0, 31, 9, 30);

export interface TestServer {
  readonly app: FastifyInstance;
  readonly lines: RequestLine[];
}

/** For tests: a server over a store, with a clock that stands still and counted ids. It listens nowhere. */
export function testServer(
  store: Store & InboxStore & SandboxStore & MoveLog & News,
  changes: Partial<HttpDeps> = {},
): TestServer {
  const lines: RequestLine[] = [];
  const clock = { now: () => NOW, after: () => () => undefined };
  let bytes = 0;
  const ids = idMaker((count) => Uint8Array.from({ length: count }, () => (bytes = (bytes + 7) % 256)));
  const rules = { defaultChannels: ['email', 'sms', 'in_app'] as const, sandboxed: new Set<never>() };
  const handOff = () => undefined;
  const emit = () => undefined;
  const retry = scheduledPolicy(DEFAULT_SCHEDULE);
  let requests = 0;
  const app = createServer({
    store,
    inbox: store,
    moves: store,
    news: store,
    sandbox: store,
    accept: createAccept({ store, handOff, handedOverUntil: () => null, clock, ids, rules, emit }),
    control: createControl({ store, handOff, clock, retry, emit }),
    clock,
    random: () => 0.5,
    newRequestId: () => `made-${++requests}`,
    defaultRetry: retry,
    allowsWebhook: () => true,
    apiKeys: [],
    tokens: userTokens({ secrets: [new Uint8Array(32)], ttl: 900_000, clock: changes.clock ?? clock }),
    health: () => Promise.resolve({ store: { ok: true, needed: true, detail: null } }),
    metrics: () => Promise.resolve('# TYPE up gauge\nup 1\n'),
    log: (line) => lines.push(line),
    onRefused: () => undefined,
    version: '0.0.0-test',
    status: {
      node: 'v24.0.0',
      startedAt: NOW,
      roles: ['api'],
      store: 'memory',
      queue: 'database',
      channels: [],
      pauses: () => [],
      settings: [],
    },
    dashboard: null,
    ...changes,
  });
  return { app, lines };
}
