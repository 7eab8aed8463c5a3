import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelPlan, readChannels } from '../channels/registry.ts';
import { type Config, readConfig } from '../config/config.ts';
import { readEnvironment, UnreadableSettings } from '../config/environment.ts';
import type { Env } from '../domain/settings.ts';

/** Exit code for a wrong configuration (sysexits.h, EX_CONFIG). */
export const WRONG_CONFIG = 78;

export interface Setup {
  readonly env: Env;
  readonly config: Config;
  readonly plan: ChannelPlan;
}

/** Everything that is set, checked; or null after every fault was named on standard error. */
export function readSetup(): Setup | null {
  const env = readEnv();
  if (env === null) return null;
  const { config, faults } = readConfig(env);
  const { plan, faults: channelFaults } = readChannels(env);
  const all = [...faults, ...channelFaults];
  if (config !== null && all.length === 0) return { env, config, plan };
  const lines = all.map((fault) => `  ${fault.env} ${fault.problem}`);
  process.stderr.write(
    `Tidings cannot start: ${all.length} setting${all.length === 1 ? ' is' : 's are'} wrong.\n${lines.join('\n')}\nSee docs/config.md.\n`,
  );
  return null;
}

function readEnv(): Env | null {
  try {
    return readEnvironment(process.cwd());
  } catch (error) {
    if (!(error instanceof UnreadableSettings)) throw error;
    process.stderr.write(`Tidings cannot start: ${error.message}\n`);
    return null;
  }
}

export function programVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'));
  return manifest !== null && typeof manifest === 'object' && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
