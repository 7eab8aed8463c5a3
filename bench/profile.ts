import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where the time goes: reads the CPU profiles that `npm run bench -- … --profile FOLDER` left, and prints for each the
 * functions with the most time of their own, and the time of each file.
 * node bench/profile.ts FOLDER [how many]
 */
const [folder, most = '30'] = process.argv.slice(2);

/** As V8 writes it. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

if (folder === undefined) {
  process.stderr.write('node bench/profile.ts FOLDER [how many]\n');
  process.exitCode = 2;
} else {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile;
    process.stdout.write(`\n${name}\n${summary(profile)}`);
  }
}

function summary({ nodes, samples, timeDeltas }: Profile): string {
  const own = new Map<number, number>();
  for (const [index, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  let busy = 0;
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const time = own.get(id) ?? 0;
    if (time === 0 || functionName === '(idle)') continue;
    busy += time;
    const file = short(url);
    add(functions, `${functionName || '(anonymous)'}  ${file}${url === '' ? '' : `:${lineNumber + 1}`}`, time);
    add(files, file === '' ? functionName : file, time);
  }
  const lines = (title: string, times: ReadonlyMap<string, number>) =>
    `${title}\n${[...times]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, Number(most))
      .map(([name, time]) => `${((100 * time) / busy).toFixed(1).padStart(6)} %  ${name}\n`)
      .join('')}`;
  return `busy ${(busy / 1e6).toFixed(2)} s\n${lines('own time by function', functions)}${lines('own time by file', files)}`;
}

function add(sums: Map<string, number>, name: string, time: number): void {
  sums.set(name, (sums.get(name) ?? 0) + time);
}

/** From the project's folder on. */
function short(url: string): string {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  return path.replace(`${join(import.meta.dirname, '..')}/`, '').replace('node_modules/', '~');
}
