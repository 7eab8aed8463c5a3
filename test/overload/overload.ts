import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { spawnTidings } from '../kit/tidings-process.ts';
import { seen } from '../kit/until.ts';
import { type Arrivals, arrivals, percentile } from './arrivals.ts';

/**
 * How the API bears more than it can do: `node test/overload/overload.ts [--role start|api] [--factor 3] [--seconds 10]
 * [--connections 3000]`. First its peak, with 64 clients that each wait for their answer; then arrivals at a multiple of
 * that which wait for nobody; then the 64 again. The asking process needs the other core of two, and on a machine that
 * does other things too only the figures by CPU time mean much.
 */
const { values } = parseArgs({
  options: {
    role: { type: 'string', default: 'api' },
    factor: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '3000' },
  },
});
const CLIENTS = 64;
/** The bars: of the peak, and in ms. */
const GOODPUT = 0.8;
const ACCEPTED_P99 = 1_000;
const BODY = JSON.stringify({
  recipient: { user_id: 'user-1' },
  message: 'Your order has been shipped and will arrive tomorrow.',
  channels: ['in_app'],
});

const folder = await mkdtemp(join(tmpdir(), 'tidings-overload-'));
const child = spawnTidings([values.role], {
  cwd: folder,
  env: { API_PORT: '0', LOG_LEVEL: 'warn', DATABASE_URL: `sqlite:${join(folder, 'tidings.db')}` },
});
try {
  process.exitCode = (await measure()) ? 0 : 1;
} finally {
  if (child.running) child.kill('SIGTERM');
  await child.exited;
  process.stdout.write(child.stderr);
  await rm(folder, { recursive: true });
}

async function measure(): Promise<boolean> {
  const url = await seen(
    () => /^ {2}API +(\S+)\/api\/v1$/m.exec(child.stdout)?.[1],
    () => `it did not start: ${child.stderr}`,
  );
  const ask = async (name: string, seconds: number, rate: number | null, connections: number) => {
    let before = 0;
    const onBegin = () => {
      before = cpuMs();
    };
    const run = await arrivals({ url, body: BODY, seconds, rate, connections, onBegin });
    const cpu = cpuMs() - before;
    print(name, run, cpu);
    return { ...run, goodput: run.accepted.length / seconds, byCpu: run.accepted.length / cpu };
  };
  const seconds = Number(values.seconds);
  await ask('warm up', 3, null, CLIENTS);
  const peak = await ask(`${CLIENTS} clients`, seconds, null, CLIENTS);
  const rate = Math.round(peak.goodput * Number(values.factor));
  const over = await ask(`${values.factor} × peak`, seconds, rate, Number(values.connections));
  const after = await ask(`${CLIENTS} clients`, seconds, null, CLIENTS);

  const share = over.goodput / peak.goodput;
  const p99 = percentile(over.accepted, 99);
  say(
    `goodput at ${values.factor} × peak: ${percent(share)} of the peak, ${percent(over.byCpu / peak.byCpu)} by CPU time`,
  );
  say(
    `afterwards: ${percent(after.goodput / peak.goodput)} of the peak, ${percent(after.byCpu / peak.byCpu)} by CPU time`,
  );
  const refusedInPeace = peak.refused.length + after.refused.length;
  say(`refused while ${CLIENTS} clients waited for their answers: ${refusedInPeace}`);
  return share >= GOODPUT && p99 < ACCEPTED_P99 && over.rude === 0 && refusedInPeace === 0;
}

function print(name: string, run: Arrivals, cpu: number): void {
  const { seconds, asked, unsent, accepted, refused, rude, others } = run;
  const times = (all: readonly number[]) =>
    all.length === 0 ? '' : ` in ${[50, 99, 100].map((one) => percentile(all, one).toFixed(0)).join(' / ')} ms`;
  const perSecond = (count: number) => `${Math.round(count / seconds)}/s`;
  say(
    [
      `${name.padEnd(10)} ${perSecond(asked)} asked`,
      `${perSecond(accepted.length)} accepted${times(accepted)}`,
      `${perSecond(refused.length)} refused${times(refused)}`,
      `${perSecond(unsent)} not sent, as all connections waited`,
      `${rude} refusals without a Retry-After`,
      `other answers ${[...others].map(([status, count]) => `${status}: ${count}`).join(', ') || 'none'}`,
      `CPU ${Math.round(cpu / seconds / 10)} %`,
    ].join('; '),
  );
}

/** Of the service, so far. */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
