import { rm } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DeliveryId } from '../../src/domain/ids.ts';
import type { HttpDeps } from '../../src/http/deps.ts';
import { userTokens } from '../../src/http/user-tokens.ts';
import type { InboxMark } from '../../src/store/inbox.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { atEnd } from './at-end.ts';
import { builders } from './builders.ts';
import { tempFolder } from './private-instance.ts';
import { putIntoInbox } from './put-into-inbox.ts';
import { testServer } from './test-server.ts';

/** For tests: the API of inboxes over a SQLite file, listening. */
export interface InboxService {
  readonly url: string;
  /** Requests so far, in the order in which they were answered: `GET /inbox 200`. */
  readonly asked: string[];
  mint(userId: string): Promise<string>;
  /** One more entry; answers its id. */
  deliver(
    body: string,
    over?: { readonly userId?: string; readonly title?: string; readonly actionUrl?: string },
  ): Promise<DeliveryId>;
  mark(userId: string, as: InboxMark, ids: readonly DeliveryId[]): Promise<void>;
  /** How many streams are open. */
  streams(): number;
  /** Breaks every connection. */
  cut(): void;
  /** Takes no more connections, and breaks those that there are. */
  leave(): void;
  /** Forgets the marks so far, so that nobody can go on from before them. */
  forget(): Promise<void>;
  /** Ends every token that was made so far, as if time had passed. */
  expire(): void;
}

const TTL = 600_000;

export async function inboxService(t: TestContext, changes: Partial<HttpDeps> = {}): Promise<InboxService> {
  let ahead = 0;
  const clock = {
    now: () => Date.now() + ahead,
    after: (ms: number, callback: () => void) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  };
  const folder = await tempFolder('inbox');
  const store = openSqliteStore({ path: join(folder, 'tidings.db'), clock });
  const build = builders(clock.now);
  const tokens = userTokens({ secrets: [new Uint8Array(32)], ttl: TTL, clock });
  const { app, lines } = testServer(store, { clock, tokens, apiKeys: ['key-1'], ...changes });
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const streams = new Set<object>();
  app.addHook('onRequest', (request, { raw }, done) => {
    if (request.url.endsWith('/stream')) {
      streams.add(raw);
      raw.on('close', () => streams.delete(raw));
    }
    done();
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  atEnd(t, async () => {
    cut();
    await app.close();
    await store.close();
    await rm(folder, { recursive: true });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    get asked() {
      return lines.map(
        ({ method, route, status }) => `${method} ${(route ?? '').replace('/api/v1/users/:user_id', '')} ${status}`,
      );
    },
    mint: async (userId) => (await tokens.mint(userId)).token,
    async deliver(body, { userId = 'u', title, actionUrl } = {}) {
      const entry = build.inboxEntry({
        userId,
        body,
        title: title ?? null,
        actionUrl: actionUrl ?? null,
        createdAt: clock.now(),
      });
      await putIntoInbox(store, [entry]);
      return entry.id;
    },
    mark: async (userId, as, ids) => void (await store.markInbox(userId, as, { ids }, clock.now())),
    streams: () => streams.size,
    cut,
    leave() {
      app.server.close();
      cut();
    },
    async forget() {
      while ((await store.forgetMarks(clock.now() + 1, 100)) > 0);
    },
    expire() {
      ahead += TTL + 60_000;
    },
  };
}
