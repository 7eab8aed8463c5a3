import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A service of compose.yaml: the keys that tests look at. */
export interface ComposeService {
  readonly build?: string;
  readonly image: string;
  readonly profiles: readonly string[];
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly networks: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly hostname?: string;
  readonly init?: boolean;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, null>>;
}

export type Variables = Readonly<Record<string, string>>;

/** Reads it as Compose does: merge keys first, then variables, in all services, whatever profile they have. */
export function readCompose(path: string, variables: Variables): ComposeFile {
  const file: unknown = parse(readFileSync(path, 'utf8'), { merge: true });
  return fill(file, variables) as ComposeFile;
}

function fill(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((item) => fill(item, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, variables)]));
}

/** `$$`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`. Throws if a variable that is required has no value. */
function interpolate(text: string, variables: Variables): string {
  const form = /\$(?:(?<dollar>\$)|\{(?<name>\w+)(?::(?<how>[-?])(?<rest>[^}]*))?\}|(?<other>.?))/g;
  return text.replace(form, (...found) => {
    const { dollar, name, how, rest = '', other } = found.at(-1) as Record<string, string | undefined>;
    if (dollar !== undefined) return '$';
    if (name === undefined) throw new Error(`$${other ?? ''} in "${text}" is no variable`);
    const value = variables[name] ?? '';
    if (value !== '') return value;
    if (how === '-') return rest;
    throw new Error(`${name} is not set: ${rest}`);
  });
}
