import { type Env, given, type Setting, withoutPassword } from '../domain/settings.ts';
import { everySetting, readSetup, WRONG_CONFIG } from './settings.ts';

/** Reads all settings and shows what would run, secrets masked; answers the exit code. */
export function checkConfig(): number {
  const setup = readSetup();
  if (setup === null) return WRONG_CONFIG;
  const lines = ['The configuration is right.', ''];
  for (const setting of everySetting()) {
    const shown = show(setting, setup.env);
    const name = setup.from.get(setting.env);
    if (shown !== null) lines.push(`  ${setting.env}=${shown}${name === undefined ? '' : ` (from ${name})`}`);
  }
  lines.push('');
  for (const [channel, providers] of setup.plan) {
    const ids = providers.map(({ id }) => id);
    lines.push(
      `  ${channel.padEnd(9)} ${ids.every((id) => id === 'sandbox') ? 'sandboxed: caught, not sent' : ids.join(', then ')}`,
    );
  }
  if (setup.notices.length > 0) lines.push('', ...setup.notices.map((notice) => `  ${notice}`));
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

function show(setting: Setting<unknown>, env: Env): string | null {
  const set = given(env, setting.env);
  if (set !== null) return setting.secret ? '********' : withoutPassword(set);
  return setting.defaultText === null ? null : `${setting.defaultText} (default)`;
}
