import type { Command } from './command.ts';
import { columns } from './words.ts';

const EXIT_CODES = `Exit codes: 0 it went well, 1 it failed (for send: it did not arrive), 2 the command line cannot be understood,
78 the settings are wrong, 130 Ctrl-C.`;

/** What `tidings help` says. */
export function helpOfAll(commands: readonly Command[]): string {
  const isService = ({ options }: Command) => Object.hasOwn(options, 'url');
  const rows = (some: readonly Command[]) =>
    columns(some.map((command) => [`  tidings ${usage(command)}`, command.about])).join('\n');
  return `Tidings: tells people things and does not rest until they arrived.

The service:
${rows(commands.filter((command) => !isService(command)))}

What talks to a running service (--url, --key, --json):
${rows(commands.filter(isService))}

"tidings help COMMAND" shows its options and examples; "tidings --version" the version.

${EXIT_CODES}
Settings are environment variables or lines of .env; docs/config.md names them all.
`;
}

/** What `tidings help send` says. */
export function helpOf(command: Command): string {
  const options = Object.entries(command.options).map(([name, { value, about, many, required }]) => {
    const notes = [...(required ? ['required'] : []), ...(many ? ['may be repeated'] : [])];
    return [
      `  --${name}${value === undefined ? '' : ` ${value}`}`,
      `${about}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`,
    ];
  });
  const parts = [
    `tidings ${usage(command)}: ${command.about}`,
    ...(command.notes === undefined ? [] : [command.notes]),
    ...(options.length === 0 ? [] : [`Options:\n${columns(options).join('\n')}`]),
    `Examples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** `copy --from URL --to URL`: with what it cannot do without. */
function usage({ name, takes, options }: Command): string {
  const required = Object.entries(options).filter(([, option]) => option.required);
  return [
    name,
    ...(takes === undefined ? [] : [takes.words]),
    ...required.map(([option, { value = '' }]) => `--${option} ${value}`),
  ].join(' ');
}
