import type { News } from '../moves.ts';
import { flatChange, flatSubmission, packed, readClaim, readResult } from './flat-rows.ts';
import { openRowStore, type Ports, type RowStore, type RowStoreOptions } from './row-store.ts';
import { openStoreThread } from './thread.ts';

export interface SqliteStore extends Ports, News {
  /** The migrations that this start applied. */
  readonly migrated: readonly string[];
  /** Calls `ring` soon after another process has committed to the same file; the answer ends that. */
  subscribe(ring: () => void): () => void;
}

/**
 * Opens the file, brings its schema up to date and answers the store on it. Throws a sentence when it cannot be used.
 * One process may have several open; several processes may share one file. All that SQLite does blocks the caller's
 * thread: for tools, and for tests with a clock of their own.
 */
export function openSqliteStore(options: RowStoreOptions): SqliteStore {
  return inWords(openRowStore(options));
}

/** The same on a thread of its own and on the real clock: for a service. */
export async function openSqliteThread(path: string, onNotice: (text: string) => void): Promise<SqliteStore> {
  return inWords(await openStoreThread(path, onNotice));
}

/** The ports in words, over a store in rows. */
export function inWords(rows: RowStore): SqliteStore {
  return {
    ...rows,
    // All that writes stands in one line.
    claimsAfterWrites: true,
    accept: (submissions) =>
      rows.accept(packed(submissions, flatSubmission)).then((results) => results.map(readResult)),
    claimDue: async (request) => (await rows.claimDue(request)).map(readClaim),
    claim: async (ids, leaseMs) => (await rows.claim(ids, leaseMs)).map(readClaim),
    expiredLeases: async (limit) => (await rows.expiredLeases(limit)).map(readClaim),
    write: (groups) => rows.write(packed(groups, (group) => packed(group, flatChange))),
    onNews(ring) {
      const ends = [rows.onCommit(ring), rows.subscribe(ring)];
      return () => {
        for (const end of ends) end();
      };
    },
    // The file is read and written in this very process.
    reconnect: () => Promise.resolve(),
  };
}
