import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from 'rabbitmq-client';
import { ensurePackages, freePort, tempFolder } from './private-instance.ts';
import { type ServerProcess, serverProcess } from './server-process.ts';
import { until } from './until.ts';

const PROGRAMS = '/usr/lib/rabbitmq/bin';
/** It starts slowly, and slower still beside others, in ms. */
const START_PATIENCE = 90_000;

/** A RabbitMQ server of one's own: a cluster of one node. */
export interface RabbitServer {
  readonly port: number;
  readonly url: string;
  /** Where `newVirtualHost` asks for one. */
  readonly management: string;
  /** A client of the test's own. It reconnects by itself; the server's `close` ends it. */
  readonly client: Connection;
  /** Stops it as an operator would, or as a power cut does; its data stay. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, on the same port and the same data. */
  start(): Promise<void>;
  /** Runs the operator's tool against it. Takes a second or two. */
  control(...args: string[]): Promise<string>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/** Where one instance lives: the ports are its own, as is the register that Erlang nodes keep of one another. */
interface Place {
  readonly folder: string;
  readonly port: number;
  readonly managementPort: number;
  readonly env: Readonly<Record<string, string>>;
}

/** A virtual host of one's own on the server with that management URL. Answers its URL. */
export async function newVirtualHost(management: string): Promise<string> {
  const { username, password, origin, searchParams } = new URL(management);
  const name = randomUUID();
  const put = async (path: string, body: object) => {
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await fetch(`${origin}/api/${path}`, { method: 'PUT', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`RabbitMQ answers ${answer.status} to ${path}: ${await answer.text()}`);
  };
  await put(`vhosts/${name}`, {});
  await put(`permissions/${name}/${username}`, { configure: '.*', write: '.*', read: '.*' });
  return `amqp://${username}:${password}@127.0.0.1:${searchParams.get('amqp')}/${name}`;
}

/** Starts a RabbitMQ server. The caller closes it. */
export async function rabbitServer(): Promise<RabbitServer> {
  await ensurePackages('rabbitmq-server');
  const { place, register, server: first } = await startAnywhere();
  let server = first;
  const url = `amqp://guest:guest@127.0.0.1:${place.port}`;
  const client = new Connection({ url, retryLow: 20, retryHigh: 200 });
  client.on('error', () => {});

  return {
    port: place.port,
    url,
    management: `http://guest:guest@127.0.0.1:${place.managementPort}/?amqp=${place.port}`,
    client,
    stop: (signal = 'SIGTERM') => server.end(signal),
    async start() {
      server = run(place);
      await answering(server, place.port);
    },
    async control(...args) {
      const tool = join(PROGRAMS, 'rabbitmqctl');
      const { stdout } = await promisify(execFile)(tool, args, { env: { ...process.env, ...place.env } });
      return stdout;
    },
    async close() {
      client.unsafeDestroy();
      await end(place, server, register);
    },
  };
}

async function startAnywhere() {
  for (let tries = 0; ; tries++) {
    const place = await newPlace();
    const registerArgs = ['-port', String(place.env.ERL_EPMD_PORT), '-address', '127.0.0.1'];
    const register = serverProcess('epmd', registerArgs, { cwd: place.folder });
    const server = run(place);
    try {
      await answering(server, place.port);
      return { place, register, server };
    } catch (error) {
      // Somebody else may have been quicker to listen on one of the ports.
      await end(place, server, register);
      if (tries >= 2) throw error;
    }
  }
}

async function newPlace(): Promise<Place> {
  const [folder, port, managementPort, nodes, register] = await Promise.all([
    tempFolder('rabbitmq'),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  await mkdir(join(folder, 'generated'));
  const settings = [
    `listeners.tcp.local = 127.0.0.1:${port}`,
    `management.tcp.port = ${managementPort}`,
    'management.tcp.ip = 127.0.0.1',
    '',
  ].join('\n');
  await Promise.all([
    writeFile(join(folder, 'rabbitmq.conf'), settings),
    writeFile(join(folder, 'plugins'), '[rabbitmq_management].\n'),
  ]);
  const env = {
    HOME: folder,
    RABBITMQ_NODENAME: `tidings-${port}@localhost`,
    ERL_EPMD_PORT: String(register),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_DIST_PORT: String(nodes),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    // The script then becomes the server instead of watching over it: its process is the one to end.
    RUNNING_UNDER_SYSTEMD: '1',
  };
  return { folder, port, managementPort, env };
}

function run({ folder, env }: Place): ServerProcess {
  return serverProcess(join(PROGRAMS, 'rabbitmq-server'), [], { cwd: folder, env });
}

async function answering(server: ServerProcess, port: number): Promise<void> {
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  const client = new Connection({ url, retryLow: 50, retryHigh: 200, acquireTimeout: START_PATIENCE });
  client.on('error', () => {});
  try {
    // A connection is taken before everything behind it has started: a quorum queue is the last that works.
    const works = client.queueDeclare({
      queue: 'tidings-started',
      durable: true,
      arguments: { 'x-queue-type': 'quorum' },
    });
    const ended = server.exited.then(() => Promise.reject(new Error('it ended')));
    await until(Promise.race([works, ended]), () => 'it does not answer', START_PATIENCE);
  } catch (error) {
    throw new Error(`rabbitmq-server does not start: ${server.output}`, { cause: error });
  } finally {
    client.unsafeDestroy();
  }
}

async function end(place: Place, server: ServerProcess, register: ServerProcess): Promise<void> {
  await server.end('SIGKILL');
  await register.end('SIGKILL');
  await rm(place.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
