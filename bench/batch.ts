import { join } from 'node:path';
import type { Bench } from './kit/bench.ts';
import { inTurn, measure, measuredJob } from './kit/measured.ts';
import { runJob } from './kit/program.ts';
import { atLeast, costRow, ratioRow } from './kit/row.ts';
import { sqlitePlace, startTidings } from './kit/tidings.ts';
import { load } from './kit/wrk.ts';

/** Notifications in one request. */
const ITEMS = 100;
/** Requests at once. More would only wait, and past a limit be refused. */
const CONNECTIONS = 8;
const STORE_INSERT = join(import.meta.dirname, 'limits', 'store-insert.ts');

export const batch: Bench = {
  name: 'batch',
  about: 'batches of 100 on 8 connections, SQLite, role api, against the bare store taking the same rows',
  async run(bed) {
    const seconds = bed.sized(3, 1);
    const { settings } = await sqlitePlace(bed);
    const tidings = await startTidings(bed, 'api', settings);
    const toTidings = () =>
      load({ url: tidings.url, path: '/api/v1/notifications/batch', items: ITEMS, seconds, connections: CONNECTIONS });
    if (!bed.tiny) await toTidings();
    const { store, tidings: ours } = await inTurn(bed, {
      store: async (inner) => {
        const { path } = await sqlitePlace(inner);
        return measuredJob(
          await runJob(inner, STORE_INSERT, { path, items: ITEMS, atOnce: CONNECTIONS, seconds: seconds / 2 }),
        );
      },
      tidings: () => measure([tidings], toTidings),
    });
    const tidingsRuns = { name: 'Tidings', runs: ours };
    const storeRuns = { name: 'bare store', runs: store };
    return [
      ratioRow('accept, batches of 100', tidingsRuns, storeRuns, atLeast(0.5)),
      costRow('accept, batches of 100, by processor time', tidingsRuns, storeRuns),
    ];
  },
};
