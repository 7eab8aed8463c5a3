import type { Clock } from '../../domain/clock.ts';
import { type DeliveryStatus, isHandedOver } from '../../domain/delivery.ts';
import type { InboxStore } from '../inbox.ts';
import type { MoveLog, News } from '../moves.ts';
import type { RetentionStore } from '../retention.ts';
import type { NewSandboxMessage, SandboxStore } from '../sandbox.ts';
import type { AcceptResult, Change, Store, Submission } from '../store.ts';
import type { TransferStore } from '../transfer.ts';
import { acceptBatch, findAnswer, purgeKeys } from './accept.ts';
import { Batches } from './batches.ts';
import { Bell } from './bell.ts';
import { claimDue, claimNamed, expiredLeases, nextDueAt, renew } from './claim.ts';
import { Database } from './database.ts';
import { backlog, stats } from './figures.ts';
import {
  countInbox,
  endOfInboxes,
  forgetMarks,
  INBOX_LOCK,
  inboxAfter,
  inboxesAfter,
  listInbox,
  markInbox,
  markInboxEntry,
} from './inbox.ts';
import { migrate, readMigrations } from './migrate.ts';
import { endOfMoves, forgetMoves, movesAfter, OPEN_MOVES } from './moves.ts';
import { whenReady } from './open.ts';
import { deadLetters, find, list } from './read.ts';
import { forget, forgetCaught, forgetCounters } from './retention.ts';
import { addToSandbox, clearSandbox, listSandbox } from './sandbox.ts';
import { type Steady, StoreClock } from './store-clock.ts';
import { type TimeParameter, type TimeSource, timeParameter } from './store-time.ts';
import { transferOn } from './transfer.ts';
import { UnderWay } from './under-way.ts';
import { writeBatch } from './write.ts';

export interface PostgresStore extends Store, InboxStore, SandboxStore, RetentionStore, TransferStore, MoveLog, News {
  /** The migrations that this start applied. */
  readonly migrated: readonly string[];
  /** Calls `ring` soon after another process has made something ready; the answer ends that. */
  subscribe(ring: () => void): () => void;
  /** The store's own clock: what leases and due times are to be compared with. */
  storeClock(): Clock;
  /** How many transactions wait for a connection. */
  waiting(): number;
}

export interface PostgresStoreOptions {
  readonly url: string;
  /** For waits and retries; never for what is stored. */
  readonly clock: Clock;
  /** Carries the database's time on between two looks at it. */
  readonly steady?: Steady;
  /** Whose time leases and due times are on: the database's, unless somebody must set it. */
  readonly time?: TimeSource;
  /** Most connections at once, beside one that listens. */
  readonly connections?: number;
  /** What an operator should know: LISTEN that does not work, a server that does not sync. */
  readonly onNotice?: (text: string) => void;
  /** How long a server that is not ready yet is waited for, in ms. */
  readonly patience?: number;
}

/** How long a server is waited for, in ms. */
const PATIENCE = 30_000;
/** A notification writes about so many rows, and a settle too. */
const ROWS_OF_ONE = 3;
const READY: ReadonlySet<DeliveryStatus> = new Set(['scheduled', 'pending', 'retrying']);

/**
 * Connects, brings the schema up to date and answers the store on it. A server that is only starting is waited for;
 * throws a sentence when the store cannot be used: WrongDatabase where the settings or the server must be changed.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { url, clock, onNotice = () => {}, patience = PATIENCE } = options;
  return whenReady({ url, clock, patience, onNotice }, () => openOnce(options));
}

async function openOnce(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { url, clock, steady = () => performance.now(), time = 'database' } = options;
  const { connections = 10, onNotice = () => {} } = options;
  const database = new Database({ url, clock, connections });
  const storeClock = new StoreClock(database, clock, steady);
  try {
    const { fsync, name } = await database.greet();
    if (!fsync) onNotice('the server runs with fsync = off: what is accepted may be lost when it crashes');
    const migrated = await migrate(database, readMigrations());
    await database.plain(OPEN_MOVES);
    if (time === 'database') await storeClock.start();
    const bell = new Bell({ url, database, clock, name, onNotice });
    return storeOn({ database, bell, storeClock, time, migrated });
  } catch (error) {
    storeClock.close();
    await database.close();
    throw error;
  }
}

interface Parts {
  readonly database: Database;
  readonly bell: Bell;
  readonly storeClock: StoreClock;
  readonly time: TimeSource;
  readonly migrated: readonly string[];
}

function storeOn({ database, bell, storeClock, time, migrated }: Parts): PostgresStore {
  const now = timeParameter(time);
  const clock = time === 'database' ? storeClock : time;
  const open = new UnderWay();
  const batches = batchesOn(database, now);
  const read: Database['read'] = (work) => open.run(() => database.read(work));
  const write: Database['write'] = (work, lock) => open.run(() => database.write(work, lock));
  /** Tells those who watch, in other processes too. */
  const told = async <T>(done: Promise<T>): Promise<T> => {
    const answer = await done;
    bell.ringNews();
    return answer;
  };
  let closing: Promise<void> | null = null;

  async function close(): Promise<void> {
    storeClock.close();
    await open.end();
    await bell.close();
    await database.close();
  }

  return {
    // Each has a connection of its own.
    claimsAfterWrites: false,
    migrated,
    subscribe: (ring) => bell.subscribe(ring),
    storeClock: () => clock,
    waiting: () => database.waiting,

    async accept(submissions) {
      const answers = await told(open.run(() => batches.accept(submissions)));
      const leftToUs = (submission: Submission, index: number) =>
        answers[index]?.kind === 'accepted' && hasWork(submission, clock.now());
      if (submissions.some(leftToUs)) bell.ring();
      return answers;
    },
    async write(groups) {
      const answers = await told(open.run(() => batches.write(groups)));
      if (groups.some((group, index) => answers[index] === true && group.some(isReady))) bell.ring();
      return answers;
    },
    claimDue: (request) => write((session) => claimDue(session, request, now)),
    claim: (ids, leaseMs) => write((session) => claimNamed(session, ids, leaseMs, now)),
    renew: (leases, leaseMs) => write((session) => renew(session, leases, leaseMs, now)),
    purge: ({ keysBefore, limit }) => write((session) => purgeKeys(session, keysBefore, limit)),
    // The transaction's own mark is a durable write.
    probe: () => write(() => Promise.resolve()),

    expiredLeases: (limit) => read((session) => expiredLeases(session, limit, now)),
    nextDueAt: () => read(nextDueAt),
    findAnswer: (scope, key) => read((session) => findAnswer(session, scope, key)),
    find: (id) => read((session) => find(session, id)),
    list: (filter, page) => read((session) => list(session, filter, page)),
    deadLetters: (filter, page) => read((session) => deadLetters(session, filter, page)),
    stats: (since) => read((session) => stats(session, since)),
    backlog: () => read((session) => backlog(session, now)),

    listInbox: (userId, status, page) => read((session) => listInbox(session, userId, status, page)),
    countInbox: (userId) => read((session) => countInbox(session, userId)),
    markInboxEntry: (userId, id, mark, at) =>
      told(write((session) => markInboxEntry(session, userId, id, mark, at), INBOX_LOCK)),
    markInbox: (userId, mark, which, at) =>
      told(write((session) => markInbox(session, userId, mark, which, at), INBOX_LOCK)),
    endOfInboxes: () => read(endOfInboxes),
    inboxAfter: (userId, point, limit) => read((session) => inboxAfter(session, userId, point, limit)),
    inboxesAfter: (point, limit) => read((session) => inboxesAfter(session, point, limit)),
    forgetMarks: (before, limit) => write((session) => forgetMarks(session, before, limit)),

    onNews: (ring) => bell.onNews(ring),
    endOfMoves: () => read(endOfMoves),
    movesAfter: (point, limit) => read((session) => movesAfter(session, point, limit)),
    forgetMoves: (keep, limit) => write((session) => forgetMoves(session, keep, limit)),

    addToSandbox: (messages) => open.run(() => batches.sandbox(messages)),
    listSandbox: (filter, page) => read((session) => listSandbox(session, filter, page)),
    clearSandbox: () => write(clearSandbox),

    forget: (request) => write((session) => forget(session, request)),
    forgetCaught: (before, limit) => write((session) => forgetCaught(session, before, limit)),
    forgetCounters: (minute, limit) => write((session) => forgetCounters(session, minute, limit)),

    ...transferOn(database, read, write),

    async reconnect() {
      await database.reconnect();
      bell.renew();
    },

    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** What is asked of the store at the same time and shares transactions. */
function batchesOn(database: Database, now: TimeParameter) {
  const accepts = new Batches<readonly Submission[], readonly AcceptResult[]>(2, (calls) =>
    database.write((session) => acceptBatch(session, calls, now)),
  );
  const writes = new Batches<readonly Change[], boolean>(3, (groups) =>
    database.write((session) => writeBatch(session, groups, now)),
  );
  const sandboxes = new Batches<readonly NewSandboxMessage[], null>(1, (calls) =>
    database.write(async (session) => {
      await addToSandbox(session, calls.flat());
      return calls.map(() => null);
    }),
  );
  return {
    async accept(submissions: readonly Submission[]): Promise<readonly AcceptResult[]> {
      if (submissions.length === 0) return [];
      const parcels = submissions.flatMap(({ notifications }) => notifications);
      const bytes = parcels.reduce((sum, { notification }) => sum + weightOf(notification), 0);
      return accepts.add(submissions, submissions.length + parcels.length * ROWS_OF_ONE, bytes);
    },
    write: (groups: readonly (readonly Change[])[]) => writes.addEach(groups, ROWS_OF_ONE),
    async sandbox(messages: readonly NewSandboxMessage[]): Promise<void> {
      await sandboxes.add(messages, messages.length);
    },
  };
}

/** How large a notification is, roughly, in bytes: only texts and attachments can be large. */
function weightOf({ message, data, overrides }: Submission['notifications'][number]['notification']): number {
  return (
    500 + message.length + (data === null ? 0 : 1_000) + (overrides === null ? 0 : JSON.stringify(overrides).length)
  );
}

/** Whether anything of it is not handed over to a queue, which then names it to a worker: that one needs no bell. */
function hasWork({ notifications }: Submission, now: number): boolean {
  return notifications.some(({ deliveries }) =>
    deliveries.some((delivery) => READY.has(delivery.status) && !isHandedOver(delivery, now)),
  );
}

function isReady({ after }: Change): boolean {
  return READY.has(after.status);
}
