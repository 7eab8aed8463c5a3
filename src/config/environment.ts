import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Env } from '../domain/settings.ts';

/** The settings file is there and cannot be read. */
export class UnreadableSettings extends Error {}

/**
 * The settings as given: the process's environment, and `.env` of the folder for what that leaves open. Throws
 * `UnreadableSettings`.
 */
export function readEnvironment(folder: string): Env {
  const merged: Record<string, string | undefined> = { ...readFile(join(folder, '.env')) };
  for (const [name, value] of Object.entries(process.env)) if (value !== '') merged[name] = value;
  return merged;
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
