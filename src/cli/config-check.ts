import { readSetup, WRONG_CONFIG } from './settings.ts';
import { shownSettings } from './shown-settings.ts';

/** Reads all settings and shows what would run, secrets masked; answers the exit code. */
export function checkConfig(): number {
  const setup = readSetup();
  if (setup === null) return WRONG_CONFIG;
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
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
