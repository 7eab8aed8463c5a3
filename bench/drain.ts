import { join } from 'node:path';
import type { Bench } from './kit/bench.ts';
import { drainCopy } from './kit/draining.ts';
import { fillSqlite, inApp } from './kit/filling.ts';
import { inTurn, measuredJob } from './kit/measured.ts';
import { peerDrain } from './kit/peer-service.ts';
import { runJob } from './kit/program.ts';
import { atLeast, rateRow, ratioRow } from './kit/row.ts';
import { sqlitePlace } from './kit/tidings.ts';

const BULLMQ = join(import.meta.dirname, 'peers', 'bullmq-drain.ts');

export const drain: Bench = {
  name: 'drain',
  about: 'a backlog of 200,000 (in_app), one process, SQLite, against the peer draining and BullMQ doing nothing',
  async run(bed) {
    const backlog = await sqlitePlace(bed);
    await fillSqlite(backlog.path, inApp(bed.sized(200_000, 1_000)));
    const {
      bullmq,
      peer,
      tidings: ours,
    } = await inTurn(bed, {
      bullmq: async (inner) => {
        const { url } = await inner.redis();
        return measuredJob(await runJob(inner, BULLMQ, { url, count: bed.sized(20_000, 1_000) }));
      },
      peer: (inner) => peerDrain(inner, bed.sized(10_000, 500)),
      tidings: (inner) => drainCopy(inner, backlog.path, 'start'),
    });
    const tidings = { name: 'Tidings', runs: ours };
    return [
      rateRow('drain, SQLite', tidings, atLeast(30_000)),
      ratioRow('drain, SQLite, to the peer', tidings, { name: 'BullMQ + PostgreSQL', runs: peer }, atLeast(4)),
      ratioRow('drain, SQLite, to BullMQ alone', tidings, { name: 'BullMQ, no-op', runs: bullmq }, atLeast(1.3)),
    ];
  },
};
