import {
  type Content,
  type Copy,
  type CopyProgress,
  KEY_OF,
  type RowKey,
  TABLES,
  type TableName,
  type TransferStore,
} from '../store/transfer.ts';
import { ContentSum, isSame, type SumValue } from './content-sum.ts';

export interface CopyPlan {
  readonly source: TransferStore;
  readonly target: TransferStore;
  /** What the source is called, for people and to know the same copy again. */
  readonly sourceName: string;
  readonly now: () => number;
  readonly onProgress: (progress: Step) => void;
}

export interface Step {
  readonly doing: 'copying' | 'checking';
  readonly table: TableName;
  readonly rows: number;
  readonly of: number;
}

export type CopyResult =
  | { readonly kind: 'copied'; readonly tables: readonly ({ readonly table: TableName } & SumValue)[] }
  /** Nothing was written. */
  | { readonly kind: 'same_store' }
  | { readonly kind: 'source_empty' }
  | { readonly kind: 'source_unfinished'; readonly of: string }
  | { readonly kind: 'target_used'; readonly tables: readonly TableName[] }
  | { readonly kind: 'target_of_other_copy'; readonly of: string }
  /** Somebody else writes there. */
  | { readonly kind: 'source_busy' }
  | { readonly kind: 'target_busy' }
  | { readonly kind: 'different'; readonly faults: readonly Difference[]; readonly ended: boolean };

export interface Difference {
  readonly table: TableName;
  /** As it was when it was read, and as it is now. */
  readonly copied: SumValue;
  readonly source: SumValue;
  readonly target: SumValue;
}

/** What is read at once: short, so that the process can serve the other side's connection in between. */
const SLICE = { rows: 1_000, bytes: 1_000_000 };
/** What is written at once, in slices. */
const SLICES = 4;

/**
 * Copies everything, then reads both sides again and compares. It may be killed at any moment: how far it is stands in
 * the target, written together with the rows, and the next call goes on from there. Throws `StoreUnavailable`.
 */
export async function copyContent(plan: CopyPlan): Promise<CopyResult> {
  const { source, target } = plan;
  if ((await source.identity()) === (await target.identity())) return { kind: 'same_store' };
  const found = await findOrBegin(plan);
  if ('kind' in found) return found;
  const totals = await totalsOf(source);
  let copy: Copy = found;
  if (copy.endedAt === null) {
    for (const table of TABLES) {
      const next = await copyTable(plan, table, copy, totals[table]);
      if (next === null) return { kind: 'target_busy' };
      copy = next;
    }
  }
  return check(plan, copy, totals);
}

async function findOrBegin({ source, target, sourceName, now }: CopyPlan): Promise<Copy | CopyResult> {
  const half = await source.findCopy();
  if (half !== null && half.endedAt === null) return { kind: 'source_unfinished', of: half.source };
  const known = await target.findCopy();
  if (known !== null) {
    return known.source === sourceName ? known : { kind: 'target_of_other_copy', of: known.source };
  }
  const used = await tablesInUse(target);
  // Another copy may have begun since.
  const begun = used.length > 0 && (await target.findCopy()) !== null;
  if (used.length > 0) return begun ? { kind: 'target_busy' } : { kind: 'target_used', tables: used };
  if ((await tablesInUse(source)).length === 0) return { kind: 'source_empty' };
  const nothing: CopyProgress = { after: null, ...new ContentSum().value };
  const progress = Object.fromEntries(TABLES.map((table) => [table, nothing])) as Copy['progress'];
  const copy: Copy = { source: sourceName, version: 1, startedAt: now(), endedAt: null, progress };
  return (await target.beginCopy(copy)) ? copy : { kind: 'target_busy' };
}

async function tablesInUse(store: TransferStore): Promise<readonly TableName[]> {
  const used: TableName[] = [];
  for (const table of TABLES) {
    const [first] = await store.readRows(table, null, { rows: 1, bytes: 1 });
    if (first !== undefined) used.push(table);
  }
  return used;
}

async function totalsOf(source: TransferStore): Promise<Readonly<Record<TableName, number>>> {
  const totals: Partial<Record<TableName, number>> = {};
  for (const table of TABLES) totals[table] = await source.countRows(table);
  return totals as Record<TableName, number>;
}

/** Answers the note as it is afterwards; null if somebody else has written to the target. */
async function copyTable(plan: CopyPlan, table: TableName, copy: Copy, of: number): Promise<Copy | null> {
  const { source, target, onProgress } = plan;
  const before = copy.progress[table];
  const sum = new ContentSum(before);
  let latest = copy;
  let writing: Promise<boolean> = Promise.resolve(true);
  for await (const { rows, after } of batches(source, table, before.after)) {
    for (const row of rows) sum.add(row);
    // One batch is being written while the next is read, never two: each continues where the one before ended.
    if (!(await writing)) return null;
    const progress = { ...latest.progress, [table]: { after, ...sum.value } };
    latest = { ...latest, version: latest.version + 1, progress };
    writing = target.writeRows(table, rows, latest);
    // Should it fail, that is met above, a batch later.
    writing.catch(() => {});
    onProgress({ doing: 'copying', table, rows: sum.value.rows, of });
  }
  return (await writing) ? latest : null;
}

async function* batches<T extends TableName>(store: TransferStore, table: T, from: RowKey | null) {
  let rows: Content[T][] = [];
  let slices = 0;
  let after = from;
  for await (const slice of slicesOf(store, table, from)) {
    rows.push(...slice.rows);
    after = slice.after;
    slices += 1;
    if (slices < SLICES) continue;
    yield { rows, after };
    rows = [];
    slices = 0;
  }
  if (rows.length > 0) yield { rows, after };
}

async function* slicesOf<T extends TableName>(store: TransferStore, table: T, from: RowKey | null) {
  const keyOf: (row: Content[T]) => RowKey = KEY_OF[table];
  let after = from;
  for (;;) {
    const rows = await store.readRows(table, after, SLICE);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = keyOf(last);
    yield { rows, after };
    // A store that answers at once would leave no turn for whoever is waiting.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function check(plan: CopyPlan, copy: Copy, totals: Readonly<Record<TableName, number>>): Promise<CopyResult> {
  const { source, target, now } = plan;
  const mark = await source.writeMark();
  const tables: ({ readonly table: TableName } & SumValue)[] = [];
  const faults: Difference[] = [];
  for (const table of TABLES) {
    const onSum = (rows: number) => plan.onProgress({ doing: 'checking', table, rows, of: totals[table] });
    const [theirs, ours] = await Promise.all([sumOf(source, table, () => {}), sumOf(target, table, onSum)]);
    tables.push({ table, ...ours });
    const { rows, checksum } = copy.progress[table];
    if (!isSame(theirs, ours)) faults.push({ table, copied: { rows, checksum }, source: theirs, target: ours });
  }
  if (faults.length > 0) return { kind: 'different', faults, ended: copy.endedAt !== null };
  // Only what nobody has touched while it was looked at is known to be the same.
  if ((await source.writeMark()) !== mark) return { kind: 'source_busy' };
  if (copy.endedAt !== null) return { kind: 'copied', tables };
  const ended = await target.endCopy({ ...copy, version: copy.version + 1, endedAt: now() });
  return ended ? { kind: 'copied', tables } : { kind: 'target_busy' };
}

async function sumOf(store: TransferStore, table: TableName, onSum: (rows: number) => void): Promise<SumValue> {
  const sum = new ContentSum();
  for await (const { rows } of slicesOf(store, table, null)) {
    for (const row of rows) sum.add(row);
    onSum(sum.value.rows);
  }
  return sum.value;
}
