import type { HttpDeps } from '../../src/http/deps.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { NOW, type TestServer, testServer } from './test-server.ts';

const clock = { now: () => NOW, after: () => () => undefined };

/** A request that is taken. */
export const OK = { recipient: 'user@example.com', message: 'Hello' };
export type Json = Record<string, unknown>;

/** Gives `use` a server over a store in memory, and ends it. */
export async function withServer(
  use: (server: TestServer & { store: ReturnType<typeof memoryStore> }) => Promise<void>,
  changes: Partial<HttpDeps> = {},
): Promise<void> {
  const store = memoryStore({ clock });
  const server = testServer(store, changes);
  try {
    await use({ ...server, store });
  } finally {
    await server.app.close();
  }
}

export function send(app: TestServer['app'], payload: object, headers: Record<string, string> = {}) {
  return app.inject({ method: 'POST', url: '/api/v1/notifications', payload, headers });
}
