import { parseArgs } from 'node:util';
import { nearMiss } from '../domain/near-miss.ts';
import type { Io } from './io.ts';

export interface Option {
  /** What is given with it, in capitals; without it the option is a switch. */
  readonly value?: string;
  readonly about: string;
  /** May be given more than once. */
  readonly many?: true;
  readonly required?: true;
}

/** One command: what it takes, what is said of it, and what it does. */
export interface Command {
  /** `send`, or two words: `dead-letters retry`. */
  readonly name: string;
  readonly about: string;
  /** What it takes beside options, such as `ID`, and at least and at most how many. */
  readonly takes?: { readonly words: string; readonly least: number; readonly most: number };
  readonly options: Readonly<Record<string, Option>>;
  /** More for its own help. */
  readonly notes?: string;
  readonly examples: readonly string[];
  /** Answers the exit code. */
  readonly run: (given: Given, io: Io) => number | Promise<number>;
}

/** What a command was given. To ask for an option that it does not have is a bug. */
export class Given {
  readonly words: readonly string[];
  readonly #command: Command;
  readonly #values: ReadonlyMap<string, readonly (string | boolean)[]>;

  constructor(command: Command, values: ReadonlyMap<string, readonly (string | boolean)[]>, words: readonly string[]) {
    this.#command = command;
    this.#values = values;
    this.words = words;
  }

  text(name: string): string | undefined {
    return this.texts(name).at(-1);
  }

  texts(name: string): readonly string[] {
    return this.#given(name).filter((value) => typeof value === 'string');
  }

  /** Undefined where it was neither given nor, as `--no-…`, taken back. */
  flag(name: string): boolean | undefined {
    return this.#given(name).findLast((value) => typeof value === 'boolean');
  }

  #given(name: string): readonly (string | boolean)[] {
    if (!Object.hasOwn(this.#command.options, name)) throw new Error(`${this.#command.name} has no option ${name}`);
    return this.#values.get(name) ?? [];
  }
}

export type Parsed =
  | { readonly ok: true; readonly given: Given }
  | { readonly ok: false; readonly problem: string }
  | { readonly ok: false; readonly problem: null };

/** Reads a command's arguments. A problem of null: help was asked for. */
export function parseCommand(command: Command, args: readonly string[]): Parsed {
  const { options, name } = command;
  const values = new Map<string, (string | boolean)[]>();
  const words: string[] = [];
  const forms: Record<string, { type: 'boolean' | 'string'; multiple: true }> = {};
  for (const [option, { value }] of Object.entries(options)) {
    forms[option] = { type: value === undefined ? 'boolean' : 'string', multiple: true };
  }
  // Not strict: what is wrong is told here, in words of our own.
  const how = { strict: false, allowPositionals: true, tokens: true } as const;
  const { tokens } = parseArgs({ args: [...args], options: forms, ...how });
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.name === 'h') return { ok: false, problem: null };
    const read = readOption(options, token);
    if (typeof read === 'string') return { ok: false, problem: read };
    values.set(read.name, [...(values.get(read.name) ?? []), read.value]);
  }
  for (const [option, { many, required, value }] of Object.entries(options)) {
    const count = values.get(option)?.length ?? 0;
    if (count === 0 && required) return { ok: false, problem: `${name} needs --${option} ${value ?? ''}`.trimEnd() };
    if (count > 1 && !many && value !== undefined) return { ok: false, problem: `--${option} can be given once only` };
  }
  const { words: what, least, most } = command.takes ?? { words: '', least: 0, most: 0 };
  if (words.length < least) return { ok: false, problem: `${name} needs ${what}` };
  const extra = words[most];
  if (extra !== undefined) return { ok: false, problem: `${name} cannot make anything of "${extra}"` };
  return { ok: true, given: new Given(command, values, words) };
}

interface Token {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function readOption(options: Command['options'], { name, rawName, value, inlineValue = false }: Token) {
  const plain = name.replace(/^no-/, '');
  const isNo = !Object.hasOwn(options, name) && Object.hasOwn(options, plain) && options[plain]?.value === undefined;
  const option = Object.hasOwn(options, name) ? options[name] : isNo ? options[plain] : undefined;
  if (option === undefined) {
    const known = [...Object.keys(options), 'help'];
    const meant = nearMiss(name, known, name.length < 5 ? 1 : 2) ?? known.find((one) => isPart(name, one));
    return `there is no option ${rawName}${meant === undefined ? '' : `; did you mean --${meant}?`}`;
  }
  if (option.value === undefined) {
    return inlineValue ? `${rawName} takes no value` : { name: isNo ? plain : name, value: !isNo };
  }
  if (value === undefined) return `${rawName} needs ${option.value}`;
  // Most likely the value was forgotten.
  if (!inlineValue && /^-./.test(value))
    return `${rawName} needs ${option.value}; for one that begins with - write ${rawName}=${value}`;
  return { name, value };
}

/** Whether it is the beginning or the end of the other: `user` of `user-id`, `after` of `created-after`. */
function isPart(given: string, known: string): boolean {
  return given.length > 2 && (known.startsWith(given) || known.endsWith(`-${given}`));
}
