import { nearMiss } from '../domain/near-miss.ts';
import { type Env, given } from '../domain/settings.ts';
import { ALIASES, MONGO_NAMES, QUEUE_ALIASES } from './aliases.ts';

/** Names that stand in a .env beside the settings, for somebody else. */
const OF_OTHERS = ['TIDINGS_PASSWORD'];
const PREFIX = 'TIDINGS_';
/** What is printed of a file must be a name: a secret that broke over a line can look like one to the file's parser. */
const PLAIN_NAME = /^(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*|[a-z][a-z0-9]*(?:_[a-z0-9]+)*)$/;
const LONGEST_NAME = 40;

/**
 * Sentences about names that look like settings and are none: everything of `.env`; of the process's environment, where
 * most is none of our business, only `TIDINGS_…` and what is a slip of the finger away from a setting that is not set.
 * Values are not looked at but for telling who set them, and are never shown.
 */
export function unknownNames(file: Env, environment: Env, settings: readonly string[]): readonly string[] {
  const known = [...settings, ...ALIASES.map(({ name }) => name), ...QUEUE_ALIASES];
  const all = new Set([...known, ...MONGO_NAMES, ...OF_OTHERS]);
  const sentences: string[] = [];
  const strange: string[] = [];
  for (const name of Object.keys(file).filter((one) => !all.has(one))) {
    const meant = isPlain(name) ? nearest(name, known, name.length < 5 ? 1 : 2) : null;
    if (meant === null) strange.push(name);
    else sentences.push(`.env: ${name} is not a setting; did you mean ${meant}?`);
  }
  if (strange.length > 0) sentences.push(`.env: ${listed(strange)} not used: no setting of Tidings is called that.`);
  for (const [name, value = ''] of Object.entries(environment)) {
    if (all.has(name) || Object.hasOwn(file, name) || isOfKubernetes(name, value)) continue;
    const isOurs = name.startsWith(PREFIX);
    const meant = nearest(name, known, isOurs ? 2 : slips(name));
    const isSet = meant !== null && (given(environment, meant) ?? given(file, meant)) !== null;
    if (meant !== null && !isSet) sentences.push(`${name} is not a setting; did you mean ${meant}?`);
    else if (isOurs && isPlain(name)) sentences.push(`${name} is not used: no setting of Tidings is called that.`);
  }
  return sentences;
}

function isPlain(name: string): boolean {
  return name.length <= LONGEST_NAME && PLAIN_NAME.test(name);
}

function listed(names: readonly string[]): string {
  const plain = names.filter(isPlain);
  const others = names.length - plain.length;
  const parts = [...plain, ...(others === 0 ? [] : [`${others} ${others === 1 ? 'line' : 'lines'} more`])];
  return `${parts.join(', ')} ${names.length === 1 ? 'is' : 'are'}`;
}

/** How far a name in the environment may be from a setting to be taken for it: short names are near to everything. */
function slips(name: string): number {
  if (name.length < 7) return 0;
  return name.length < 10 ? 1 : 2;
}

/** A service of ours makes Kubernetes set `TIDINGS_SERVICE_HOST` and its like in every pod beside it. */
function isOfKubernetes(name: string, value: string): boolean {
  return (
    /_SERVICE_(?:HOST|PORT)(?:_\w+)?$|_PORT_\d+_(?:TCP|UDP)(?:_\w+)?$/.test(name) || /^(?:tcp|udp):\/\//.test(value)
  );
}

/** The setting that a name is meant to be, in any case of its letters and with or without our prefix. */
function nearest(name: string, known: readonly string[], most: number): string | null {
  const upper = name.toUpperCase();
  return nearMiss(upper.startsWith(PREFIX) ? upper.slice(PREFIX.length) : upper, known, most);
}
