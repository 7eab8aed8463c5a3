import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensurePackages } from '../../test/kit/private-instance.ts';
import { IN_APP_BODY } from './bodies.ts';

const WRK = '/usr/bin/wrk';
const SCRIPT = join(import.meta.dirname, 'posts.lua');
/** Kept alive, each with one request at a time. */
const CONNECTIONS = 64;

export interface Load {
  readonly url: string;
  readonly path: string;
  /** Notifications in one request: 1 is a single one, more are a batch. */
  readonly items: number;
  readonly seconds: number;
  readonly connections?: number;
}

/** Numbers are never used twice, as ids in bodies would not be. */
let next = 0;

export interface Loaded {
  /** Notifications that were taken, */
  readonly count: number;
  /** and those that were not: the service says 503 when it has too much to do. */
  readonly refused: number;
  readonly seconds: number;
}

/** Posts as fast as answers come. */
export async function load(what: Load): Promise<Loaded> {
  const { url, path, items, seconds, connections = CONNECTIONS } = what;
  await ensurePackages('wrk');
  const [beginning, end] = items === 1 ? ['', ''] : ['{"notifications":[', ']}'];
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '10s', '-s', SCRIPT, url];
  const script = [path, beginning, IN_APP_BODY, end, String(items), String(next)];
  const { stdout } = await promisify(execFile)(WRK, [...args, '--', ...script]);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  if (stdout.includes('Socket errors') || !(requests > refused))
    throw new Error(`nothing is answered well:\n${stdout}`);
  next += (requests + connections) * items;
  return { count: (requests - refused) * items, refused: refused * items, seconds: requests / perSecond };
}
