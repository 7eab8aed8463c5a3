import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Bed } from './kit/bed.ts';
import type { Bench } from './kit/bench.ts';
import { sqliteBooks } from './kit/books.ts';
import { type Filling, fillSqlite, inApp } from './kit/filling.ts';
import { startProgram } from './kit/program.ts';
import { atMost, type Row } from './kit/row.ts';
import { sqlitePlace, startTidings, WEBHOOK_SETTINGS } from './kit/tidings.ts';

const HTTP_SINK = join(import.meta.dirname, 'limits', 'http-sink.ts');

export const bytes: Bench = {
  name: 'bytes',
  about: 'bytes on disk for a finished notification on one channel, SQLite, indexes included',
  async run(bed) {
    const count = bed.sized(20_000, 500);
    const sink = await startProgram(bed, { file: HTTP_SINK, ready: /^ready (\S+)$/m });
    const recipient = () => ({ webhookUrl: `${sink.url}/hook` });
    const about = `${count.toLocaleString('en')} notifications with about 150 bytes of text`;
    return [
      await bytesRow(bed, 'bytes on disk, webhook', about, { count, channel: 'webhook', recipient }),
      await bytesRow(bed, 'bytes on disk, in_app', `${about}, the entry in the inbox included`, inApp(count)),
    ];
  },
};

async function bytesRow(bed: Bed, what: string, beside: string, filling: Filling): Promise<Row> {
  const { path, settings } = await sqlitePlace(bed);
  await fillSqlite(path, { ...filling, count: 0 });
  const empty = await sizeOf(path);
  await fillSqlite(path, filling);
  const worker = await startTidings(bed, 'worker', { ...WEBHOOK_SETTINGS, ...settings });
  {
    await using books = sqliteBooks(path);
    await books.allFinished();
    await books.trip(0);
  }
  // Its stop brings everything into the file.
  await worker.stop();
  // It holds the newest 100,000 moves, however many notifications there are.
  const log = sizeOfLog(path);
  const figures = [((await sizeOf(path)) - empty - log) / filling.count];
  const withLog = `${beside}; beside them ${Math.round(log / filling.count)} B each in the log of moves, which does not grow`;
  return { what, unit: 'B', figures, bar: atMost(700), beside: withLog };
}

function sizeOfLog(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(db.prepare("SELECT coalesce(sum(pgsize), 0) AS bytes FROM dbstat WHERE name = 'moves'").get()?.bytes);
  } finally {
    db.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}
