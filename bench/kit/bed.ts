import { rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { type PostgresServer, postgresServer } from '../../test/kit/postgres.ts';
import { tempFolder } from '../../test/kit/private-instance.ts';
import { type RabbitServer, rabbitServer } from '../../test/kit/rabbitmq.ts';
import { type RedisServer, redisServer } from '../../test/kit/redis.ts';

export interface BedOptions {
  /** How often each contender has its turn. */
  readonly runs: number;
  /** Everything once and small: to see that it works, not how fast. */
  readonly tiny: boolean;
  /** Rows that are in the store already, where a bench is about that; null: what the bench thinks usual. */
  readonly rows: number | null;
  /** Where CPU profiles of Tidings go; null: none are made. */
  readonly profiles: string | null;
}

/** What a bench stands on: its sizes, servers and folders. All that it started ends with its scope, whatever happens. */
export interface Bed extends BedOptions {
  readonly scope: AsyncDisposableStack;
  sized(usual: number, tiny: number): number;
  /** A bed whose scope ends when the work does. */
  within<T>(work: (bed: Bed) => Promise<T>): Promise<T>;
  /** A new folder on a real disk. */
  folder(): Promise<string>;
  /** Servers that all benches share; started when first asked for. */
  postgres(): Promise<PostgresServer>;
  /** It has the settings that BullMQ asks for: every write in its log, synced every second, nothing evicted. */
  redis(): Promise<RedisServer>;
  rabbit(): Promise<RabbitServer>;
  /** Says on standard error what goes on. */
  tell(text: string): void;
}

/** File systems that are memory: what is written there costs nothing. */
const MEMORY = new Set([0x01021994, 0x858458f6]);

export async function makeBed(options: BedOptions, scope: AsyncDisposableStack): Promise<Bed> {
  if (MEMORY.has((await statfs(tmpdir())).type)) {
    throw new Error(`${tmpdir()} is not on a disk: set TMPDIR to a folder that is`);
  }
  const shared = <T extends { close(): Promise<void> }>(start: () => Promise<T>) => {
    let server: Promise<T> | null = null;
    return () => {
      server ??= start().then((started) => {
        scope.defer(() => started.close());
        return started;
      });
      return server;
    };
  };
  const servers = {
    postgres: shared(postgresServer),
    redis: shared(bullmqRedis),
    rabbit: shared(rabbitServer),
    tell: (text: string) => void process.stderr.write(`${text}\n`),
  };
  return bedIn(scope, options, servers);
}

type Servers = Pick<Bed, 'postgres' | 'redis' | 'rabbit' | 'tell'>;

function bedIn(scope: AsyncDisposableStack, options: BedOptions, servers: Servers): Bed {
  return {
    ...options,
    ...servers,
    scope,
    sized: (usual, tiny) => (options.tiny ? tiny : usual),
    async within(work) {
      // Known to the outer scope too: an interrupt ends that one.
      const inner = scope.use(new AsyncDisposableStack());
      try {
        return await work(bedIn(inner, options, servers));
      } finally {
        await inner.disposeAsync();
      }
    },
    async folder() {
      const folder = await tempFolder('bench');
      scope.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
      return folder;
    },
  };
}

async function bullmqRedis(): Promise<RedisServer> {
  const server = await redisServer();
  await server.command('CONFIG', 'SET', 'appendfsync', 'everysec');
  return server;
}
