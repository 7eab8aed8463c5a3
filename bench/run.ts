import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCHES } from './benches.ts';
import { type BedOptions, makeBed } from './kit/bed.ts';
import type { Bench } from './kit/bench.ts';
import { machine, machineInWords } from './kit/machine.ts';
import { passes, type Row } from './kit/row.ts';
import { tableOf } from './kit/table.ts';

/**
 * `npm run bench` measures Tidings beside the limits of what it stands on, and beside its peers, in one run; names
 * choose benches, as in `npm run bench -- accept drain`.
 */
const USAGE = `npm run bench -- [names…] [--runs N] [--tiny] [--rows N] [--json FILE] [--profile FOLDER]

  --runs N          turns of each contender (5); the table shows medians
  --tiny            everything once and small: shows that it works, not how fast
  --rows N          notifications that are in the store already, in growth and schedule (1,000,000)
  --json FILE       where the figures go (bench/results/…; none with --tiny)
  --profile FOLDER  writes CPU profiles of Tidings; summarise with node bench/profile.ts FOLDER

${BENCHES.map(({ name, about }) => `  ${name.padEnd(16)} ${about}\n`).join('')}`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      tiny: { type: 'boolean', default: false },
      rows: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const chosen = positionals.map((name) => BENCHES.find((bench) => bench.name === name));
  if (values.help || chosen.includes(undefined)) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  const benches = positionals.length === 0 ? BENCHES : BENCHES.filter((bench) => chosen.includes(bench));
  const { tiny } = values;
  const rows = await runAll(benches, {
    runs: values.runs === undefined ? (tiny ? 1 : 5) : Number(values.runs),
    tiny,
    rows: values.rows === undefined ? null : Number(values.rows),
    profiles: values.profile === undefined ? null : resolve(values.profile),
  });
  const about = machine(tmpdir());
  process.stdout.write(`\n${machineInWords(about)}\n${tableOf(rows, !tiny)}`);
  const file = values.json ?? (tiny ? null : join(import.meta.dirname, 'results', resultName(about.commit)));
  if (file !== null) await writeResult(file, { at: new Date().toISOString(), machine: about, tiny, rows });
  return rows.some((row) => passes(row) === false) && !tiny ? 1 : 0;
}

async function runAll(benches: readonly Bench[], options: BedOptions): Promise<readonly Row[]> {
  await using scope = new AsyncDisposableStack();
  const interrupted = () => {
    // What is under way fails meanwhile; that is no news.
    void scope.disposeAsync().finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  const bed = await makeBed(options, scope);
  const rows: Row[] = [];
  for (const bench of benches) {
    const begun = performance.now();
    bed.tell(bench.name);
    const own = await bed.within((inner) => bench.run(inner));
    bed.tell(`${tableOf(own, !options.tiny)}  ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
    rows.push(...own);
  }
  return rows;
}

function resultName(commit: string): string {
  const day = new Date().toISOString().slice(0, 16).replaceAll(':', '');
  return `${day}-${commit.replaceAll(' ', '-')}.json`;
}

async function writeResult(file: string, result: object): Promise<void> {
  await mkdir(dirname(resolve(file)), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  process.stderr.write(`written: ${file}\n`);
}

process.exitCode = await main();
