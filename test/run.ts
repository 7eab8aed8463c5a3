import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import { QUEUES, STORES } from './kit/place.ts';
import { postgresServer } from './kit/postgres.ts';
import { ensurePackages, PACKAGE_NAMES } from './kit/private-instance.ts';
import { rabbitServer } from './kit/rabbitmq.ts';

/**
 * `npm test`: every test there is, part after part, each against real servers of its own where it needs one. Words
 * choose parts, as in `npm test -- trips postgres`. Nothing is left out in silence: the closing lines count what ran.
 */
interface Part {
  readonly name: string;
  readonly globs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** In one process, where files share nothing but what they load. */
  readonly together: boolean;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Skipped, to do or cancelled: neither. */
  readonly other: number;
}

/** Runs the files that its arguments name. */
const TOGETHER = join(import.meta.dirname, 'together.ts');

/** Those that take minutes: they run when they are named. */
const LONG_PARTS: readonly Part[] = [part('watchdog', 'src/pipeline/*.engine-test.ts')];

/** What a message looks like to whoever gets it comes out of the store, whatever carried its name to a worker. */
const TRIPS_OF_CONTENT = ['email', 'inbox', 'sandbox', 'webhook'];
const ALL_TRIPS = ['test/trips/*.test.ts'];
const TRIPS_OF_THE_QUEUE = [`test/trips/!(${TRIPS_OF_CONTENT.join('|')}).test.ts`];

/** The longest first, so that none of them is left for the end, where it would run alone. */
const PARTS: readonly Part[] = [
  ...STORES.flatMap((store) =>
    QUEUES.map((queue) => ({
      ...together(`trips: ${store} × ${queue}`, ...(queue === 'database' ? ALL_TRIPS : TRIPS_OF_THE_QUEUE)),
      env: { TEST_STORE: store, TEST_QUEUE: queue },
    })),
  ),
  part('store: postgres', 'src/store/postgres/*.engine-test.ts'),
  part('simulator', 'test/simulator/**/*.test.ts'),
  part('bench', 'bench/*.test.ts'),
  together(
    'parts, without a server',
    'src/**/*.test.ts',
    'inbox/src/*.test.ts',
    'sdk/src/*.test.ts',
    'test/*.test.ts',
    'test/kit/*.test.ts',
  ),
  part('faces', 'test/faces/*.test.ts'),
  part('command line', 'test/command/*.test.ts'),
  part('client', 'test/client/*.test.ts'),
  part('queue: rabbitmq', 'src/queue/rabbitmq/*.engine-test.ts'),
  part('chaos', 'test/chaos/*.test.ts'),
  part('bad input', 'test/bad-input/*.test.ts'),
  part('peers', 'test/peers/*.test.ts'),
  part('queue: redis', 'src/queue/redis/*.engine-test.ts', 'src/limiter/redis/*.engine-test.ts'),
  part('overload', 'test/overload/*.test.ts'),
];

function part(name: string, ...globs: readonly string[]): Part {
  return { name, globs, env: {}, together: false };
}

function together(name: string, ...globs: readonly string[]): Part {
  return { ...part(name, ...globs), together: true };
}

/** Runs a part, one file after the other, tells what failed, and counts. */
function runPart({ globs, env, together: inOneProcess }: Part): Promise<Counts> {
  const said = new Map<string, string>();
  const { promise, resolve, reject } = Promise.withResolvers<Counts>();
  const environment = { ...process.env, TEST_STORE: 'sqlite', TEST_QUEUE: 'database', ...env };
  const what = inOneProcess ? { files: [TOGETHER], argv: globs } : { globPatterns: [...globs] };
  const stream = run({ ...what, concurrency: 1, env: environment });
  stream.on('test:stderr', ({ file, message }) => said.set(file, (said.get(file) ?? '') + message));
  stream.on('test:fail', ({ name, file = '', line = 0, details }) => {
    // Around a test that failed, its suite did as well: that is no news.
    if (details.type === 'suite' && Reflect.get(details.error, 'failureType') === 'subtestsFailed') return;
    const cause = details.error.cause ?? details.error;
    print(`\n✖ ${file}:${line}\n  ${name}\n${inspect(cause, { depth: 6 })}\n${said.get(file) ?? ''}\n`);
  });
  stream.on('test:pass', ({ name, file = '', line = 0, skip, todo }) => {
    if (skip === undefined && todo === undefined) return;
    print(`\n✖ ${file}:${line}\n  ${name}\nis left out, and nothing is left out here\n\n`);
  });
  stream.on('test:summary', ({ file, counts }) => {
    if (file !== undefined) return;
    const { passed, cancelled, skipped, todo, tests } = counts;
    const other = cancelled + skipped + todo;
    resolve({ passed, failed: tests - passed - other, other });
  });
  stream.on('error', reject);
  stream.resume();
  return promise;
}

/** As many parts at a time as there are cores: one that waits for a server leaves its core to the others. */
async function runParts(parts: readonly Part[]): Promise<boolean> {
  const sum = { passed: 0, failed: 0, other: 0 };
  const start = Date.now();
  const left = parts.values();
  const hand = async () => {
    for (const part of left) {
      const before = Date.now();
      const counts = await runPart(part);
      for (const key of ['passed', 'failed', 'other'] as const) sum[key] += counts[key];
      print(`${part.name.padEnd(32)} ${inWords(counts)}, ${seconds(before)} s\n`);
      if (counts.passed + counts.failed === 0) throw new Error(`there are no tests of ${part.name}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, hand));
  print(`${'all'.padEnd(32)} ${inWords(sum)}, ${seconds(start)} s\n`);
  return sum.failed === 0 && sum.other === 0;
}

function inWords({ passed, failed, other }: Counts): string {
  const rest = other > 0 ? `, ${other} neither` : '';
  return `${String(passed).padStart(5)} passed, ${failed} failed${rest}`;
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}

function print(text: string): void {
  process.stdout.write(text);
}

async function main(words: readonly string[]): Promise<boolean> {
  const named = ({ name }: Part) => words.every((word) => name.includes(word));
  const chosen = [...PARTS, ...(words.length > 0 ? LONG_PARTS : [])].filter(named);
  if (chosen.length === 0) {
    print(`No part is called that. There are:\n${[...PARTS, ...LONG_PARTS].map(({ name }) => `  ${name}\n`).join('')}`);
    return false;
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 24 || (major === 24 && minor < 14)) {
    // An older one does not know of `env` and would test SQLite six times.
    print(`The tests need Node 24.14 or newer; this is ${process.version}.\n`);
    return false;
  }
  await ensurePackages(...PACKAGE_NAMES);
  // The trips share servers, and have databases and virtual hosts of their own on them.
  const [postgres, rabbit] = await Promise.all([postgresServer(), rabbitServer()]);
  Object.assign(process.env, { TEST_POSTGRES: postgres.url, TEST_RABBITMQ: rabbit.management });
  try {
    return await runParts(chosen);
  } finally {
    await Promise.all([postgres.close(), rabbit.close()]);
  }
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
