import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import type { Caught } from './hunt.ts';
import { MUTANTS, type Patch } from './mutants.ts';

/**
 * A process of its own in which the service has one fault: its files are changed as they are loaded, and nowhere else.
 * Arguments: the mutant's name, a seed, and how many seconds to hunt. Prints what was caught as JSON, or null; with a
 * fourth one, so many seconds to shrink in, for people.
 */
const [name = '', seed = '1', patience = '60', shrinking] = process.argv.slice(2);
const mutant = MUTANTS.find((one) => one.name === name);
if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
const pending = new Set<Patch>(mutant.patches);
const root = new URL('../../../src/', import.meta.url);
registerHooks({
  load(url, context, nextLoad) {
    const patches = mutant.patches.filter(({ file }) => url === new URL(file, root).href);
    const loaded = nextLoad(url, context);
    if (patches.length === 0) return loaded;
    let source = readFileSync(new URL(url), 'utf8');
    for (const patch of patches) {
      if (source.split(patch.find).length !== 2) throw new Error(`${name} does not fit ${patch.file} any more`);
      source = source.replace(patch.find, () => patch.replace);
      pending.delete(patch);
    }
    return { ...loaded, source };
  },
});

// What is changed must be loaded after the hooks are there.
const { FAULT_KINDS } = await import('../plan.ts');
const { runCampaign } = await import('../campaign.ts');
const { shrink } = await import('../shrink.ts');
const { breachReport } = await import('../report.ts');
if (pending.size > 0) throw new Error(`${name} changes a file that is never loaded`);
const began = performance.now();
const seconds = () => (performance.now() - began) / 1_000;
const enough = () => seconds() > Number(patience);
const { totals, broken } = await runCampaign({ seed, from: 0, faults: FAULT_KINDS, engine: 'memory', enough });
const breach = broken?.episode.breach ?? null;
if (broken === null || breach === null) {
  console.log('null');
} else if (shrinking === undefined) {
  const { promise, what } = breach;
  const caught: Caught = { seed: broken.name, promise, what, deliveries: totals.deliveries, seconds: seconds() };
  console.log(JSON.stringify(caught));
} else {
  const shrunk = await shrink(broken.plan, broken.episode, Number(shrinking) * 1_000);
  console.log(breachReport(broken.name, broken.episode, shrunk));
}
