import { allSettings } from '../src/channels/registry.ts';
import { ALIASES, QUEUE_ALIASES } from '../src/config/aliases.ts';
import { SETTINGS } from '../src/config/config.ts';
import type { Setting } from '../src/domain/settings.ts';

const HEAD = `# The settings of Tidings. Copy this file to .env and take the # away before what you want to change: what is not set
# has the value that stands here, or none. docs/config.md shows the same as tables; "npm run docs" writes both.`;

/** `.env.example`: every setting, with what it means and its default. Nothing in it is set. */
export function envExample(): string {
  const shown = new Set<string>();
  const once = (settings: readonly Setting<unknown>[]) =>
    settings.filter(({ env }) => !shown.has(env) && shown.add(env)).map(entry);
  const providers = allSettings().filter(({ provider }) => provider !== null);
  const orders = allSettings().filter(({ provider }) => provider === null);
  const section = (title: string | null, settings: readonly Setting<unknown>[]) => ({ title, entries: once(settings) });
  const sections = [
    section('The service', Object.values(SETTINGS)),
    ...providers.map(({ channel, provider, settings }) =>
      section(channel === null ? provider : `${channel}: ${provider}`, settings),
    ),
    section(
      'Order of providers',
      orders.flatMap(({ settings }) => settings),
    ),
  ];
  const texts = sections
    .filter(({ entries }) => entries.length > 0)
    .map(({ title, entries }) => `## ${title}\n\n${entries.join('\n\n')}`);
  return `${[HEAD, ...texts].join('\n\n')}\n`;
}

function entry(setting: Setting<unknown>): string {
  const { env, doc, form, secret, required, defaultText } = setting;
  const also = namesFor(env);
  const facts = [
    `It is ${form}.`,
    ...(required ? ['Without it the provider is not live.'] : []),
    ...(secret ? ['Secret.'] : []),
  ];
  const lines = [
    doc.replaceAll('`', ''),
    facts.join(' '),
    ...(also.length === 0 ? [] : [`Also called ${also.join(', ')}.`]),
  ];
  return `${lines.map((line) => `# ${line}\n`).join('')}#${env}=${defaultText ?? ''}`;
}

/** The other names of a setting. */
export function namesFor(setting: string): readonly string[] {
  if (setting === 'QUEUE_URL') return QUEUE_ALIASES;
  return ALIASES.filter((alias) => alias.setting === setting && alias.name !== setting).map(({ name }) => name);
}
