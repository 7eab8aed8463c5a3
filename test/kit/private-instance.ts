import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Ports above these are the kernel's: one that was free may be somebody's outgoing connection a moment later. */
const FIRST_PORT = 12_000;
const LAST_PORT = 32_000;

/**
 * A port of 127.0.0.1 that nobody listens on. It is chosen at random, so that two processes that ask at once hardly
 * ever get the same; whoever cannot listen on it after all asks again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const server = createServer();
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return port;
    } catch {
      // Taken: try another.
    } finally {
      server.close();
    }
  }
}

/** A new folder of one's own; whoever asks removes it. */
export function tempFolder(prefix: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `tidings-${prefix}-`));
}

/** The Debian packages that tests may need, each with a file that tells whether it is there (`*` may stand in it). */
const PACKAGES = {
  postgresql: '/usr/lib/postgresql/*/bin/postgres',
  pgbouncer: '/usr/sbin/pgbouncer',
  'redis-server': '/usr/bin/redis-server',
  'rabbitmq-server': '/usr/lib/rabbitmq/bin/rabbitmq-server',
  wrk: '/usr/bin/wrk',
  chromium: '/usr/bin/chromium',
} as const;

export type PackageName = keyof typeof PACKAGES;
export const PACKAGE_NAMES = Object.keys(PACKAGES) as readonly PackageName[];

/**
 * Sees to it that the packages are there. Installs what is missing where that is allowed, which is for root on Debian;
 * otherwise throws one line that says what to install. Starts no service.
 */
export async function ensurePackages(...names: readonly PackageName[]): Promise<void> {
  const missing = () => names.filter((name) => globSync(PACKAGES[name]).length === 0);
  if (missing().length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    const command = `apt-get install --no-install-recommends ${missing().join(' ')}`;
    throw new Error(`the tests need ${missing().join(', ')}: install with "${command}"`);
  }
  // One at a time: several test files may find it missing at once.
  const lock = join(tmpdir(), 'tidings-test-packages.lock');
  const install = `apt-get update && apt-get install -y --no-install-recommends ${missing().join(' ')}`;
  // In runlevel 1 the packages' own scripts leave their servers alone.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await run('flock', [lock, 'sh', '-c', install], { env, maxBuffer: 64 * 1024 * 1024 });
  if (missing().length > 0) throw new Error(`${missing().join(', ')} cannot be found after having been installed`);
}
