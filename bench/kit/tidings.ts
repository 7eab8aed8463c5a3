import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../../test/kit/tidings-process.ts';
import type { Bed } from './bed.ts';
import { type Program, startProgram } from './program.ts';

export type Role = 'start' | 'api' | 'worker';

/** Where its data are and what carries them, and any other setting: as in the environment of a user. */
export type Settings = Readonly<Record<string, string>>;

/** Webhooks to this machine. */
export const WEBHOOK_SETTINGS: Settings = {
  WEBHOOK_ALLOW_PRIVATE: 'true',
  WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 1).toString('base64')}`,
};

/** Starts Tidings as users do. Of its log it writes what a production service would keep: warnings and worse. */
export function startTidings(bed: Bed, role: Role, settings: Settings): Promise<Program> {
  const profile = bed.profiles === null ? {} : { NODE_OPTIONS: profiling(bed.profiles) };
  const env = { API_PORT: '0', RATE_LIMIT: 'off', LOG_LEVEL: 'warn', ...profile, ...settings };
  const hasApi = role !== 'worker';
  return startProgram(bed, {
    file: PROGRAM,
    flags: nodeFlags(),
    args: [role],
    env,
    ready: hasApi ? /^ {2}API +(\S+)\/api\/v1$/m : /is up \(.*\)/,
  });
}

/** A file of its own; Tidings makes it. */
export async function sqlitePlace(bed: Bed): Promise<{ readonly path: string; readonly settings: Settings }> {
  const path = join(await bed.folder(), 'tidings.db');
  return { path, settings: { DATABASE_URL: `sqlite:${path}` } };
}

/** One file for each thread. */
function profiling(folder: string): string {
  return `--cpu-prof --cpu-prof-dir=${folder}`;
}

/** What the program's first line gives to Node. */
function nodeFlags(): readonly string[] {
  const [line = ''] = readFileSync(PROGRAM, 'utf8').split('\n', 1);
  return line.split(' ').filter((word) => word.startsWith('--'));
}
