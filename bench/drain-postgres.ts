import { join } from 'node:path';
import type { Bed } from './kit/bed.ts';
import type { Bench } from './kit/bench.ts';
import { asDrained, postgresBooks } from './kit/books.ts';
import { DRAIN_SECONDS } from './kit/draining.ts';
import { fillPostgres, inApp } from './kit/filling.ts';
import { inTurn, type Measured, measure, measuredJob } from './kit/measured.ts';
import { peerDrain } from './kit/peer-service.ts';
import { runJob } from './kit/program.ts';
import { atLeast, rateRow, ratioRow } from './kit/row.ts';
import { startTidings } from './kit/tidings.ts';

const PEERS = join(import.meta.dirname, 'peers');

export const drainPostgres: Bench = {
  name: 'drain-postgres',
  about: 'a backlog of 60,000 (in_app), PostgreSQL, one worker and two, against the peer, pg-boss and graphile-worker',
  async run(bed) {
    const postgres = await bed.postgres();
    const backlog = await postgres.database();
    bed.scope.defer(() => postgres.drop(backlog));
    await fillPostgres(backlog, inApp(bed.sized(60_000, 500)));
    const alone = async (inner: Bed, file: string) => {
      const url = await postgres.database();
      inner.scope.defer(() => postgres.drop(url));
      const options = { url, count: bed.sized(10_000, 500) };
      return measuredJob(await runJob(inner, join(PEERS, file), options));
    };
    const runs = await inTurn(bed, {
      peer: (inner) => peerDrain(inner, bed.sized(10_000, 500)),
      boss: (inner) => alone(inner, 'pg-boss-drain.ts'),
      graphile: (inner) => alone(inner, 'graphile-worker-drain.ts'),
      one: (inner) => ofTidings(inner, backlog, 1),
      two: (inner) => ofTidings(inner, backlog, 2),
    });
    const one = { name: 'Tidings', runs: runs.one };
    const two = { name: 'Tidings, two', runs: runs.two };
    return [
      rateRow('drain, PostgreSQL', one, atLeast(12_000)),
      ratioRow('drain, PostgreSQL, to the peer', one, { name: 'BullMQ + PostgreSQL', runs: runs.peer }, atLeast(1.5)),
      ratioRow('drain, PostgreSQL, two workers to one', two, one, atLeast(1)),
      ratioRow('drain, PostgreSQL, to pg-boss alone', one, { name: 'pg-boss, no-op', runs: runs.boss }, null),
      ratioRow(
        'drain, PostgreSQL, to graphile-worker alone',
        one,
        { name: 'graphile-worker, no-op', runs: runs.graphile },
        null,
      ),
    ];
  },
};

async function ofTidings(bed: Bed, backlog: string, workers: number): Promise<Measured> {
  const postgres = await bed.postgres();
  const url = await postgres.database(backlog);
  bed.scope.defer(() => postgres.drop(url));
  await using books = await postgresBooks(url);
  const settings = { DATABASE_URL: url };
  const programs = await Promise.all(Array.from({ length: workers }, () => startTidings(bed, 'worker', settings)));
  return await measure(programs, async () => {
    await books.allFinished(DRAIN_SECONDS);
    return asDrained(await books.trip(0));
  });
}
