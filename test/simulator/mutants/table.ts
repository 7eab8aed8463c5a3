import { parseArgs } from 'node:util';
import { hunt } from './hunt.ts';
import { MUTANTS } from './mutants.ts';

/** Hunts every mutant, or those that are named, and prints a table. Ends with 1 if one got away. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, seconds: { type: 'string', default: '60' } },
});

const how = { seed: values.seed, seconds: Number(values.seconds) };
console.log('| mutant | what is wrong | caught by seed | breaks | deliveries until then | seconds |');
console.log('|---|---|---|---|---|---|');
for (const { name, says } of MUTANTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const caught = await hunt(name, how);
  if (caught === null) process.exitCode = 1;
  const cells =
    caught === null
      ? ['**got away**', '', '', `> ${how.seconds}`]
      : [caught.seed, caught.promise, String(caught.deliveries), caught.seconds.toFixed(1)];
  console.log(`| ${[name, says, ...cells].join(' | ')} |`);
}
