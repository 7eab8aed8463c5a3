import { parseDeliveryId } from '../../domain/ids.ts';
import { PRIORITIES } from '../../domain/notification.ts';
import type { DeliverTask } from '../queue.ts';

/** One entry of a stream, as Redis tells it. */
export interface StreamEntry {
  readonly stream: string;
  readonly entryId: string;
  readonly fields: readonly string[];
}

export function taskFields(task: DeliverTask): string[] {
  return ['v', String(task.v), 'id', task.id, 'priority', task.priority];
}

/** Null: it is no task, or one of a form that is unknown here. */
export function parseTask(fields: readonly string[]): DeliverTask | null {
  const value = (name: string) => {
    const at = fields.findIndex((field, index) => index % 2 === 0 && field === name);
    return at < 0 ? '' : (fields[at + 1] ?? '');
  };
  const id = parseDeliveryId(value('id'));
  const priority = PRIORITIES.find((one) => one === value('priority'));
  if (value('v') !== '1' || id === null || priority === undefined) return null;
  return { v: 1, id, priority };
}

/** What the scripts answer: how many groups were made, and the entries as `[stream, entry id, fields]`. */
export function parseAnswer(answer: unknown): { readonly made: number; readonly entries: readonly StreamEntry[] } {
  const [made, rows] = answer as [number, [string, string, string[]][]];
  return { made, entries: rows.map(([stream, entryId, fields]) => ({ stream, entryId, fields })) };
}

/** The same of a plain read; null is its answer when there was nothing. */
export function parseRead(answer: unknown): readonly StreamEntry[] {
  const streams = (answer ?? []) as [string, [string, string[]][]][];
  return streams.flatMap(([stream, rows]) => rows.map(([entryId, fields]) => ({ stream, entryId, fields })));
}
