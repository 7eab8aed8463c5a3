import { copyFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { Bed } from './kit/bed.ts';
import type { Bench } from './kit/bench.ts';
import { sqliteBooks } from './kit/books.ts';
import { DRAIN_SECONDS, drainCopy } from './kit/draining.ts';
import { fillSqlite, inApp } from './kit/filling.ts';
import { inTurn } from './kit/measured.ts';
import { multiply } from './kit/multiply.ts';
import { atMost, type Bar, type Row, type Unit } from './kit/row.ts';
import { sqlitePlace, startTidings } from './kit/tidings.ts';
import { load } from './kit/wrk.ts';

/** How much memory it took and, of a start, how long. */
interface Look {
  readonly mebibytes: number;
  readonly seconds: number;
}

export const footprint: Bench = {
  name: 'footprint',
  about: 'memory idle, under load and with a backlog, and how long a start takes; one process, SQLite',
  async run(bed) {
    // Neither is at its end when it is looked at: what differs is what waits, not how much was done.
    const count = bed.sized(200_000, 200);
    const small = await backlogOf(bed, count);
    const large = await fiveTimes(bed, small, count);
    const peak = async (inner: Bed, backlog: string): Promise<Look> => {
      const { peakMemory } = await drainCopy(inner, backlog, 'start');
      return { mebibytes: peakMemory ?? Number.NaN, seconds: Number.NaN };
    };
    const runs = await inTurn(bed, {
      starts: startAndRest,
      loaded: loadAndDrain,
      small: (inner) => peak(inner, small),
      large: (inner) => peak(inner, large),
    });
    const grows = runs.large.map(({ mebibytes }, run) => mebibytes - (runs.small[run]?.mebibytes ?? Number.NaN));
    const memory = (all: readonly { readonly mebibytes: number }[]) => all.map(({ mebibytes }) => mebibytes);
    const ready = runs.starts.map(({ seconds }) => seconds);
    return [
      row('ready after the start', 's', ready, atMost(1), 'until /health/ready answers 200, of a new store'),
      row('memory, idle', 'MiB', memory(runs.starts), atMost(120), 'resident, all in one process'),
      row('memory, under load', 'MiB', memory(runs.loaded), atMost(250), 'at its highest: singles, batches, the drain'),
      row(
        'memory, by backlog',
        'MiB',
        grows,
        atMost(20),
        'at its highest: five seconds of draining 1,000,000 less as many of draining 200,000',
      ),
    ];
  },
};

async function backlogOf(bed: Bed, count: number): Promise<string> {
  const { path } = await sqlitePlace(bed);
  await fillSqlite(path, inApp(count));
  return path;
}

async function fiveTimes(bed: Bed, backlog: string, count: number): Promise<string> {
  const { path } = await sqlitePlace(bed);
  await copyFile(backlog, path);
  multiply(path, 4 * count);
  return path;
}

async function startAndRest(bed: Bed): Promise<Look> {
  const { settings } = await sqlitePlace(bed);
  const begun = performance.now();
  const tidings = await startTidings(bed, 'start', settings);
  while ((await fetch(`${tidings.url}/health/ready`)).status !== 200) await setTimeout(5);
  const seconds = (performance.now() - begun) / 1000;
  await setTimeout(bed.sized(2_000, 200));
  return { seconds, mebibytes: tidings.memory().now };
}

async function loadAndDrain(bed: Bed): Promise<Look> {
  const { path, settings } = await sqlitePlace(bed);
  const tidings = await startTidings(bed, 'start', settings);
  await using books = sqliteBooks(path);
  const seconds = bed.sized(2, 1);
  const { url } = tidings;
  await load({ url, path: '/api/v1/notifications', items: 1, seconds });
  await load({ url, path: '/api/v1/notifications/batch', items: 100, seconds: 1, connections: 8 });
  await books.allFinished(DRAIN_SECONDS);
  return { mebibytes: tidings.memory().peak, seconds: Number.NaN };
}

function row(what: string, unit: Unit, figures: readonly number[], bar: Bar, beside: string): Row {
  return { what, unit, figures, bar, beside };
}
