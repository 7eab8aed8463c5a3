import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { until } from './until.ts';

export const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'tidings.js');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The program as a process of its own. */
export interface TidingsProcess {
  readonly pid: number;
  /** Everything written so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  kill(signal: NodeJS.Signals): void;
}

/** A folder of its own for this test, gone afterwards. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-trip-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Starts it with nothing in its environment but what is given, and no limit on how often a client may ask, as all that
 * tests ask comes from one address. It is not outlived by the process that started it.
 */
export function spawnTidings(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): TidingsProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd,
    env: { PATH, HOME, RATE_LIMIT: 'off', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  let running = true;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    // Not `exit`: by `close` all that it wrote has been read.
    child.once('close', (code, signal) => {
      running = false;
      process.off('exit', orphaned);
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid ?? -1,
    get stdout() {
      return written.stdout;
    },
    get stderr() {
      return written.stderr;
    },
    exited,
    get running() {
      return running;
    },
    kill: (signal) => void child.kill(signal),
  };
}

/** Runs a command to its end. */
export async function runTidings(
  t: TestContext,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const cwd = options.cwd ?? (await temporaryFolder(t));
  const child = spawnTidings(args, { ...options, cwd });
  atEnd(t, () => child.running && child.kill('SIGKILL'));
  const exit = await until(
    child.exited,
    () => `tidings ${args.join(' ')} did not end:\n${child.stdout}${child.stderr}`,
  );
  return { code: exit.code, stdout: child.stdout, stderr: child.stderr };
}
