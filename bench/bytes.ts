import { stat } from 'node:fs/promises';
import { join } from 'node:path';
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
  return { what, unit: 'B', figures: [((await sizeOf(path)) - empty) / filling.count], bar: atMost(700), beside };
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}
