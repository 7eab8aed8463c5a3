import { rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DeliveryId } from '../../src/domain/ids.ts';
import { formatTime } from '../../src/domain/time.ts';
import type { HttpDeps } from '../../src/http/deps.ts';
import { userTokens } from '../../src/http/user-tokens.ts';
import type { InboxEntry } from '../../src/store/inbox.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { atEnd } from './at-end.ts';
import { builders } from './builders.ts';
import { tempFolder } from './private-instance.ts';
import { testServer } from './test-server.ts';

/** For tests: the API of inboxes over a SQLite file, listening, with a stream of what happens in it. */
export interface InboxService {
  readonly url: string;
  readonly server: ReturnType<typeof testServer>['app'];
  /** Requests so far: `GET /inbox 200`, in the order in which they were answered. */
  readonly asked: string[];
  mint(userId: string): Promise<string>;
  /** One more entry; answers its id. */
  deliver(
    body: string,
    over?: { readonly userId?: string; readonly title?: string; readonly actionUrl?: string },
  ): Promise<DeliveryId>;
  mark(userId: string, as: 'read' | 'unread' | 'archive' | 'unarchive', ids: readonly DeliveryId[]): Promise<void>;
  /** How many streams are open. */
  streams(): number;
  /** Breaks every connection. */
  cut(): void;
  /** From here on streams are told nothing, as if something in between kept it. */
  mute(): void;
  /** Forgets what happened so far, so that nobody can go on from there. */
  forget(): void;
  /** Ends every token that was made so far, as if time had passed. */
  expire(): void;
}

interface Told {
  readonly number: number;
  readonly text: string;
}

const ROUTE = '/api/v1/users/:user_id/inbox/stream';

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
  const tokens = userTokens({ secrets: [new Uint8Array(32)], ttl: 600_000, clock });
  const logs = new Map<string, Told[]>();
  const open = new Map<ServerResponse, string>();
  let count = 0;
  let isMuted = false;

  const tell = (userId: string, type: string, data: object) => {
    count += 1;
    const told = { number: count, text: `event: ${type}\nid: ${count}\ndata: ${JSON.stringify(data)}\n\n` };
    logs.set(userId, [...(logs.get(userId) ?? []), told]);
    if (isMuted) return;
    for (const [response, whose] of open) if (whose === userId) response.write(told.text);
  };
  const counted = async (userId: string) => tell(userId, 'counts', await store.countInbox(userId));
  const markInbox = store.markInbox.bind(store);
  const watched = Object.assign(store, {
    markInbox: async (...[userId, as, which, now]: Parameters<typeof store.markInbox>) => {
      const changed = await markInbox(userId, as, which, now);
      const what = 'ids' in which ? which : { before: which.before === null ? null : formatTime(which.before) };
      tell(userId, 'update', { as, ...what });
      await counted(userId);
      return changed;
    },
  });
  const { app, lines } = testServer(watched, { clock, tokens, apiKeys: ['key-1'], ...changes });
  app.options(ROUTE, (request, reply) =>
    reply
      .code(204)
      .headers({
        'access-control-allow-origin': request.headers.origin,
        'access-control-allow-headers': 'authorization, last-event-id',
      })
      .send(),
  );
  app.get<{ Params: { user_id: string } }>(ROUTE, async (request, reply) => {
    const userId = request.params.user_id;
    reply.header('access-control-allow-origin', request.headers.origin ?? '*');
    const token = await tokens.read(request.headers.authorization?.slice(7) ?? '');
    if (!token.ok) return reply.code(401).send({ code: token.code, detail: 'No.' });
    if (token.userId !== userId) return reply.code(403).send({ code: 'forbidden', detail: 'No.' });
    const after = request.headers['last-event-id'];
    const log = logs.get(userId) ?? [];
    if (after !== undefined && !/^\d+$/.test(String(after))) return reply.code(400).send({ code: 'invalid_cursor' });
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'access-control-allow-origin': request.headers.origin ?? '*',
    });
    raw.write('retry: 20\n\n');
    const oldest = log[0]?.number ?? count + 1;
    if (after !== undefined && Number(after) + 1 < oldest && Number(after) < count)
      raw.write('event: reset\ndata: {}\n\n');
    else if (after !== undefined) for (const { number, text } of log) if (number > Number(after)) raw.write(text);
    raw.write(`event: counts\nid: ${count}\ndata: ${JSON.stringify(await store.countInbox(userId))}\n\n`);
    open.set(raw, userId);
    raw.on('close', () => open.delete(raw));
    return reply;
  });
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  atEnd(t, async () => {
    cut();
    await app.close();
    await store.close();
    await rm(folder, { recursive: true });
  });
  const asked: string[] = [];
  lines.push = (...more) => {
    for (const { method, route, status } of more) {
      asked.push(`${method} ${(route ?? '').replace('/api/v1/users/:user_id', '')} ${status}`);
    }
    return asked.length;
  };
  return {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    server: app,
    asked,
    mint: async (userId) => (await tokens.mint(userId)).token,
    async deliver(body, { userId = 'u', title, actionUrl } = {}) {
      const entry = build.inboxEntry({
        userId,
        body,
        title: title ?? null,
        actionUrl: actionUrl ?? null,
        createdAt: clock.now(),
      });
      await store.addToInbox([entry]);
      const [added] = (await store.listInbox(userId, null, { limit: 1, after: null })).items;
      if (added !== undefined) tell(userId, 'notification', onTheWire(added));
      await counted(userId);
      return entry.id;
    },
    async mark(userId, as, ids) {
      await watched.markInbox(userId, as, { ids }, clock.now());
    },
    streams: () => open.size,
    cut,
    mute() {
      isMuted = true;
    },
    forget() {
      count += 1;
      logs.clear();
    },
    expire() {
      ahead += 700_000;
    },
  };
}

function onTheWire(entry: InboxEntry) {
  return {
    id: entry.id,
    notification_id: entry.notificationId,
    title: entry.title,
    body: entry.body,
    action_url: entry.actionUrl,
    data: entry.data,
    created_at: formatTime(entry.createdAt),
    seen_at: null,
    read_at: null,
    archived_at: null,
  };
}
