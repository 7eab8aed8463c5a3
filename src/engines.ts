import { randomUUID } from 'node:crypto';
import { stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Config } from './config/config.ts';
import type { Clock } from './domain/clock.ts';
import type { RateLimit } from './domain/rate-limit.ts';
import { withoutPassword } from './domain/settings.ts';
import type { Limiter } from './limiter/limiter.ts';
import { localLimiter } from './limiter/local/local-limiter.ts';
import type { ChangeSignal } from './queue/database/change-signal.ts';
import type { BrokerQueue, QueueNotice } from './queue/queue.ts';
import type { AuditStore } from './store/audit.ts';
import type { Backups } from './store/backup.ts';
import type { InboxStore } from './store/inbox.ts';
import type { MoveLog, News } from './store/moves.ts';
import type { RetentionStore } from './store/retention.ts';
import type { SandboxStore } from './store/sandbox.ts';
import { openSqliteAudit } from './store/sqlite/audit.ts';
import { sqliteBackups } from './store/sqlite/backup.ts';
import { openSqliteStore, openSqliteThread, type SqliteStore } from './store/sqlite/sqlite-store.ts';
import type { Store } from './store/store.ts';
import type { TransferStore } from './store/transfer.ts';
import type { StorageFigures } from './telemetry/gauges.ts';

/**
 * Which engines there are, and how the settings choose them: the one place that knows. Those that are not chosen are
 * not loaded, as the libraries of all of them together are a tenth of an idle process's memory.
 */
export interface OpenStore {
  readonly store: Store & InboxStore & SandboxStore & RetentionStore & TransferStore & MoveLog & News & ChangeSignal;
  /** The clock that the store's times are on. */
  readonly clock: Clock;
  readonly migrated: readonly string[];
  /** For people: the file, or the URL without its password. */
  readonly place: string;
  /** What the engine says of itself, for metrics. */
  readonly figures: () => Promise<StorageFigures>;
}

/** Opens the store and brings its schema up to date; throws a sentence when it cannot be used. */
export async function openStore(
  config: Pick<Config, 'database' | 'databasePool'>,
  clock: Clock,
  onNotice: (text: string) => void,
): Promise<OpenStore> {
  const open = await openEither(config, clock, onNotice, openSqliteThread);
  try {
    const copy = await open.store.findCopy();
    if (copy === null || copy.endedAt !== null) return open;
    throw new Error(
      `${open.place} holds a part of ${copy.source}: the copy has not ended. Run "tidings copy" again to its end.`,
    );
  } catch (error) {
    await open.store.close();
    throw error;
  }
}

/** The same, also where a copy into the store has not ended: nobody but that copy may work with it. */
export function openStoreForCopy(
  config: Pick<Config, 'database' | 'databasePool'>,
  clock: Clock,
  onNotice: (text: string) => void,
): Promise<OpenStore> {
  return openEither(config, clock, onNotice, async (path) => openSqliteStore({ path, clock, onNotice }));
}

async function openEither(
  { database, databasePool }: Pick<Config, 'database' | 'databasePool'>,
  clock: Clock,
  onNotice: (text: string) => void,
  openSqlite: (path: string, onNotice: (text: string) => void) => Promise<SqliteStore>,
): Promise<OpenStore> {
  switch (database.kind) {
    case 'sqlite': {
      const path = isAbsolute(database.path) ? database.path : resolve(database.path);
      const store = await openSqlite(path, onNotice);
      return { store, clock, migrated: store.migrated, place: path, figures: () => fileFigures(path) };
    }
    case 'postgres': {
      const { url } = database;
      const { openPostgresStore } = await import('./store/postgres/postgres-store.ts');
      const store = await openPostgresStore({ url, clock, connections: databasePool, onNotice });
      const figures = () => Promise.resolve({ poolWaiting: store.waiting() });
      return { store, clock: store.storeClock(), migrated: store.migrated, place: withoutPassword(url), figures };
    }
  }
}

/** Opens the store for going through it: nothing is changed, its schema neither, and others may be working with it. */
export async function openAudit(
  { database }: Pick<Config, 'database'>,
  clock: Clock,
  onNotice: (text: string) => void,
): Promise<AuditStore> {
  if (database.kind === 'sqlite') return openSqliteAudit(resolve(database.path), clock);
  const { openPostgresAudit } = await import('./store/postgres/audit.ts');
  return openPostgresAudit({ url: database.url, clock, onNotice });
}

/** Where a store is one file, how to back it up; null where its server has tools of its own for that. */
export function backupsOf({ database }: Pick<Config, 'database'>, clock: Clock): Backups | null {
  return database.kind === 'sqlite' ? sqliteBackups(resolve(database.path), clock) : null;
}

async function fileFigures(path: string): Promise<StorageFigures> {
  const [{ bavail, bsize }, wal] = await Promise.all([
    statfs(dirname(path)),
    // There is none before the first write.
    stat(`${path}-wal`).catch(() => null),
  ]);
  return { diskFree: bavail * bsize, walBytes: wal?.size ?? 0 };
}

/** The queue that carries; null where the store itself is the queue. Connects in the background. */
export async function openQueue(
  { queue, concurrency }: Pick<Config, 'queue' | 'concurrency'>,
  clock: Clock,
  onNotice: (notice: QueueNotice) => void,
): Promise<BrokerQueue | null> {
  switch (queue.kind) {
    case 'database':
      return null;
    case 'redis': {
      const { redisQueue } = await import('./queue/redis/redis-queue.ts');
      return redisQueue({ url: queue.url, consumer: `${hostname()}-${process.pid}-${randomUUID()}`, clock, onNotice });
    }
    case 'rabbitmq': {
      const { rabbitmqQueue } = await import('./queue/rabbitmq/rabbitmq-queue.ts');
      return rabbitmqQueue({ url: queue.url, prefetch: concurrency, clock, onNotice });
    }
  }
}

/** What counts how often clients ask: in Redis where there is one, as otherwise each process has limits of its own. */
export async function openLimiter(
  limit: RateLimit,
  url: string | null,
  clock: Clock,
  told: { readonly onAway: (error: unknown) => void; readonly onBack: () => void },
): Promise<Limiter> {
  const local = localLimiter(limit, clock);
  if (url === null) return local;
  const { RedisLink } = await import('./queue/redis/redis-link.ts');
  const { redisLimiter } = await import('./limiter/redis/redis-limiter.ts');
  const link = new RedisLink(url, clock);
  // The first requests would not wait as long as connecting takes. Where it fails, they will find that out.
  await link.run((client) => client.ping()).catch(() => undefined);
  return redisLimiter({
    limit,
    local,
    evaluate: (script, keys, args) => link.run((client) => client.eval(script, keys.length, ...keys, ...args)),
    clock,
    ...told,
    close: () => link.close(),
  });
}
