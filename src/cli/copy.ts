import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { type DatabaseLocation, parseDatabaseUrl } from '../config/database-url.ts';
import { realClock } from '../domain/clock.ts';
import { withoutPassword } from '../domain/settings.ts';
import { type OpenStore, openStoreForCopy } from '../engines.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { TableName } from '../store/transfer.ts';
import type { Given } from './command.ts';
import { isSame, type SumValue } from './content-sum.ts';
import { type CopyResult, copyContent, type Difference, type Step } from './copy-content.ts';
import { FAILED, INTERRUPTED, type Io, MISUSED } from './io.ts';
import { Progress } from './progress.ts';
import { counted, jsonLine } from './words.ts';

/** Enough to read or write at once, and to ask how it stands. */
const CONNECTIONS = 4;

/** Copies one store into another; answers the exit code. */
export async function copyCommand(given: Given, io: Io): Promise<number> {
  const places: DatabaseLocation[] = [];
  for (const option of ['from', 'to']) {
    const text = given.text(option) ?? '';
    const place = parseDatabaseUrl(text);
    if (place !== undefined) places.push(place);
    else {
      const form = 'sqlite:<path> or postgres://<user>:<password>@<host>/<database>';
      io.err(
        `tidings: --${option} ${withoutPassword(text)} is not ${form}. "tidings help copy" shows how it is used.\n`,
      );
      return MISUSED;
    }
  }
  const [from, to] = places;
  if (from === undefined || to === undefined) throw new Error('a copy has two places');
  return copy(from, to, io, given.flag('json') === true);
}

async function copy(from: DatabaseLocation, to: DatabaseLocation, io: Io, json: boolean): Promise<number> {
  const failed = (why: string) => {
    const message = why.replace(/\.$/, '');
    io.err(json ? jsonLine({ error: { message } }) : `tidings: ${message}.\n`);
    return FAILED;
  };
  if (from.kind === 'sqlite' && !existsSync(from.path)) return failed(`there is no file ${resolve(from.path)}`);
  const opened: OpenStore[] = [];
  const progress = new Progress(io);
  const release = io.onInterrupt(() => {
    progress.end();
    io.err('It goes on where it was when it is run again.\n');
    // Wherever it is: it may be killed at any moment.
    process.exit(INTERRUPTED);
  });
  try {
    const source = await open(from, '--from', opened, io);
    const target = await open(to, '--to', opened, io);
    const places = { from: nameOf(from, source), to: target.place };
    const result = await copyContent({
      source: source.store,
      target: target.store,
      sourceName: places.from,
      now: () => realClock.now(),
      onProgress: ({ doing, table, rows, of }: Step) => progress.tell(`${doing} ${label(table)}`, rows, of),
    });
    progress.end();
    if (result.kind !== 'copied') return failed(inWords(result, places));
    io.out(json ? jsonLine({ ...places, tables: result.tables }) : summary(result.tables, places));
    return 0;
  } catch (error) {
    progress.end();
    if (error instanceof CannotOpen) return failed(error.message);
    if (!(error instanceof StoreUnavailable)) throw error;
    return failed(`${error.message}; run the same command again, it goes on where it was`);
  } finally {
    release();
    for (const { store } of opened) await store.close();
  }
}

class CannotOpen extends Error {}

async function open(location: DatabaseLocation, option: string, opened: OpenStore[], io: Io): Promise<OpenStore> {
  const settings = { database: location, databasePool: CONNECTIONS };
  const say = (text: string) => io.err(`${text}\n`);
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
  return `${counted(rows)} rows ${checksum}`;
}

function summary(tables: readonly ({ readonly table: TableName } & SumValue)[], { from, to }: Places): string {
  const lines = tables.map(
    ({ table, rows, checksum }) => `  ${label(table).padEnd(18)}${counted(rows).padStart(14)}  ${checksum}`,
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
