import { join } from 'node:path';
import type { Bench } from './kit/bench.ts';
import { drainCopy } from './kit/draining.ts';
import { fillSqlite } from './kit/filling.ts';
import { inTurn, measuredJob } from './kit/measured.ts';
import { runJob, startProgram } from './kit/program.ts';
import { atLeast, ratioRow } from './kit/row.ts';
import { sqlitePlace } from './kit/tidings.ts';

const LIMITS = join(import.meta.dirname, 'limits');

export const smtp: Bench = {
  name: 'smtp',
  about: 'a backlog of e-mails through a pooled local sink, one worker, SQLite, against nodemailer alone',
  async run(bed) {
    const count = bed.sized(4_000, 300);
    const sink = await startProgram(bed, { file: join(LIMITS, 'smtp-sink.ts'), ready: /^ready (\S+)$/m });
    const port = Number(new URL(sink.url).port);
    const backlog = await sqlitePlace(bed);
    const recipient = (number: number) => ({ email: `user-${number}@example.com` });
    await fillSqlite(backlog.path, { count, channel: 'email', recipient });
    const settings = { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port), SMTP_TLS: 'none', SMTP_FROM: 'a@example.com' };
    const { nodemailer, tidings } = await inTurn(bed, {
      nodemailer: async (inner) => measuredJob(await runJob(inner, join(LIMITS, 'nodemailer.ts'), { port, count })),
      tidings: (inner) => drainCopy(inner, backlog.path, 'worker', settings),
    });
    return [
      ratioRow('SMTP', { name: 'Tidings', runs: tidings }, { name: 'nodemailer', runs: nodemailer }, atLeast(0.85)),
    ];
  },
};
