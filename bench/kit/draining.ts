import { copyFile } from 'node:fs/promises';
import type { Bed } from './bed.ts';
import { asDrained, sqliteBooks } from './books.ts';
import { type Measured, measure } from './measured.ts';
import { type Role, type Settings, sqlitePlace, startTidings } from './tidings.ts';

/** A backlog that takes longer is looked at for so many seconds: its rate is that of what was done by then. */
export const DRAIN_SECONDS = 5;

/** How fast one process gets through a copy of the backlog: from its first call of a provider to the last record of one. */
export async function drainCopy(
  bed: Bed,
  backlog: string,
  role: Exclude<Role, 'api'>,
  more: Settings = {},
): Promise<Measured> {
  const { path, settings } = await sqlitePlace(bed);
  await copyFile(backlog, path);
  await using books = sqliteBooks(path);
  const tidings = await startTidings(bed, role, { ...settings, ...more });
  return await measure([tidings], async () => {
    await books.allFinished(DRAIN_SECONDS);
    return asDrained(await books.trip(0));
  });
}
