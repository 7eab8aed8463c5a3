import { allSettings } from '../channels/registry.ts';
import { SETTINGS } from '../config/config.ts';
import { type Env, given, type Setting, withoutPassword } from '../domain/settings.ts';
import { readSetup, WRONG_CONFIG } from './settings.ts';

/** Reads all settings and shows what would run, secrets masked; answers the exit code. */
export function checkConfig(): number {
  const setup = readSetup();
  if (setup === null) return WRONG_CONFIG;
  const lines = ['The configuration is right.', ''];
  const own: readonly Setting<unknown>[] = Object.values(SETTINGS);
  const channels = allSettings().flatMap(({ settings }) => settings);
  for (const setting of [...own, ...channels]) {
    const shown = show(setting, setup.env);
    if (shown !== null) lines.push(`  ${setting.env}=${shown}`);
  }
  lines.push('');
  for (const [channel, providers] of setup.plan) {
    const ids = providers.map(({ id }) => id);
    lines.push(
      `  ${channel.padEnd(9)} ${ids.every((id) => id === 'sandbox') ? 'sandboxed: caught, not sent' : ids.join(', then ')}`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

function show(setting: Setting<unknown>, env: Env): string | null {
  const set = given(env, setting.env);
  if (set !== null) return setting.secret ? '********' : withoutPassword(set);
  return setting.defaultText === null ? null : `${setting.defaultText} (default)`;
}
