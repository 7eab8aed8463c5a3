import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runCampaign, type Totals } from './campaign.ts';
import { drawPlan } from './draw-plan.ts';
import { runEpisode } from './episode.ts';
import { FAULT_KINDS, type FaultKind, type Plan } from './plan.ts';
import { breachReport, totalsReport } from './report.ts';
import { shrink } from './shrink.ts';

const USAGE = `Usage: npm run simulate -- [--seed N] [--hours H] [--faults all|none|${FAULT_KINDS.join(',')}]
  --seed N       draws everything; without it one is drawn and printed
  --hours H      simulated hours (default 50)
  --seconds S    stop after so many seconds of real time
  --episode K    only episode K of the seed, with its whole trace
  --from K       begin with episode K
  --store S      memory (default) or sqlite: the real statements and the real group commit
  --shrink S     seconds to look for the shortest trace (default 20)
Ends with 1 if a promise was broken.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      hours: { type: 'string', default: '50' },
      seconds: { type: 'string' },
      faults: { type: 'string', default: 'all' },
      episode: { type: 'string' },
      from: { type: 'string', default: '0' },
      store: { type: 'string', default: 'memory' },
      shrink: { type: 'string', default: '20' },
      help: { type: 'boolean', default: false },
    },
  });
  const faults = faultsNamed(values.faults);
  const engine = engineNamed(values.store);
  if (values.help || faults === null || engine === null) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  if (values.episode !== undefined) return oneEpisode(`${values.seed}.${values.episode}`, faults, engine);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1_000;
  console.log(`seed ${values.seed}`);
  const limit = Number(values.seconds ?? Infinity);
  const enough = ({ virtualMs }: Totals) => virtualMs >= Number(values.hours) * 3_600_000 || seconds() >= limit;
  const { totals, broken } = await runCampaign({
    seed: values.seed,
    from: Number(values.from),
    faults,
    engine,
    enough,
  });
  const { user, system } = process.cpuUsage();
  console.log(totalsReport(totals, (user + system) / 1_000_000));
  if (broken === null) return 0;
  const shrunk = await shrink(broken.plan, broken.episode, Number(values.shrink) * 1_000);
  console.log(`\n${breachReport(broken.name, broken.episode, shrunk)}`);
  const [seed, episode] = broken.name.split('.');
  console.log(
    `\nagain: npm run simulate -- --seed ${seed} --episode ${episode} --store ${engine} --faults ${values.faults}`,
  );
  return 1;
}

async function oneEpisode(name: string, faults: readonly FaultKind[], engine: Plan['engine']): Promise<number> {
  const episode = await runEpisode({ ...drawPlan(name, faults), engine }, { traced: true });
  console.log(breachReport(name, episode, null));
  console.log(`trace ${episode.hash}`);
  return episode.breach === null ? 0 : 1;
}

function faultsNamed(text: string): readonly FaultKind[] | null {
  if (text === 'all') return FAULT_KINDS;
  if (text === 'none') return [];
  const names = text.split(',');
  const found = FAULT_KINDS.filter((kind) => names.includes(kind));
  return found.length === names.length ? found : null;
}

function engineNamed(text: string): Plan['engine'] | null {
  return text === 'memory' || text === 'sqlite' ? text : null;
}

process.exitCode = await main();
