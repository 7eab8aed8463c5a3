import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../domain/clock.ts';
import { countsOf, newTally } from '../../domain/counters.ts';
import type { InboxStore } from '../inbox.ts';
import type { MoveLog, MoveText } from '../moves.ts';
import type { RetentionStore } from '../retention.ts';
import type { SandboxStore } from '../sandbox.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import type { TransferStore } from '../transfer.ts';
import { prepareAccept } from './accept.ts';
import { prepareClaims } from './claim.ts';
import { asPortError, isTaken, limitBusyWait, openDatabase, sameFile } from './database.ts';
import { diskRoom, type Statfs } from './disk-room.ts';
import {
  type ClaimRow,
  type FlatChange,
  type FlatResult,
  type FlatSubmission,
  flatResult,
  packed,
  readSubmission,
} from './flat-rows.ts';
import { GroupCommit } from './group-commit.ts';
import { prepareInbox } from './inbox.ts';
import { migrate, readMigrations } from './migrate.ts';
import { prepareMoves } from './moves.ts';
import { prepareReads } from './read.ts';
import { prepareRetention } from './retention.ts';
import { prepareSandbox } from './sandbox.ts';
import { prepareTransfer } from './transfer.ts';
import { prepareWrite } from './write.ts';

/** What is asked of the store's ports. */
export type Ports = Store & InboxStore & SandboxStore & RetentionStore & TransferStore & MoveLog;

/**
 * The store as it stands at the file: the same as the ports, only that what is asked for often comes and goes as rows. So
 * it can be on another thread than those who ask.
 */
export interface RowStore extends RowCalls {
  /** The migrations that this start applied. */
  readonly migrated: readonly string[];
  /** Calls `ring` soon after another process has committed to the same file; the answer ends that. */
  subscribe(ring: () => void): () => void;
  /** Calls `ring` after each transaction of its own, before those who asked for it are answered; the answer ends that. */
  onCommit(ring: () => void): () => void;
}

type InRows = 'accept' | 'claimDue' | 'claim' | 'expiredLeases' | 'write';

/** What can be asked by a message: arguments and answers are data. */
export interface RowCalls extends Omit<Ports, InRows | 'reconnect' | 'claimsAfterWrites'> {
  accept(submissions: readonly FlatSubmission[]): Promise<readonly FlatResult[]>;
  claimDue(request: Parameters<Store['claimDue']>[0]): Promise<readonly ClaimRow[]>;
  claim(...named: Parameters<Store['claim']>): Promise<readonly ClaimRow[]>;
  expiredLeases(limit: number): Promise<readonly ClaimRow[]>;
  write(groups: readonly (readonly FlatChange[])[]): Promise<readonly boolean[]>;
}

/** A notification writes about so many rows, and a settle too. */
const ROWS_OF_ONE = 3;

/** How often it is looked at whether the file is still there, in ms. */
const FILE_CHECK = 1_000;

/** How often another process's commits are looked for, in ms: one read of shared memory each time. */
const CHANGE_PROBE = 20;

export interface RowStoreOptions {
  /** `:memory:` for none. */
  readonly path: string;
  readonly clock: Clock;
  /** What an operator should know: a disk that is nearly full. */
  readonly onNotice?: (text: string) => void;
  /** Says how full the disk is. */
  readonly statfs?: Statfs;
}

/**
 * Opens the file, brings its schema up to date and answers the store on it. Throws a sentence when it cannot be used.
 * One process may have several open; several processes may share one file.
 */
export function openRowStore(options: RowStoreOptions): RowStore {
  const { path, clock, onNotice = () => {} } = options;
  const { db, migrated, isSameFile } = openUpToDate(path, clock);
  limitBusyWait(db);

  let tally = newTally();
  let newMoves: MoveText[] = [];
  const moves = prepareMoves(db);
  const bells = new Set<() => void>();
  const count = db.prepare(
    'INSERT INTO counters (minute, kind, name, count) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count',
  );
  let lookAgainAt = 0;
  const group = new GroupCommit(db, clock, {
    beforeBegin() {
      const now = clock.now();
      if (now < lookAgainAt) return;
      if (!isSameFile()) throw new StoreUnavailable(`the database file ${path} was deleted or replaced`);
      lookAgainAt = now + FILE_CHECK;
    },
    beforeCommit() {
      const minute = Math.floor(clock.now() / 60_000);
      for (const counted of countsOf(tally)) count.run(minute, counted.kind, counted.name, counted.count);
      tally = newTally();
      if (newMoves.length > 0) moves.add(newMoves, clock.now());
      newMoves = [];
    },
    committed() {
      for (const ring of bells) ring();
    },
    rolledBack() {
      tally = newTally();
      newMoves = [];
    },
  });
  const accepts = prepareAccept(db);
  const writeGroup = prepareWrite(db);
  const claims = prepareClaims(db);
  const reads = prepareReads(db);
  const inbox = prepareInbox(db);
  const sandbox = prepareSandbox(db);
  const retention = prepareRetention(db);
  const transfer = prepareTransfer(db, path);
  const setProbe = db.prepare(
    'INSERT INTO probe (id, probed_at) VALUES (1, ?) ON CONFLICT DO UPDATE SET probed_at = excluded.probed_at',
  );
  const purgeKeys = db.prepare(
    'DELETE FROM idempotency_keys WHERE (scope, key) IN (SELECT scope, key FROM idempotency_keys WHERE created_at < ? LIMIT ? + 0)',
  );
  const dataVersion = db.prepare('PRAGMA data_version');
  const room = diskRoom({ ...options, onNotice });
  const ends = new Set<() => void>();
  let closed = false;

  /** For what would be new: the rest of the room is for the results of what is in hand. */
  function ifRoom<T>(work: () => Promise<T>): Promise<T> {
    const shortage = room.shortage();
    return shortage === null ? work() : Promise.reject(shortage);
  }

  /** Changes whenever another connection has committed; null when it cannot be read just now. */
  function version(): unknown {
    try {
      return dataVersion.get()?.data_version ?? null;
    } catch {
      return null;
    }
  }

  function read<T>(query: () => T): Promise<T> {
    if (closed) return Promise.reject(new StoreUnavailable('the store is closed'));
    try {
      return Promise.resolve(query());
    } catch (error) {
      return Promise.reject(asPortError(error));
    }
  }

  function subscribe(ring: () => void): () => void {
    let known = version();
    let end = clock.after(CHANGE_PROBE, look);
    function look(): void {
      const now = version();
      // Where it cannot be read something has changed too; whoever is woken meets the fault and tells it.
      if (now !== known || now === null) ring();
      known = now;
      end = clock.after(CHANGE_PROBE, look);
    }
    const stop = () => end();
    ends.add(stop);
    return () => {
      stop();
      ends.delete(stop);
    };
  }

  return {
    migrated,
    // One job, so that a call is accepted as a whole or not at all.
    accept: (flat) =>
      ifRoom(() => {
        const submissions = flat.map(readSubmission);
        const count = submissions.reduce((sum, { notifications }) => sum + notifications.length, 0);
        return group.run(count * ROWS_OF_ONE, () =>
          packed(submissions, (submission) => flatResult(accepts.one(submission, tally, newMoves))),
        );
      }),
    claimDue: (request) => ifRoom(() => group.run(request.limit, () => claims.claimDue(request, clock.now()))),
    claim: (ids, leaseMs) => ifRoom(() => group.run(ids.length, () => claims.claim(ids, leaseMs, clock.now()))),
    renew: (leases, leaseMs) => group.run(leases.length, () => claims.renew(leases, leaseMs, clock.now())),
    write: (groups) =>
      group.runEach(
        ROWS_OF_ONE,
        groups.map((changes) => () => writeGroup(changes, tally, newMoves)),
      ),
    purge: ({ keysBefore, limit }) => group.run(limit, () => Number(purgeKeys.run(keysBefore, limit).changes)),
    probe: () => ifRoom(() => group.run(1, () => void setProbe.run(clock.now()))),

    expiredLeases: (limit) => read(() => claims.expiredLeases(limit, clock.now())),
    nextDueAt: () => read(() => claims.nextDueAt()),
    findAnswer: (scope, key) => read(() => accepts.findAnswer(scope, key)),
    find: (id) => read(() => reads.find(id)),
    list: (filter, page) => read(() => reads.list(filter, page)),
    deadLetters: (filter, page) => read(() => reads.deadLetters(filter, page)),
    stats: (since) => read(() => reads.stats(since)),
    backlog: () => read(() => reads.backlog(clock.now())),

    listInbox: (userId, status, page) => read(() => inbox.list(userId, status, page)),
    countInbox: (userId) => read(() => inbox.count(userId)),
    markInboxEntry: (userId, id, mark, now) => group.run(1, () => inbox.mark(userId, id, mark, now)),
    markInbox: (userId, mark, which, now) => group.run(100, () => inbox.markMany(userId, mark, which, now)),
    endOfInboxes: () => read(() => inbox.end()),
    inboxAfter: (userId, point, limit) => read(() => inbox.after(userId, point, limit)),
    inboxesAfter: (point, limit) => read(() => inbox.usersAfter(point, limit)),
    forgetMarks: (before, limit) => group.run(limit, () => inbox.forgetMarks(before, limit)),

    endOfMoves: () => read(() => moves.end()),
    movesAfter: (point, limit) => read(() => moves.after(point, limit)),
    forgetMoves: (keep, limit) => group.run(limit, () => moves.forget(keep, limit)),

    addToSandbox: (messages) => group.run(messages.length, () => sandbox.add(messages)),
    listSandbox: (filter, page) => read(() => sandbox.list(filter, page)),
    clearSandbox: () => group.run(100, () => sandbox.clear()),

    forget: (request) => group.run(request.rows, () => retention.forget(request)),
    forgetCaught: (before, limit) => group.run(limit, () => retention.forgetCaught(before, limit)),
    forgetCounters: (minute, limit) => group.run(limit, () => retention.forgetCounters(minute, limit)),

    identity: () => read(() => transfer.identity()),
    writeMark: () => read(() => transfer.writeMark()),
    readRows: (table, after, limit) => read(() => transfer.readRows(table, after, limit)),
    countRows: (table) => read(() => transfer.countRows(table)),
    findCopy: () => read(() => transfer.findCopy()),
    beginCopy: (copy) => group.run(1, () => transfer.beginCopy(copy)),
    writeRows: (table, rows, copy) =>
      group.run(rows.length, () => transfer.writeRows(table, rows, copy)).catch(falseIfTaken),
    endCopy: (copy) => group.run(1, () => transfer.endCopy(copy)),

    subscribe,
    onCommit(ring) {
      const own = () => ring();
      bells.add(own);
      return () => void bells.delete(own);
    },

    close() {
      if (closed) return Promise.resolve();
      group.close();
      closed = true;
      for (const end of ends) end();
      db.close();
      return Promise.resolve();
    },
  };
}

/** Opens the file with its schema up to date, and knows it again. */
function openUpToDate(path: string, clock: Clock) {
  const wasThere = existsSync(path);
  const isTheOne = sameFile(path);
  let db: DatabaseSync | null = null;
  try {
    db = openDatabase(path);
    const migrated = migrate(db, readMigrations(), clock.now());
    // A restore may have held it locked, and put another in its place by now.
    if (wasThere && !isTheOne()) throw new Error('it is not the file of that name any more');
    return { db, migrated, isSameFile: wasThere ? isTheOne : sameFile(path) };
  } catch (error) {
    db?.close();
    if (!wasThere || isTheOne()) throw error;
    throw new Error(`the file ${path} was replaced while it was being opened; start again`, { cause: error });
  }
}

function falseIfTaken(error: unknown): false {
  if (isTaken(error)) return false;
  throw error;
}
