import { parseArgs } from 'node:util';
import { retry, send, status } from './cli/client.ts';
import { checkConfig } from './cli/config-check.ts';
import { copy } from './cli/copy.ts';
import { OPERATOR_HELP, operatorCommand } from './cli/operator-commands.ts';
import { migrateOnly, serve } from './cli/serve.ts';
import { programVersion } from './cli/settings.ts';
import { parseDatabaseUrl } from './config/database-url.ts';
import { withoutPassword } from './domain/settings.ts';

const HELP = `Tidings: tells people things and does not rest until they arrived.

  tidings start                serve the API and deliver, in one process
  tidings api                  serve the API only
  tidings worker               deliver only
  tidings scheduler            only look after what others left behind
  tidings migrate              bring the database's schema up to date and exit
  tidings copy --from URL --to URL
                               copy a whole database into an empty one (sqlite:… or postgres://…) and compare the two;
                               stop every Tidings that works with either first; killed, it goes on when it is run again
${OPERATOR_HELP}  tidings config check         read all settings, name every fault, show what would run

  tidings send --to WHO --message TEXT [--title TEXT] [--channel NAME …] [--wait]
                               WHO is an e-mail address, an E.164 phone number or a user id
  tidings status ID            show a notification and all its attempts
  tidings retry ID             start a failed, cancelled or expired notification afresh

  send, status and retry talk to a running service: --url URL (otherwise that of the settings),
  --key KEY (otherwise the first of API_KEYS), --json for the answer as it came.

Settings are environment variables or lines of .env; docs/config.md names them all.
`;

/** Exit code for a command line that cannot be understood (sysexits.h, EX_USAGE). */
const USAGE = 64;

/** Runs one command and answers the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'start':
    case 'api':
    case 'worker':
    case 'scheduler':
      if (rest.length > 0) return misused(`${command} takes no arguments`);
      return serve(command === 'start' ? ['api', 'worker', 'scheduler'] : [command]);
    case 'migrate':
      return rest.length > 0 ? misused('migrate takes no arguments') : migrateOnly();
    case 'copy':
      return copyCommand(rest);
    case 'backup':
    case 'restore':
    case 'reconcile':
      return operate(command, rest);
    case 'config':
      return rest[0] === 'check' && rest.length === 1 ? checkConfig() : misused('the only one is: config check');
    case 'send':
    case 'status':
    case 'retry':
      return clientCommand(command, rest);
    case '--version':
    case '-v':
      process.stdout.write(`${programVersion()}\n`);
      return 0;
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(HELP);
      return 0;
    case undefined:
      process.stderr.write(HELP);
      return USAGE;
    default:
      return misused(`there is no command "${command}"`);
  }
}

function clientCommand(command: 'send' | 'status' | 'retry', args: readonly string[]): Promise<number> | number {
  const common = { url: { type: 'string' }, key: { type: 'string' }, json: { type: 'boolean' } } as const;
  try {
    if (command !== 'send') {
      const { values, positionals } = parseArgs({ args: [...args], options: common, allowPositionals: true });
      const [id] = positionals;
      if (id === undefined || positionals.length > 1) return misused(`${command} takes one id`);
      return command === 'status' ? status(id, values) : retry(id, values);
    }
    const options = {
      ...common,
      to: { type: 'string' },
      message: { type: 'string' },
      title: { type: 'string' },
      channel: { type: 'string', multiple: true },
      wait: { type: 'boolean' },
    } as const;
    const { values } = parseArgs({ args: [...args], options });
    if (values.to === undefined || values.message === undefined) return misused('send needs --to and --message');
    return send({ ...values, to: values.to, message: values.message }, values);
  } catch (error) {
    // parseArgs throws a TypeError with a code of this family for what the user typed; anything else is a bug.
    if (!isParseArgsError(error)) throw error;
    return misused(error.message);
  }
}

function copyCommand(args: readonly string[]): Promise<number> | number {
  try {
    const { values } = parseArgs({ args: [...args], options: { from: { type: 'string' }, to: { type: 'string' } } });
    if (values.from === undefined || values.to === undefined) return misused('copy needs --from and --to');
    const from = parseDatabaseUrl(values.from);
    if (from === undefined) return misused(notDatabase('--from', values.from));
    const to = parseDatabaseUrl(values.to);
    if (to === undefined) return misused(notDatabase('--to', values.to));
    return copy(from, to);
  } catch (error) {
    if (!isParseArgsError(error)) throw error;
    return misused(error.message);
  }
}

async function operate(command: Parameters<typeof operatorCommand>[0], args: readonly string[]): Promise<number> {
  try {
    const result = await operatorCommand(command, args);
    return typeof result === 'string' ? misused(result) : result;
  } catch (error) {
    if (!isParseArgsError(error)) throw error;
    return misused(error.message);
  }
}

function notDatabase(option: string, given: string): string {
  return `${option} ${withoutPassword(given)} is not sqlite:<path> or postgres://<user>:<password>@<host>/<database>`;
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

function misused(problem: string): number {
  process.stderr.write(`tidings: ${problem}. "tidings help" shows how it is used.\n`);
  return USAGE;
}
