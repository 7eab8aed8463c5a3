import { join } from 'node:path';
import type { Bench } from './kit/bench.ts';
import { drainCopy } from './kit/draining.ts';
import { fillSqlite } from './kit/filling.ts';
import { inTurn, measuredJob } from './kit/measured.ts';
import { runJob, startProgram } from './kit/program.ts';
import { atLeast, ratioRow } from './kit/row.ts';
import { sqlitePlace, WEBHOOK_SETTINGS } from './kit/tidings.ts';

/** Connections to the receiver, on either side. */
const AT_ONCE = 64;
/** A slot is held from the claim to the record, a connection from the first byte to the answer: so many keep all of them busy. */
const SLOTS = { WORKER_CONCURRENCY: '256', HTTP_CONNECTIONS_PER_HOST: String(AT_ONCE) };
const LIMITS = join(import.meta.dirname, 'limits');

export const webhook: Bench = {
  name: 'webhook',
  about: 'a backlog of webhooks to a local receiver, one worker, SQLite, against undici alone',
  async run(bed) {
    const count = bed.sized(20_000, 500);
    const sink = await startProgram(bed, { file: join(LIMITS, 'http-sink.ts'), ready: /^ready (\S+)$/m });
    const url = `${sink.url}/hook`;
    const backlog = await sqlitePlace(bed);
    await fillSqlite(backlog.path, { count, channel: 'webhook', recipient: () => ({ webhookUrl: url }) });
    const { undici, tidings } = await inTurn(bed, {
      undici: async (inner) =>
        measuredJob(await runJob(inner, join(LIMITS, 'undici.ts'), { url, count, atOnce: AT_ONCE })),
      tidings: (inner) => drainCopy(inner, backlog.path, 'worker', { ...WEBHOOK_SETTINGS, ...SLOTS }),
    });
    return [ratioRow('webhook', { name: 'Tidings', runs: tidings }, { name: 'undici', runs: undici }, atLeast(0.5))];
  },
};
