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

/**
 * Sees to it that the Debian package `name` is there, which is so when `file` (a path, or a pattern with `*`) exists.
 * Installs it where that is allowed; otherwise throws one line that says what to install.
 */
export async function ensurePackage(name: string, file: string): Promise<void> {
  const there = () => globSync(file).length > 0;
  if (there()) return;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Error(`these tests need ${name}: install it with "apt-get install --no-install-recommends ${name}"`);
  }
  // One at a time: several test files may find it missing at once.
  const lock = join(tmpdir(), 'tidings-test-packages.lock');
  const install = `[ -n "$(ls ${file} 2>/dev/null)" ] || { apt-get update && apt-get install -y --no-install-recommends ${name}; }`;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('flock', [lock, 'sh', '-c', install], { env, maxBuffer: 64 * 1024 * 1024 });
  if (!there()) throw new Error(`the package ${name} is installed but ${file} is not there`);
}
