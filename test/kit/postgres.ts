import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { globSync } from 'node:fs';
import { chown, mkdir, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { Clock } from '../../src/domain/clock.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { atEnd } from './at-end.ts';
import { ensurePackages, freePort, tempFolder } from './private-instance.ts';
import { type ServerProcess, serverProcess } from './server-process.ts';
import { PATIENCE } from './until.ts';

const PROGRAMS = '/usr/lib/postgresql/*/bin/postgres';
/** The server refuses to run as root; the Debian package brings this user. */
const USER = 'postgres';

const run = promisify(execFile);

/** A PostgreSQL server of one's own. Its databases are private to whoever asked for them. */
export interface PostgresServer {
  readonly port: number;
  /** The URL of the database that every server has. */
  readonly url: string;
  /** The URL of a new database: empty, or a copy of `template`, which nobody may be connected to meanwhile. */
  database(template?: string): Promise<string>;
  /** Takes away a database that `database` gave, with everybody who is connected to it. */
  drop(url: string): Promise<void>;
  /** Stops it like `pg_ctl stop -m`; its data stay. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  /** Starts it again, on the same port and the same data. */
  start(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

export interface PostgresForTests {
  /** Once the tests have begun. */
  readonly server: PostgresServer;
  /** The URL of a database of the test's own, its schema up to date; `empty` without one. */
  database(t: TestContext, how?: 'empty'): Promise<string>;
}

/** A server for the tests of one file: there before the first, gone after the last, whatever becomes of them. */
export function postgresForTests(): PostgresForTests {
  let running: PostgresServer | null = null;
  let template = '';
  const server = (): PostgresServer => {
    if (running === null) throw new Error('the tests have not begun');
    return running;
  };
  before(async () => {
    running = await postgresServer();
    template = await running.database();
    const store = await openPostgresStore({ url: template, clock: systemClock });
    await store.close();
  });
  after(() => running?.close());
  return {
    get server() {
      return server();
    },
    async database(t, how) {
      const url = await server().database(how === 'empty' ? undefined : template);
      atEnd(t, () => server().drop(url));
      return url;
    },
  };
}

/** An empty database of one's own on the server that the URL names. Answers its URL. */
export async function newDatabase(server: string): Promise<string> {
  const name = `tidings_${randomUUID().replaceAll('-', '')}`;
  await asAdministrator(Number(new URL(server).port), (client) => client.query(`CREATE DATABASE ${name}`));
  return Object.assign(new URL(server), { pathname: `/${name}` }).href;
}

/** Takes away a database that `newDatabase` gave, with everybody who is connected to it. */
export async function dropDatabase(url: string): Promise<void> {
  const sql = `DROP DATABASE IF EXISTS ${databaseName(url)} WITH (FORCE)`;
  await asAdministrator(Number(new URL(url).port), (client) => client.query(sql));
}

/** Starts a server with the settings of a fresh installation. The caller closes it. */
export async function postgresServer(): Promise<PostgresServer> {
  await ensurePackages('postgresql');
  const folder = await tempFolder('postgres');
  const data = join(folder, 'data');
  await initialise(folder, data);
  let { port, server } = await startAnywhere(folder, data);
  let made = 0;

  const url = (name: string) => `postgresql://${USER}@127.0.0.1:${port}/${name}`;
  const administer = (sql: string) => asAdministrator(port, (client) => client.query(sql));

  return {
    port,
    url: url('postgres'),
    async database(template) {
      const name = `tidings_${++made}`;
      const from = template === undefined ? 'template0' : databaseName(template);
      await administer(`CREATE DATABASE ${name} TEMPLATE ${from}`);
      return url(name);
    },
    drop: dropDatabase,
    stop: (mode) => server.end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT'),
    async start() {
      server = runServer(folder, data, port);
      await answering(server, port);
    },
    async close() {
      await server.end('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function databaseName(url: string): string {
  return new URL(url).pathname.slice(1);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Where a program of PostgreSQL is: `pg_dump`, … */
export function program(name: string): string {
  const newest = globSync(PROGRAMS)
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
  if (newest === undefined) throw new Error('PostgreSQL is not installed');
  return join(dirname(newest), name);
}

async function initialise(folder: string, data: string): Promise<void> {
  await mkdir(data);
  const args = [
    '-D',
    data,
    '-A',
    'trust',
    '-U',
    USER,
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
    '--no-instructions',
  ];
  if (!isRoot()) {
    await run(program('initdb'), args, { cwd: folder });
    return;
  }
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (which) => Number((await run('id', [which, USER])).stdout)),
  );
  for (const path of [folder, data]) await chown(path, uid ?? userInfo().uid, gid ?? userInfo().gid);
  await run('runuser', ['-u', USER, '--', program('initdb'), ...args], { cwd: folder });
}

function runServer(folder: string, data: string, port: number): ServerProcess {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', 'timezone=UTC'];
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  if (!isRoot()) return serverProcess(program('postgres'), args, { cwd: folder });
  // To become another user takes back what `serverProcess` asked of the kernel, so it is asked again.
  const asUser = [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', 'setpriv', '--pdeathsig', 'KILL'];
  return serverProcess('setpriv', [...asUser, program('postgres'), ...args], { cwd: folder });
}

async function startAnywhere(folder: string, data: string) {
  for (let tries = 0; ; tries++) {
    const port = await freePort();
    const server = runServer(folder, data, port);
    try {
      await answering(server, port);
      return { port, server };
    } catch (error) {
      // Somebody else may have been quicker to listen on that port.
      await server.end('SIGQUIT');
      if (tries >= 4) throw error;
    }
  }
}

async function answering(server: ServerProcess, port: number): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (server.running && Date.now() < deadline) {
    try {
      await asAdministrator(port, (client) => client.query('SELECT 1'));
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`PostgreSQL does not start: ${server.output}`);
}

async function asAdministrator(port: number, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port, user: USER, database: 'postgres' });
  client.on('error', () => {});
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end();
  }
}
