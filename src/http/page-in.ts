import type { Fault } from '../domain/problem.ts';
import { cursorsFor } from './cursor.ts';
import { type Reader, readLimit } from './query-in.ts';

export type ReadPage =
  | {
      readonly ok: true;
      readonly limit: number;
      readonly after: string | null;
      /** The cursor that goes on from a position. */
      readonly cursorOf: (position: string | null) => string | null;
    }
  | { readonly ok: false; readonly code: 'invalid_request'; readonly details: { readonly faults: readonly Fault[] } }
  | { readonly ok: false; readonly code: 'invalid_cursor'; readonly details: Record<string, never> };

/** Reads `limit` and `cursor`, the last parameters of a list, and finishes its reader. */
export function readPage(reader: Reader, list: string, filter: object): ReadPage {
  const limit = readLimit(reader);
  const cursor = reader.text('cursor');
  const faults = reader.finish();
  if (faults.length > 0) return { ok: false, code: 'invalid_request', details: { faults } };
  const cursors = cursorsFor(list, filter);
  const after = cursor === undefined ? null : cursors.read(cursor);
  if (after === undefined) return { ok: false, code: 'invalid_cursor', details: {} };
  return { ok: true, limit, after, cursorOf: (position) => cursors.write(position) };
}
