import { type Command, parseCommand } from './cli/command.ts';
import { COMMANDS } from './cli/commands.ts';
import { helpOf, helpOfAll } from './cli/help.ts';
import { type Io, MISUSED, processIo } from './cli/io.ts';
import { programVersion } from './cli/program-version.ts';
import { nearMiss } from './domain/near-miss.ts';

/** Names that commands had, or are looked for under. */
const ALSO: Readonly<Record<string, string>> = { status: 'get', show: 'get', ls: 'list' };

/** Runs one command and answers the exit code. */
export async function runCli(args: readonly string[], io: Io = processIo()): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined) {
    io.err(helpOfAll(COMMANDS));
    return MISUSED;
  }
  if (first === '--version' || first === '-v' || first === 'version') {
    io.out(`${programVersion()}\n`);
    return 0;
  }
  const isHelp = ['help', '--help', '-h'].includes(first);
  if (isHelp && rest.length === 0) {
    io.out(helpOfAll(COMMANDS));
    return 0;
  }
  const found = find(isHelp ? rest : args);
  if (found === null) return misused(unknown(isHelp ? rest : args), io);
  const { command, left } = found;
  const parsed = isHelp ? { ok: false as const, problem: null } : parseCommand(command, left);
  if (parsed.ok) return command.run(parsed.given, io);
  if (parsed.problem !== null) return misused(parsed.problem, io, command);
  io.out(helpOf(command));
  return 0;
}

/** The command that the first words name: two rather than one. */
function find([first = '', second = '', ...rest]: readonly string[]) {
  const named = (name: string) => COMMANDS.find((command) => command.name === name);
  const long = named(`${first} ${second}`);
  if (long !== undefined) return { command: long, left: rest };
  const short = named(ALSO[first] ?? first);
  return short === undefined ? null : { command: short, left: second === '' ? rest : [second, ...rest] };
}

function unknown([first = '', second = '']: readonly string[]): string {
  const under = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  if (under.length > 0) return `${first} needs a word more: ${under.join(', ')}`;
  const meant =
    nearMiss(
      first,
      COMMANDS.map(({ name }) => name),
      first.length < 5 ? 1 : 2,
    ) ??
    nearMiss(
      `${first} ${second}`,
      COMMANDS.map(({ name }) => name),
      2,
    );
  return `there is no command "${first}"${meant === null ? '' : `; did you mean "${meant}"?`}`;
}

function misused(problem: string, io: Io, command?: Command): number {
  const where = command === undefined ? 'tidings help' : `tidings help ${command.name}`;
  io.err(`tidings: ${problem}${problem.endsWith('?') ? '' : '.'} "${where}" shows how it is used.\n`);
  return MISUSED;
}
