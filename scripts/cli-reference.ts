import { COMMANDS } from '../src/cli/commands.ts';
import { helpOf, helpOfAll } from '../src/cli/help.ts';

/** Writes docs/cli.md: what the command line says of itself. */
export function cliReference(): string {
  return `# The command line

<!-- Written by \`npm run docs\` from the commands. -->

In the folder of the project: \`npm run -s tidings -- send …\`; in a container: \`docker compose exec tidings node bin/tidings.js send …\`.
Results go to standard output and everything else to standard error, so that both can be piped. With \`--json\` every result is one line of
JSON, and an error is \`{"error": {"code", "message", …}}\` on standard error. On a terminal, what takes a while shows how far it is;
elsewhere it writes plain lines. \`NO_COLOR\` is respected.

\`\`\`text
${helpOfAll(COMMANDS).trimEnd()}
\`\`\`

${COMMANDS.map((command) => `## ${command.name}\n\n\`\`\`text\n${helpOf(command).trimEnd()}\n\`\`\``).join('\n\n')}
`;
}
