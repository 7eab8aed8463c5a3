import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { median } from './stats.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LIBRARIES = ['fastify', 'undici', 'nodemailer', 'pg', 'ioredis', 'bullmq', 'pg-boss', 'graphile-worker'];
const SYNCS = 200;

/** What the figures were measured on: they mean little elsewhere. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** What it takes to bring 4 KiB to the disk for certain, in µs. */
  readonly syncMicroseconds: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly commit: string;
}

export function machine(folder: string): Machine {
  const [first] = cpus();
  return {
    processor: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    syncMicroseconds: Math.round(syncTime(folder)),
    versions: versions(),
    commit: commit(),
  };
}

export function machineInWords(machine: Machine): string {
  const { processor, cores, memoryGiB, kernel, syncMicroseconds, commit } = machine;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `${processor}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, fdatasync ${syncMicroseconds} µs\n${versions.join(', ')}\ncommit ${commit}\n`;
}

function syncTime(folder: string): number {
  const path = join(folder, `tidings-sync-${process.pid}`);
  const file = openSync(path, 'w');
  const page = Buffer.alloc(4096, 1);
  const times = Array.from({ length: SYNCS }, () => {
    writeSync(file, page);
    const begun = performance.now();
    fdatasyncSync(file);
    return (performance.now() - begun) * 1000;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
}

function versions(): Record<string, string> {
  const db = new DatabaseSync(':memory:');
  const sqlite = String(db.prepare('SELECT sqlite_version() AS version').get()?.version);
  db.close();
  const said = (command: string, ...args: string[]) => /\d[\w.]*/.exec(output(command, args))?.[0] ?? 'absent';
  const library = (name: string): [string, string] => {
    const manifest = readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
    return [name, (JSON.parse(manifest) as { readonly version: string }).version];
  };
  return {
    node: process.versions.node,
    sqlite,
    postgres: said('psql', '--version'),
    redis: said('redis-server', '--version'),
    wrk: said('wrk', '-v'),
    ...Object.fromEntries(LIBRARIES.map(library)),
  };
}

function commit(): string {
  const head = output('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD']).trim();
  const isChanged = output('git', ['-C', ROOT, 'status', '--porcelain']).trim() !== '';
  return isChanged ? `${head} with changes` : head;
}

/** What a command prints; empty where it is not there. Some print their version and fail. */
function output(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
  }
}
