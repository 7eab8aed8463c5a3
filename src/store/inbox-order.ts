import type { DeliveryId } from '../domain/ids.ts';
import type { InboxEntry, InboxHappening, InboxMark, InboxNews } from './inbox.ts';

/** How far somebody has read in the two logs that an inbox is made of: what came, and what users did to it. */
export interface InboxPoint {
  readonly entry: number;
  readonly mark: number;
}

/** Where the two logs end, and the number of the oldest mark that is kept; null: there is none. */
export interface InboxEnds extends InboxPoint {
  readonly oldestMark: number | null;
}

/** A mark as a store keeps it. `entrySeq`: of the newest entry when it was made, which tells what it comes after. */
export interface MarkRow {
  readonly seq: number;
  readonly entrySeq: number;
  readonly mark: InboxMark;
  readonly ids: readonly DeliveryId[] | null;
  readonly before: number | null;
}

export function inboxPoint({ entry, mark }: InboxPoint): string {
  return `${entry}.${mark}`;
}

/** Null: it is not the text of a point, not one of these logs, or not every mark after it is still there. */
export function knownPoint(text: string, { entry, mark, oldestMark }: InboxEnds): InboxPoint | null {
  const [, entryText, markText] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  if (entryText === undefined || markText === undefined) return null;
  const point = { entry: Number(entryText), mark: Number(markText) };
  if (point.entry > entry || point.mark > mark) return null;
  return point.mark === mark || point.mark >= (oldestMark ?? mark) - 1 ? point : null;
}

/** So many further in each log, and no further than where they end. */
export function further({ entry, mark }: InboxPoint, end: InboxPoint, limit: number): InboxPoint {
  return { entry: Math.min(end.entry, entry + limit), mark: Math.min(end.mark, mark + limit) };
}

/**
 * Puts the two logs after a point in the one order in which things happened. Each was read up to `limit`: one that is
 * as long may go on, and then nothing is told that could come after what was not read. `end` is where both logs ended.
 */
export function inOrder(
  from: InboxPoint,
  end: InboxPoint,
  entries: readonly { readonly seq: number; readonly entry: InboxEntry }[],
  marks: readonly MarkRow[],
  limit: number,
): InboxNews {
  const happenings: InboxHappening[] = [];
  let { entry, mark } = from;
  let nextEntry = 0;
  let nextMark = 0;
  while (happenings.length < limit) {
    const added = entries[nextEntry];
    const marked = marks[nextMark];
    if (added === undefined && entries.length >= limit) break;
    if (marked === undefined && marks.length >= limit) break;
    if (added !== undefined && (marked === undefined || added.seq <= marked.entrySeq)) {
      nextEntry += 1;
      entry = added.seq;
      happenings.push({ point: inboxPoint({ entry, mark }), kind: 'added', entry: added.entry });
    } else if (marked !== undefined) {
      nextMark += 1;
      mark = marked.seq;
      const { ids, before } = marked;
      const what = ids === null ? { before } : { ids };
      happenings.push({ point: inboxPoint({ entry, mark }), kind: 'marked', mark: marked.mark, ...what });
    } else {
      return { happenings, point: inboxPoint(end) };
    }
  }
  return { happenings, point: inboxPoint({ entry, mark }) };
}
