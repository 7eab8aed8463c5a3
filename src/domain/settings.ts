/**
 * Settings as data: one declaration gives the parser, the type, the documentation and the mask for secrets.
 * The service's own stand in config/, a provider's beside its code.
 */
export interface Setting<T> {
  /** The environment variable. */
  readonly env: string;
  /** One sentence for docs/config.md. */
  readonly doc: string;
  /** What a value looks like, for docs and faults: "a whole number from 1 to 65535". */
  readonly form: string;
  readonly secret: boolean;
  /** Without it, what it belongs to does not work. */
  readonly required: boolean;
  /** As it would stand in the environment; null where there is none. */
  readonly defaultText: string | null;
  /** Undefined: the text is not of the setting's form. */
  readonly parse: (text: string) => T | undefined;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;
/** Required settings and those with a default always have a value; the others may be null. */
export type SettingValues<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** A setting that is wrong: which one, and a sentence that says what to do. Never holds a secret's value. */
export interface SettingFault {
  readonly env: string;
  readonly problem: string;
}

export type Env = Readonly<Record<string, string | undefined>>;

interface About {
  readonly doc: string;
  readonly secret?: boolean;
}
type WithDefault = About & { readonly default: string };
type Required = About & { readonly required: true };
type Optional = About;

/** Declares a setting of any form. Which of required, default and optional it is shows in its type. */
function setting<T>(
  env: string,
  form: string,
  about: WithDefault | Required,
  parse: (text: string) => T | undefined,
): Setting<T>;
function setting<T>(
  env: string,
  form: string,
  about: Optional,
  parse: (text: string) => T | undefined,
): Setting<T | null>;
function setting<T>(
  env: string,
  form: string,
  about: About & { readonly default?: string; readonly required?: true },
  parse: (text: string) => T | undefined,
): Setting<T | null> {
  return {
    env,
    doc: about.doc,
    form,
    secret: about.secret ?? false,
    required: about.required ?? false,
    defaultText: about.default ?? null,
    parse,
  };
}

export { setting };

/** What `env` says, an empty value being as good as none. */
export function given(env: Env, name: string): string | null {
  const text = env[name]?.trim();
  return text === undefined || text === '' ? null : text;
}

/** A text in which the password of a URL cannot be read. */
export function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^/?#]*?:)[^/?#]*@/, '$1********@');
}

/** Reads every setting and names every fault at once. `values` is null if there are any. */
export function readSettings<S extends Settings>(
  settings: S,
  env: Env,
): {
  readonly values: SettingValues<S> | null;
  /** Those that could be read, whatever the others are. */
  readonly readable: Partial<SettingValues<S>>;
  readonly faults: readonly SettingFault[];
} {
  const values: Record<string, unknown> = {};
  const faults: SettingFault[] = [];
  for (const [name, spec] of Object.entries(settings)) {
    const text = given(env, spec.env) ?? spec.defaultText;
    if (text === null) {
      if (spec.required) faults.push({ env: spec.env, problem: `is not set; it must be ${spec.form}` });
      values[name] = null;
      continue;
    }
    const value = spec.parse(text);
    if (value === undefined) {
      const shown = spec.secret ? 'its value' : JSON.stringify(withoutPassword(text));
      faults.push({ env: spec.env, problem: `${shown} is not ${spec.form}` });
      continue;
    }
    values[name] = value;
  }
  // The loop gave every key of S that has no fault a value parsed by its own setting.
  const readable = Object.freeze(values) as SettingValues<S>;
  return { values: faults.length > 0 ? null : readable, readable, faults };
}
