import { rm } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { ensurePackages, freePort, tempFolder } from './private-instance.ts';
import { type ServerProcess, serverProcess } from './server-process.ts';
import { until } from './until.ts';

const PROGRAM = '/usr/bin/redis-server';

/** A Redis server of one's own. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Sends one command as it is. Only while the server runs. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>;
  /** Stops it as an operator would, or as a power cut does; its data stay. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, on the same port and the same data. */
  start(): Promise<void>;
  /** Lets it stand still, so that connections stay open and nothing answers, until it is resumed. */
  pause(): void;
  resume(): void;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

/** Starts a Redis server that writes every command to disk at once. The caller closes it. */
export async function redisServer(): Promise<RedisServer> {
  await ensurePackages('redis-server');
  const folder = await tempFolder('redis');
  let { port, server, client } = await startAnywhere(folder);

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    command: (name, ...args) => client.call(name, ...args),
    async stop(signal = 'SIGTERM') {
      client.disconnect();
      await server.end(signal);
    },
    async start() {
      server = run(folder, port);
      client = await connected(server, port);
    },
    pause: () => void process.kill(server.pid, 'SIGSTOP'),
    resume: () => void process.kill(server.pid, 'SIGCONT'),
    async close() {
      client.disconnect();
      await server.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startAnywhere(folder: string) {
  for (let tries = 0; ; tries++) {
    const port = await freePort();
    const server = run(folder, port);
    try {
      return { port, server, client: await connected(server, port) };
    } catch (error) {
      // Somebody else may have been quicker to listen on that port.
      await server.end('SIGKILL');
      if (tries >= 4) throw error;
    }
  }
}

function run(folder: string, port: number): ServerProcess {
  const options = { '--port': String(port), '--bind': '127.0.0.1', '--dir': folder, '--save': '' };
  const durable = { '--appendonly': 'yes', '--appendfsync': 'always' };
  return serverProcess(PROGRAM, Object.entries({ ...options, ...durable }).flat(), { cwd: folder });
}

/** A client, when the server has answered it. */
async function connected(server: ServerProcess, port: number): Promise<Redis> {
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => {});
  try {
    const answer = Promise.race([client.ping(), server.exited.then(() => Promise.reject(new Error('it ended')))]);
    await until(answer, () => 'it does not answer');
    return client;
  } catch (error) {
    client.disconnect();
    throw new Error(`redis-server does not start: ${server.output}`, { cause: error });
  }
}
