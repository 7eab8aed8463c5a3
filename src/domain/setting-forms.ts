import { parseEmail } from './recipient.ts';
import { type Setting, setting } from './settings.ts';

/**
 * The forms a setting can have, each with its own sentence for docs and faults. `default` is written as it would
 * stand in the environment. A setting that is neither required nor has a default may be null.
 */
interface About {
  readonly doc: string;
  readonly secret?: boolean;
  readonly default?: string;
  readonly required?: true;
}

/** What is never absent: the type of the setting then has no null. */
type Present = { readonly default: string } | { readonly required: true };
type Value<T, A> = Setting<A extends Present ? T : T | null>;

function formed<T, A extends About>(
  env: string,
  form: string,
  about: A,
  parse: (text: string) => T | undefined,
): Value<T, A> {
  const { doc, secret = false } = about;
  const plain = { doc, secret };
  let made: Setting<T> | Setting<T | null>;
  if (about.required === true) made = setting(env, form, { ...plain, required: true }, parse);
  else if (about.default !== undefined) made = setting(env, form, { ...plain, default: about.default }, parse);
  else made = setting<T>(env, form, plain, parse);
  // The branch taken is the one that Value<T, A> names.
  return made as Value<T, A>;
}

/** Any text on one line. `like` narrows it, with the words that say how. */
export function text<const A extends About & { readonly like?: RegExp; readonly form?: string }>(
  env: string,
  about: A,
): Value<string, A> {
  const { like = null } = about;
  return formed(env, about.form ?? 'a line of text', about, (given) =>
    /\p{Cc}/u.test(given) || (like !== null && !like.test(given)) ? undefined : given,
  );
}

/** A whole number in decimal digits, `min` to `max`, both included. */
export function integer<const A extends About & { readonly min: number; readonly max: number }>(
  env: string,
  about: A,
): Value<number, A> {
  const { min, max } = about;
  return formed(env, `a whole number from ${min} to ${max}`, about, (given) => {
    if (!/^-?[0-9]{1,16}$/.test(given)) return undefined;
    const value = Number(given);
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
  });
}

/** A number with an optional fraction, `min` to `max`, both included. */
export function decimal<const A extends About & { readonly min: number; readonly max: number }>(
  env: string,
  about: A,
): Value<number, A> {
  const { min, max } = about;
  return formed(env, `a number from ${min} to ${max}`, about, (given) => {
    if (!/^-?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})$/.test(given)) return undefined;
    const value = Number(given);
    return value >= min && value <= max ? value : undefined;
  });
}

const WORDS = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

/** `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`, in any case. */
export function boolean<const A extends About>(env: string, about: A): Value<boolean, A> {
  return formed(env, 'true or false (or 1/0, yes/no, on/off)', about, (given) => WORDS.get(given.toLowerCase()));
}

/** One of a few words, in any case. */
export function choice<const W extends string, const A extends About>(
  env: string,
  words: readonly W[],
  about: A,
): Value<W, A> {
  return formed(env, `one of ${words.join(', ')}`, about, (given) =>
    words.find((word) => word === given.toLowerCase()),
  );
}

/**
 * Items between commas, blanks around them ignored, empty ones dropped, the same twice kept once. `item` reads one of
 * them; undefined refuses the whole. `of` says what they are: "channel names".
 */
export function list<
  T,
  const A extends About & { readonly of: string; readonly item: (text: string) => T | undefined },
>(env: string, about: A & { readonly item: (text: string) => T | undefined }): Value<readonly T[], A> {
  return formed(env, `${about.of}, separated by commas`, about, (given) => {
    const items = new Set<T>();
    for (const word of given.split(',')) {
      if (word.trim() === '') continue;
      const item = about.item(word.trim());
      if (item === undefined) return undefined;
      items.add(item);
    }
    return items.size === 0 ? undefined : [...items];
  });
}

/** The start of http(s) URLs: without user, query or fragment; read without its trailing slashes. */
export function baseUrl<const A extends About>(env: string, about: A): Value<string, A> {
  return formed(env, 'an http or https URL without user, query or fragment', about, (given) => {
    if (!/^https?:\/\//i.test(given) || /[\s\\?#\p{Cc}]/u.test(given) || !URL.canParse(given)) return undefined;
    const url = new URL(given);
    if (url.username !== '' || url.password !== '' || url.hostname === '') return undefined;
    return url.href.replace(/\/+$/, '');
  });
}

/** A host name or an IP address, without a port. */
export function host<const A extends About>(env: string, about: A): Value<string, A> {
  return formed(env, 'a host name or an IP address', about, (given) => {
    const bare = given.replace(/^\[(.*)\]$/, '$1');
    return bare.length <= 253 && /^[A-Za-z0-9_](?:[A-Za-z0-9_.:-]*[A-Za-z0-9_.:])?$|^::[A-Fa-f0-9:.]*$/.test(bare)
      ? bare
      : undefined;
  });
}

/** Who mail comes from. The name is null where only an address was given. */
export interface Sender {
  readonly name: string | null;
  readonly address: string;
}

/** `Name <a@b.example>`, `"Name" <a@b.example>` or the bare address. */
export function sender<const A extends About>(env: string, about: A): Value<Sender, A> {
  return formed(env, 'an e-mail address, or a name and an address: Name <address>', about, parseSender);
}

/** The sender that a text names; undefined: none. */
export function parseSender(given: string): Sender | undefined {
  if (given.length > 500 || /\p{Cc}/u.test(given)) return undefined;
  const parts = /^([^<>]*)<([^<>]+)>$/.exec(given.trim());
  const address = parseEmail(parts === null ? given.trim() : (parts[2] ?? '').trim());
  if (address === null) return undefined;
  const name = (parts?.[1] ?? '')
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();
  return { name: name === '' ? null : name, address };
}
