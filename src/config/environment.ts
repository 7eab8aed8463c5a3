import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { type Env, given } from '../domain/settings.ts';
import { byOwnNames, type Named, withQueue } from './aliases.ts';

/** The settings file is there and cannot be read. */
export class UnreadableSettings extends Error {}

/** What is set, and by whom. */
export interface Given extends Named {
  /** `.env` as it stands. */
  readonly file: Env;
  /** The process's environment. */
  readonly environment: Env;
}

/**
 * The settings as given: the process's environment, and `.env` of the folder for what that leaves open, by their own
 * names or by those that they have elsewhere. Throws `UnreadableSettings`.
 */
export function readGiven(folder: string): Given {
  const file = readFile(join(folder, '.env'));
  const environment = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
  const [low, high] = [byOwnNames(file), byOwnNames(environment)];
  const own = [...high.from, ...[...low.from].filter(([setting]) => given(high.env, setting) === null)];
  return { ...withQueue({ env: { ...low.env, ...high.env }, from: new Map(own) }), file, environment };
}

/** The same, where only the settings count. */
export function readEnvironment(folder: string): Env {
  return readGiven(folder).env;
}

function readFile(file: string): Env {
  if (!existsSync(file)) return {};
  try {
    // Editors on Windows begin files with a byte order mark, which would become part of the first name.
    return parseEnv(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreadableSettings(`${file} cannot be read: ${why}`, { cause: error });
  }
}
