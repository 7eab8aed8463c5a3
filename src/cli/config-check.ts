import type { Given } from './command.ts';
import type { Io } from './io.ts';
import { readSetup, type Setup, WRONG_CONFIG } from './settings.ts';
import { shownSettings } from './shown-settings.ts';
import { jsonLine } from './words.ts';

/** Reads all settings and shows what would run, secrets masked; answers the exit code. */
export function checkConfig(given: Given, io: Io): number {
  const setup = readSetup();
  if (setup === null) return WRONG_CONFIG;
  if (given.flag('json') === true) {
    io.out(jsonLine(asJson(setup)));
    return 0;
  }
  const lines = ['The configuration is right.', ''];
  for (const { name, value, isDefault } of shownSettings(setup.env)) {
    const other = setup.from.get(name);
    const where = isDefault ? ' (default)' : other === undefined ? '' : ` (from ${other})`;
    lines.push(`  ${name}=${value}${where}`);
  }
  lines.push('');
  for (const [channel, providers] of setup.plan) {
    const ids = providers.map(({ id }) => id);
    lines.push(
      `  ${channel.padEnd(9)} ${ids.every((id) => id === 'sandbox') ? 'sandboxed: caught, not sent' : ids.join(', then ')}`,
    );
  }
  if (setup.notices.length > 0) lines.push('', ...setup.notices.map((notice) => `  ${notice}`));
  io.out(`${lines.join('\n')}\n`);
  return 0;
}

function asJson({ env, from, plan, notices }: Setup) {
  const settings = shownSettings(env).map(({ name, value, isDefault }) => {
    return { name, value, is_default: isDefault, given_as: from.get(name) ?? null };
  });
  const channels = [...plan].map(([channel, providers]) => ({ channel, providers: providers.map(({ id }) => id) }));
  return { settings, channels, notices };
}
