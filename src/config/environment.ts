import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Env } from '../domain/settings.ts';

/** The settings as given: the process's environment, and `.env` of the folder for what that leaves open. */
export function readEnvironment(folder: string): Env {
  const file = join(folder, '.env');
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  const merged: Record<string, string | undefined> = { ...fromFile };
  for (const [name, value] of Object.entries(process.env)) if (value !== '') merged[name] = value;
  return merged;
}
