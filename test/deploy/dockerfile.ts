import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Instruction {
  /** In capitals. */
  readonly name: string;
  readonly text: string;
}

/** One `FROM` and what belongs to it. */
export interface Stage {
  readonly image: string;
  /** As other stages call it; null for one that is not called. */
  readonly alias: string | null;
  readonly instructions: readonly Instruction[];
}

export function readDockerfile(root: string): readonly Stage[] {
  const stages: { image: string; alias: string | null; instructions: Instruction[] }[] = [];
  for (const line of readFileSync(join(root, 'Dockerfile'), 'utf8').split('\n')) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name = '', text = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
    if (name === '') throw new Error(`"${line}" is not read here: one instruction is one line`);
    if (name !== 'FROM') {
      stages.at(-1)?.instructions.push({ name, text });
      continue;
    }
    const [image = '', alias = null] = text.split(' AS ');
    stages.push({ image, alias, instructions: [] });
  }
  return stages;
}

/** The words of a command in its JSON form, the only one that runs without a shell. */
export function words(text: string): readonly string[] {
  return JSON.parse(text.replace(/^.*?(?=\[)/, '')) as readonly string[];
}

/** The files and folders that a COPY or an ADD names, and where they go; `from` is null for the project itself. */
export function copied({ text }: Instruction): {
  readonly from: string | null;
  readonly sources: readonly string[];
  readonly target: string;
} {
  const parts = text.split(/ +/);
  const from = parts.find((part) => part.startsWith('--from='))?.slice('--from='.length) ?? null;
  const paths = parts.filter((part) => !part.startsWith('--'));
  return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
}

/**
 * Whether a path (from the root, with slashes) stays out of what the image is built from, by .dockerignore: the last
 * pattern that fits it, or a folder it lies in, decides.
 */
export function ignoring(root: string): (path: string) => boolean {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  const rules = lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ takesBack: line.startsWith('!'), fits: pattern(line.replace(/^!/, '')) }));
  return (path) => rules.findLast(({ fits }) => fits.test(path))?.takesBack === false;
}

function pattern(text: string): RegExp {
  const source = text.replace(/\*\*\/|\*|[^*/\w]/g, (part) =>
    part === '**/' ? '(?:.*/)?' : part === '*' ? '[^/]*' : `\\${part}`,
  );
  return new RegExp(`^${source}(?:/.*)?$`);
}
