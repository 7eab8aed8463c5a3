import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { type PostgresServer, postgresServer, systemClock } from '../kit/postgres.ts';
import { tempFolder } from '../kit/private-instance.ts';
import { PROGRAM } from '../kit/tidings-process.ts';
import { seen, until } from '../kit/until.ts';
import { type Inventory, postgresInventory, sqliteInventory } from './inventory.ts';
import { KEY, SECRET, SITE } from './request.ts';
import { plantSeeds } from './seeds.ts';
import { VENDOR_ENV } from './vendor.ts';
import { Wire } from './wire.ts';

export const STORES = ['sqlite', 'postgres'] as const;
export type StoreName = (typeof STORES)[number];

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  /** Buffers, outside of the heap. */
  readonly external: number;
  /** Properties that somebody added to the prototypes of everything. */
  readonly polluted: readonly string[];
}

/** The real service as a process of its own over one store that holds the seeds. It takes requests and sends nothing. */
export interface Bed {
  readonly store: StoreName;
  readonly port: number;
  /** The environment of another process over the same store. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly inventory: Inventory;
  /** For one request after the other; requests at once need wires of their own. */
  readonly wire: Wire;
  memory(): Promise<Memory>;
  /** What the service logged as an error, or cried out. */
  complaints(): string;
  close(): Promise<void>;
}

/** One for each of these stores, or none. */
export async function openBeds(stores: readonly StoreName[]): Promise<readonly Bed[]> {
  const opened = await Promise.allSettled(stores.map(openBed));
  const beds = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const fault = opened.find((one) => one.status === 'rejected');
  if (fault === undefined) return beds;
  await Promise.all(beds.map((bed) => bed.close()));
  throw fault.reason;
}

async function openBed(store: StoreName): Promise<Bed> {
  const folder = await tempFolder('bad-input');
  let server: PostgresServer | null = null;
  try {
    server = store === 'postgres' ? await postgresServer() : null;
    const file = join(folder, 'tidings.db');
    const url = server === null ? `sqlite:${file}` : await server.database();
    await seeded(
      server === null
        ? openSqliteStore({ path: file, clock: systemClock })
        : await openPostgresStore({ url, clock: systemClock }),
    );
    const inventory = server === null ? sqliteInventory(file) : await postgresInventory(url);
    const env = {
      API_PORT: '0',
      RATE_LIMIT: 'off',
      DATABASE_URL: url,
      LOG_LEVEL: 'error',
      LOG_FORMAT: 'json',
      API_KEYS: KEY,
      TOKEN_SECRET: SECRET,
      INBOX_ORIGINS: SITE,
      ...VENDOR_ENV,
    };
    const service = await startApi(folder, env);
    const wire = new Wire(service.port);
    return {
      ...service,
      store,
      env,
      folder,
      inventory,
      wire,
      async close() {
        wire.close();
        await inventory.close();
        await service.stop();
        await server?.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function seeded(store: Parameters<typeof plantSeeds>[0]): Promise<void> {
  try {
    await plantSeeds(store, Date.now());
  } finally {
    await store.close();
  }
}

async function startApi(folder: string, env: Readonly<Record<string, string>>) {
  const { PATH = '', HOME = '' } = process.env;
  const probe = join(import.meta.dirname, 'probe.ts');
  const child = spawn(process.execPath, ['--expose-gc', '--import', probe, PROGRAM, 'api'], {
    cwd: folder,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  const closed = once(child, 'close').finally(() => process.off('exit', orphaned));
  const port = await seen(
    () => {
      if (child.exitCode !== null) throw new Error(`the service does not start: ${written.stderr}`);
      return /^ {2}API +http:\/\/127\.0\.0\.1:(\d+)\//m.exec(written.stdout)?.[1];
    },
    () => `the service is not up: ${written.stdout}${written.stderr}`,
  );
  return {
    port: Number(port),
    async memory(): Promise<Memory> {
      const answer = once(child, 'message');
      child.send('memory');
      const [memory] = (await until(answer, () => 'the service does not tell its memory')) as [Memory];
      return memory;
    },
    complaints: () => written.stderr,
    async stop() {
      child.kill('SIGTERM');
      await until(closed, () => `the service does not stop: ${written.stderr}`);
      if (child.exitCode !== 0)
        throw new Error(`the service ended with ${String(child.exitCode ?? child.signalCode)}: ${written.stderr}`);
    },
  };
}
