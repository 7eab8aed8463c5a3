import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { dropDatabase, newDatabase, postgresServer } from './postgres.ts';
import { newVirtualHost, rabbitServer } from './rabbitmq.ts';
import { redisServer } from './redis.ts';

/** Where a service has its data, and what carries them: its settings. */
export type Place = Readonly<Record<'DATABASE_URL' | 'QUEUE_URL', string>>;

export const STORES = ['sqlite', 'postgres'] as const;
export const QUEUES = ['database', 'redis', 'rabbitmq'] as const;

/**
 * A place of the test's own on the engines that are being tested: what TEST_STORE and TEST_QUEUE name, SQLite and its
 * own queue where they name none. TEST_POSTGRES and TEST_RABBITMQ are servers that are running already; without them
 * the test gets one to itself.
 */
export async function newPlace(t: TestContext, folder: string): Promise<Place> {
  const { TEST_STORE = 'sqlite', TEST_QUEUE = 'database' } = process.env;
  const [DATABASE_URL, QUEUE_URL] = await Promise.all([databaseUrl(t, TEST_STORE, folder), queueUrl(t, TEST_QUEUE)]);
  return { DATABASE_URL, QUEUE_URL };
}

async function databaseUrl(t: TestContext, store: string, folder: string): Promise<string> {
  switch (store) {
    case 'sqlite':
      return `sqlite:${join(folder, 'tidings.db')}`;
    case 'postgres': {
      const url = await newDatabase(process.env.TEST_POSTGRES ?? (await own(t, postgresServer())).url);
      atEnd(t, () => dropDatabase(url));
      return url;
    }
    default:
      throw new Error(`TEST_STORE=${store} is none of ${STORES.join(', ')}`);
  }
}

async function queueUrl(t: TestContext, queue: string): Promise<string> {
  switch (queue) {
    case 'database':
      return 'database';
    case 'redis':
      return (await own(t, redisServer())).url;
    case 'rabbitmq':
      return newVirtualHost(process.env.TEST_RABBITMQ ?? (await own(t, rabbitServer())).management);
    default:
      throw new Error(`TEST_QUEUE=${queue} is none of ${QUEUES.join(', ')}`);
  }
}

async function own<T extends { close(): Promise<void> }>(t: TestContext, starting: Promise<T>): Promise<T> {
  const server = await starting;
  atEnd(t, () => server.close());
  return server;
}
