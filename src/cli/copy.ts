import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DatabaseLocation } from '../config/database-url.ts';
import { type OpenStore, openStoreForCopy } from '../engines.ts';
import { realClock } from '../main.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { TableName } from '../store/transfer.ts';
import { isSame, type SumValue } from './content-sum.ts';
import { type CopyResult, copyContent, type Difference, type Step } from './copy-content.ts';

/** Enough to read or write at once, and to ask how it stands. */
const CONNECTIONS = 4;
/** How often it says how far it is, in ms. */
const TELL_EVERY = 1_000;

/** Copies one store into another; answers the exit code. */
export async function copy(from: DatabaseLocation, to: DatabaseLocation): Promise<number> {
  if (from.kind === 'sqlite' && !existsSync(from.path)) return failed(`there is no file ${resolve(from.path)}`);
  const opened: OpenStore[] = [];
  try {
    const source = await open(from, '--from', opened);
    const target = await open(to, '--to', opened);
    const places = { from: nameOf(from, source), to: target.place };
    const result = await copyContent({
      source: source.store,
      target: target.store,
      sourceName: places.from,
      now: () => realClock.now(),
      onProgress: teller(),
    });
    if (result.kind !== 'copied') return failed(inWords(result, places));
    process.stdout.write(summary(result.tables, places));
    return 0;
  } catch (error) {
    if (error instanceof CannotOpen) return failed(error.message);
    if (!(error instanceof StoreUnavailable)) throw error;
    return failed(`${error.message}; run the same command again, it goes on where it was`);
  } finally {
    for (const { store } of opened) await store.close();
  }
}

class CannotOpen extends Error {}

async function open(location: DatabaseLocation, option: string, opened: OpenStore[]): Promise<OpenStore> {
  const settings = { database: location, databasePool: CONNECTIONS };
  const say = (text: string) => process.stderr.write(`${text}\n`);
  try {
    const one = await openStoreForCopy(settings, realClock, say);
    opened.push(one);
    if (one.migrated.length > 0) say(`${one.place} is up to date now: ${one.migrated.join(', ')}`);
    return one;
  } catch (error) {
    throw new CannotOpen(`${option} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The same whichever way the path is written. */
function nameOf(location: DatabaseLocation, { place }: OpenStore): string {
  return location.kind === 'sqlite' ? realpathSync(location.path) : place;
}

function failed(why: string): number {
  process.stderr.write(`tidings: ${why.replace(/\.$/, '')}.\n`);
  return 1;
}

function teller(): (step: Step) => void {
  let toldAt = 0;
  let last = '';
  return ({ doing, table, rows, of }) => {
    const now = realClock.now();
    // Every table is named once, however few rows it has.
    if (last === `${doing} ${table}` && now - toldAt < TELL_EVERY) return;
    last = `${doing} ${table}`;
    toldAt = now;
    process.stderr.write(`${last.replaceAll('_', ' ')}: ${grouped(rows)} of ${grouped(of)}\n`);
  };
}

interface Places {
  readonly from: string;
  readonly to: string;
}

function inWords(result: Exclude<CopyResult, { kind: 'copied' }>, { from, to }: Places): string {
  switch (result.kind) {
    case 'same_store':
      return '--from and --to are the same database';
    case 'source_empty':
      return `there is nothing in ${from} to copy`;
    case 'source_unfinished':
      return `${from} holds only a part of ${result.of}: the copy into it has not ended`;
    case 'target_used':
      return `${to} is not empty (${list(result.tables)}); copy into a database that is`;
    case 'target_of_other_copy':
      return `${to} holds a copy of ${result.of}; copy ${from} into a database that is empty`;
    case 'source_busy':
      return `somebody is writing to ${from}: stop every Tidings that works with it, and run the same command again`;
    case 'target_busy':
      return `somebody else is writing to ${to}: let another copy end, or stop the service there, empty the database and begin again`;
    case 'different':
      return differences(result.faults, { from, to }, result.ended);
  }
}

function differences(faults: readonly Difference[], { from, to }: Places, ended: boolean): string {
  const lines = faults.map(({ table, copied, source, target }) => {
    const changed = !isSame(copied, source);
    const why = changed ? 'the source has changed since it was read' : 'what is in the target is not what was written';
    return `  ${label(table)}: ${inShort(source)} in the source, ${inShort(target)} in the target (${why})`;
  });
  const advice = ended
    ? 'The copy had ended before, so one of them has been in use since'
    : 'Stop every Tidings that works with either, empty the target and begin again';
  return `${from} and ${to} are not the same:\n${lines.join('\n')}\n${advice}`;
}

function inShort({ rows, checksum }: SumValue): string {
  return `${grouped(rows)} rows ${checksum}`;
}

function summary(tables: readonly ({ readonly table: TableName } & SumValue)[], { from, to }: Places): string {
  const lines = tables.map(
    ({ table, rows, checksum }) => `  ${label(table).padEnd(18)}${grouped(rows).padStart(14)}  ${checksum}`,
  );
  return [
    `Copied ${from} to ${to}.`,
    '',
    `  ${'table'.padEnd(18)}${'rows'.padStart(14)}  checksum`,
    ...lines,
    '',
    'Both were read again after the copy, and every row is the same.',
    'Set DATABASE_URL to the copy and start Tidings there. Do not start it on the old database again: what was waiting',
    'would be sent from both.',
    '',
  ].join('\n');
}

function list(tables: readonly TableName[]): string {
  return tables.map(label).join(', ');
}

function label(table: TableName): string {
  return table.replaceAll('_', ' ');
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}
