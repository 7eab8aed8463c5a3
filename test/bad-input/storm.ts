/** A long storm by hand: `node test/bad-input/storm.ts --requests 50000 --seed 7`. Exits with 1 if it finds something. */
import { parseArgs } from 'node:util';
import { openBeds, STORES, type StoreName } from './bed.ts';
import { contractFrom } from './contract.ts';
import { growth, runStorm, type StormReport } from './run-storm.ts';

const MIB = 1_048_576;
/** What a process may have more in use at the end than after a third of the way, in bytes. */
const LIMITS = [
  ['heap after collection', 'heapUsed', 4 * MIB],
  ['buffers after collection', 'external', 4 * MIB],
  ['resident', 'rss', 48 * MIB],
] as const;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '50000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    path: { type: 'string' },
    store: { type: 'string', default: STORES.join(',') },
  },
});
const stores = values.store.split(',').map((name): StoreName => {
  const store = STORES.find((one) => one === name);
  if (store === undefined) throw new Error(`--store is ${STORES.join(' or ')}`);
  return store;
});
const print = (text: string) => process.stdout.write(`${text}\n`);

print(`seed ${values.seed}`);
const started = performance.now();
const requests = Number(values.requests);
const path = values.path === undefined ? {} : { path: values.path };
const beds = await openBeds(stores);
const [first] = beds;
if (first === undefined) throw new Error('a storm needs a store');
let report: StormReport;
try {
  const contract = await contractFrom(first.wire);
  report = await runStorm(beds, contract, { requests, seed: Number(values.seed), windows: 12, ...path });
} finally {
  await Promise.all(beds.map((bed) => bed.close()));
}
const seconds = (performance.now() - started) / 1000;

print(
  `${report.requests} requests to ${stores.join(' and ')} in ${seconds.toFixed(0)} s; the slowest answer took ${report.slowestMs.toFixed(0)} ms, ${report.slowOnce} took over a second once`,
);
print(
  `answers: ${Object.entries(report.statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')}`,
);
let grown = false;
for (const store of stores) {
  const windows = report.memory[store] ?? [];
  for (const [name, of, limit] of LIMITS) {
    const more = growth(windows, of);
    grown ||= more > limit;
    const series = windows.map((one) => (one[of] / MIB).toFixed(0)).join(' ');
    print(`${store}: ${name}, MiB: ${series} (${(more / MIB).toFixed(1)} more)`);
  }
}
if (report.complaints !== '') print(`the service complains:\n${report.complaints}`);
if (report.failure !== null) print(report.failure);
if (grown) print('memory grows');
process.exitCode = report.failure !== null || report.complaints !== '' || grown ? 1 : 0;
