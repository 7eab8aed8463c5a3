import { execFile, execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PostgresServer, postgresServer } from '../kit/postgres.ts';
import { type RabbitServer, rabbitServer } from '../kit/rabbitmq.ts';
import { type RedisServer, redisServer } from '../kit/redis.ts';
import { type FaultProxy, faultProxy } from './fault-proxy.ts';

export const STORES = ['postgres', 'sqlite'] as const;
export const QUEUES = ['database', 'redis', 'rabbitmq'] as const;
export type StoreKind = (typeof STORES)[number];
export type QueueKind = (typeof QUEUES)[number];

/** Where one process meets the engines: through proxies of its own, where there are any. */
export interface Way {
  readonly member: string;
  readonly database: FaultProxy | null;
  readonly broker: FaultProxy | null;
}

/** The servers of one run, private to it. */
export interface Engines {
  readonly store: StoreKind;
  readonly queue: QueueKind;
  readonly postgres: PostgresServer | null;
  readonly redis: RedisServer | null;
  readonly rabbit: RabbitServer | null;
  /** Empty, unless the run has proxies. */
  readonly ways: readonly Way[];
  /** The folder that holds the SQLite file; its file system is small where a full disk is asked for. */
  readonly dataFolder: string;
  /** The database itself, past all proxies. */
  readonly databaseUrl: string;
  /** The settings that lead `member` here. */
  settingsFor(member: string): Readonly<Record<string, string>>;
  /** From now on `settingsFor` names another queue. */
  useQueue(queue: QueueKind): Promise<void>;
  close(): Promise<void>;
}

export interface EnginesPlan {
  readonly store: StoreKind;
  readonly queue: QueueKind;
  readonly folder: string;
  /** Who gets proxies; nobody, where no fault needs them. */
  readonly proxied: readonly string[];
  /** MiB of the file system under the SQLite file; null: that of the folder. */
  readonly disk: number | null;
}

export async function openEngines(plan: EnginesPlan): Promise<Engines> {
  const closes: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const one of closes.splice(0).toReversed()) await one();
  };
  try {
    return await open(plan, closes, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(plan: EnginesPlan, closes: (() => Promise<unknown>)[], close: () => Promise<void>) {
  const { store, folder } = plan;
  const dataFolder = join(folder, 'data');
  await mkdir(dataFolder);
  if (plan.disk !== null) {
    await mountDisk(dataFolder, plan.disk);
    // However this process ends, the machine is left as it was.
    const unmount = () => execFileSync('umount', ['--lazy', dataFolder]);
    process.once('exit', unmount);
    closes.push(async () => {
      process.off('exit', unmount);
      unmount();
    });
  }
  const postgres = store === 'postgres' ? await postgresServer() : null;
  if (postgres !== null) closes.push(() => postgres.close());
  const database = postgres === null ? `sqlite:${join(dataFolder, 'tidings.db')}` : await postgres.database();
  let queue = plan.queue;
  const brokers = brokersOn(closes);
  await brokers.need(queue);
  const ways: Way[] = [];
  for (const member of plan.proxied) {
    const broker = brokers.port(queue);
    const way: Way = {
      member,
      database: postgres === null ? null : await faultProxy(postgres.port),
      broker: broker === null ? null : await faultProxy(broker),
    };
    ways.push(way);
    closes.push(async () => {
      await way.database?.close();
      await way.broker?.close();
    });
  }

  return {
    store,
    get queue() {
      return queue;
    },
    postgres,
    get redis() {
      return brokers.redis();
    },
    get rabbit() {
      return brokers.rabbit();
    },
    ways,
    dataFolder,
    databaseUrl: database,
    settingsFor(member: string) {
      const way = ways.find((one) => one.member === member);
      const url = brokers.url(queue);
      return {
        DATABASE_URL: throughProxy(database, way?.database ?? null),
        QUEUE_URL: url === null ? 'database' : throughProxy(url, way?.broker ?? null),
      };
    },
    async useQueue(next: QueueKind) {
      await brokers.need(next);
      queue = next;
    },
    close,
  };
}

/** Only root may do this; whoever may not gets an error that says so. */
async function mountDisk(folder: string, mebibytes: number): Promise<void> {
  try {
    await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]);
  } catch (error) {
    throw new Error('a full disk needs the right to mount a small file system', { cause: error });
  }
}

function throughProxy(url: string, proxy: FaultProxy | null): string {
  return proxy === null ? url : url.replace(/(@|\/\/)127\.0\.0\.1:\d+/, `$1127.0.0.1:${proxy.port}`);
}

/** Each broker is started when it is first needed. */
function brokersOn(closes: (() => Promise<unknown>)[]) {
  let redis: RedisServer | null = null;
  let rabbit: RabbitServer | null = null;
  return {
    redis: () => redis,
    rabbit: () => rabbit,
    async need(queue: QueueKind) {
      if (queue === 'redis' && redis === null) {
        const server = await redisServer();
        redis = server;
        closes.push(() => server.close());
      }
      if (queue === 'rabbitmq' && rabbit === null) {
        const server = await rabbitServer();
        rabbit = server;
        closes.push(() => server.close());
      }
    },
    url(queue: QueueKind): string | null {
      if (queue === 'redis') return redis?.url ?? null;
      return queue === 'rabbitmq' ? (rabbit?.url ?? null) : null;
    },
    port(queue: QueueKind): number | null {
      if (queue === 'redis') return redis?.port ?? null;
      return queue === 'rabbitmq' ? (rabbit?.port ?? null) : null;
    },
  };
}
