import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** What a cursor may point at: an id of ours, a number that counts up, or a point of a log. */
const POSITION = /^(?:[0-9a-f-]{36}|[0-9]{1,20}(?:\.[0-9]{1,20}){0,2})$/;
const MAX_CURSOR = 200;

/**
 * Cursors of one list under one filter. They are opaque to clients, and one that another list or filter gave is
 * refused: it would silently skip entries.
 */
export interface Cursors {
  write(position: string | null): string | null;
  /** The position, or undefined for what this list did not give. */
  read(cursor: string): string | undefined;
}

export function cursorsFor(list: string, filter: object): Cursors {
  const digest = createHash('sha256')
    .update(canonicalJson([list, filter]))
    .digest('base64url')
    .slice(0, 12);
  return {
    write: (position) =>
      position === null ? null : Buffer.from(JSON.stringify([1, digest, position])).toString('base64url'),
    read(cursor) {
      if (cursor.length > MAX_CURSOR || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined;
      let parts: unknown;
      try {
        parts = JSON.parse(Buffer.from(cursor, 'base64url').toString());
      } catch {
        return undefined;
      }
      if (!Array.isArray(parts) || parts.length !== 3 || parts[0] !== 1 || parts[1] !== digest) return undefined;
      const position: unknown = parts[2];
      return typeof position === 'string' && POSITION.test(position) ? position : undefined;
    },
  };
}
