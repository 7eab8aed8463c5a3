import type { Bench } from './kit/bench.ts';
import { startFramework } from './kit/framework.ts';
import { inTurn, measure } from './kit/measured.ts';
import { atLeast, costRow, ratioRow } from './kit/row.ts';
import { sqlitePlace, startTidings } from './kit/tidings.ts';
import { load } from './kit/wrk.ts';

export const accept: Bench = {
  name: 'accept',
  about: 'single posts on 64 connections, SQLite, role api, against the bare framework',
  async run(bed) {
    const seconds = bed.sized(3, 1);
    const framework = await startFramework(bed);
    const { settings } = await sqlitePlace(bed);
    const tidings = await startTidings(bed, 'api', settings);
    const toFramework = () => load({ url: framework.url, path: '/notifications', items: 1, seconds });
    const toTidings = () => load({ url: tidings.url, path: '/api/v1/notifications', items: 1, seconds });
    if (!bed.tiny) {
      await toFramework();
      await toTidings();
    }
    const { fastify: bare, tidings: ours } = await inTurn(bed, {
      fastify: () => measure([framework], toFramework),
      tidings: () => measure([tidings], toTidings),
    });
    const tidingsRuns = { name: 'Tidings', runs: ours };
    const frameworkRuns = { name: 'Fastify', runs: bare };
    return [
      ratioRow('accept, single', tidingsRuns, frameworkRuns, atLeast(0.5)),
      costRow('accept, single, by processor time', tidingsRuns, frameworkRuns),
    ];
  },
};
