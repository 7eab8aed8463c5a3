import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allSettings } from '../src/channels/registry.ts';
import { ALIASES } from '../src/config/aliases.ts';
import { SETTINGS } from '../src/config/config.ts';
import { FAULTS, PROBLEMS } from '../src/domain/problem.ts';
import { REASONS } from '../src/domain/reason.ts';
import type { Setting } from '../src/domain/settings.ts';
import { apiReference } from './api-reference.ts';
import { cliReference } from './cli-reference.ts';
import { envExample, namesFor } from './env-example.ts';
import { openApiDocument } from './openapi-document.ts';
import { openApiTypes } from './openapi-types.ts';

/**
 * The tables of docs/ that the code writes: each stands between `<!-- table: name -->` and `<!-- end -->`.
 * `npm run docs` writes them, and whole files beside; a test fails when a file and the code differ.
 */
export const FILES = ['docs/config.md', 'docs/errors.md'];

const ROOT = join(import.meta.dirname, '..');

const TABLES: Readonly<Record<string, () => string>> = {
  service: () => settingsTable(Object.values(SETTINGS)),
  providers: () =>
    allSettings()
      .filter(({ provider }) => provider !== null)
      .filter(({ settings }) => settings.length > 0)
      .map(
        ({ channel, provider, settings }) =>
          `### ${channel === null ? provider : `${channel}: ${provider}`}\n\n${settingsTable(settings)}`,
      )
      .join('\n\n'),
  orders: () => settingsTable(allSettings().flatMap(({ provider, settings }) => (provider === null ? settings : []))),
  aliases: () =>
    table(
      ['setting', 'other names', 'in other words'],
      [...new Set(['QUEUE_URL', ...ALIASES.map(({ setting }) => setting)])].map((setting) => [
        `\`${setting}\``,
        namesFor(setting)
          .map((name) => `\`${name}\``)
          .join(', '),
        notesOf(setting),
      ]),
    ),
  problems: () =>
    table(
      ['code', 'status', 'title'],
      Object.entries(PROBLEMS).map(([code, { status, title }]) => [
        `<a id="${code}"></a>\`${code}\``,
        String(status),
        title,
      ]),
    ),
  faults: () =>
    table(
      ['code', 'meaning'],
      Object.entries(FAULTS).map(([code, text]) => [`\`${code}\``, text]),
    ),
  reasons: () =>
    table(
      ['code', 'meaning'],
      Object.entries(REASONS).map(([code, text]) => [`\`${code}\``, text]),
    ),
};

/** How values under other names are read, each note once with the names that it is about. */
function notesOf(setting: string): string {
  const noted = ALIASES.filter((alias) => alias.setting === setting && alias.note !== undefined);
  return [...new Set(noted.map(({ note }) => note))]
    .map((note) => {
      const names = noted
        .filter((alias) => alias.note === note && alias.name !== setting)
        .map(({ name }) => `\`${name}\``);
      return names.length === 0 ? note : `${names.join(', ')} ${note}`;
    })
    .join('; ');
}

function settingsTable(settings: readonly Setting<unknown>[]): string {
  return table(
    ['setting', 'value', 'default', 'meaning'],
    settings.map((setting) => [
      `\`${setting.env}\``,
      `${setting.form}${setting.secret ? ' (secret)' : ''}`,
      setting.defaultText === null ? (setting.required ? 'required' : '') : `\`${setting.defaultText}\``,
      setting.doc,
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cellText).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** A `|` would end the cell, and a `<` outside of code would begin a tag. */
function cellText(cell: string): string {
  const parts = cell.replaceAll('|', '\\|').split('`');
  return parts.map((part, index) => (index % 2 === 1 ? part : part.replaceAll(/<(?!a |\/a>)/g, '&lt;'))).join('`');
}

/** A file's text with its tables as the code has them. Throws where it names a table that does not exist. */
export function withTables(text: string): string {
  return text.replaceAll(/<!-- table: (\w+) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const write = TABLES[name];
    if (write === undefined) throw new Error(`there is no table "${name}"`);
    return `<!-- table: ${name} -->\n\n${write()}\n\n<!-- end -->`;
  });
}

export function readDoc(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Files that the code writes from beginning to end. */
export async function writtenFiles(): Promise<Readonly<Record<string, string>>> {
  const document = await openApiDocument();
  return {
    '.env.example': envExample(),
    'docs/api.md': apiReference(document),
    'docs/cli.md': cliReference(),
    'sdk/src/openapi.ts': openApiTypes(document),
  };
}

if (import.meta.main) {
  for (const file of FILES) writeFileSync(join(ROOT, file), withTables(readDoc(file)));
  for (const [file, text] of Object.entries(await writtenFiles())) writeFileSync(join(ROOT, file), text);
}
