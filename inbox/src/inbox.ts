import type { ServerEvent } from '../../sdk/src/event-reader.ts';
import { type InboxPage, inboxApi } from './api.ts';
import { bringsInto, type Change, changed, countsAfter, fits, isNewsOf, newestFirst } from './entries.ts';
import { type InboxError, inboxError } from './inbox-error.ts';
import { live } from './live.ts';
import { ownSurroundings, type Surroundings } from './surroundings.ts';
import type { Connection, InboxCounts, InboxFilter, InboxItem, InboxMark, Which } from './types.ts';

export { InboxError } from './inbox-error.ts';
export type { Connection, InboxCounts, InboxFilter, InboxItem, InboxMark } from './types.ts';

export interface InboxOptions {
  /** Where Tidings is: `https://tidings.example.com`. */
  readonly baseUrl: string;
  readonly userId: string;
  /** Asks your server for a token; called again when the service no longer takes the last one. */
  readonly token?: (() => string | Promise<string>) | undefined;
  readonly filter?: InboxFilter;
  /** How many entries are loaded at a time, 20 if left out, 100 at most. */
  readonly pageSize?: number;
}

/** Everything there is to show. The same object until something changes. */
export interface InboxSnapshot {
  /** Of the list: `error` only where there is nothing to show instead. */
  readonly status: 'loading' | 'ready' | 'error';
  readonly error: InboxError | null;
  readonly connection: Connection;
  /** Those that fit the filter, newest first, as far as they are loaded. */
  readonly items: readonly InboxItem[];
  readonly counts: InboxCounts;
  readonly filter: InboxFilter;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
}

/** One user's inbox: a store that can be looked at, and what can be done with it. */
export interface Inbox {
  readonly getSnapshot: () => InboxSnapshot;
  /** Calls back after every change; the returned function ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Calls back for every entry that arrives while it is live; the returned function ends that. */
  onArrival(listener: (item: InboxItem) => void): () => void;
  /** Loads the list and goes live. Does nothing while it is. */
  start(): void;
  /** Lets go of everything; it can be started again. */
  stop(): void;
  setFilter(filter: InboxFilter): void;
  /** Loads the list anew. */
  refresh(): Promise<void>;
  /** Loads what comes after the last entry. */
  loadMore(): Promise<void>;
  /**
   * Shown at once; resolves when the service has it (null), or when it was taken back because it could not be done,
   * with the reason. Never rejects.
   */
  mark(as: InboxMark, ids: readonly string[]): Promise<InboxError | null>;
  /** The same for everything that has arrived so far, loaded or not. */
  markAll(as: InboxMark): Promise<InboxError | null>;
}

const NONE: InboxCounts = { total: 0, unread: 0, unseen: 0 };

/** The second argument is for tests, and for where there is no page. */
export function createInbox(options: InboxOptions, surroundings: Surroundings = ownSurroundings()): Inbox {
  const api = inboxApi({ ...options, surroundings });
  const pageSize = Math.min(Math.max(options.pageSize ?? 20, 1), 100);
  const [listeners, arrivals] = [new Set<() => void>(), new Set<(item: InboxItem) => void>()];

  /** What the service has said. */
  let known = new Map<string, InboxItem>();
  let counts = NONE;
  let cursor: string | null = null;
  /** What is shown on top of it until the service has answered. */
  let changes: readonly Change[] = [];
  /** Those of them that the stream has told of already. */
  const told = new Set<Change>();
  let state = {
    status: 'loading' as InboxSnapshot['status'],
    error: null as InboxError | null,
    connection: 'stopped' as Connection,
    filter: options.filter ?? 'all',
    isLoadingMore: false,
  };
  let running: AbortController | null = null;
  /** The loading that counts; one that was overtaken is forgotten. `heard`: what came meanwhile, to be done again on top. */
  let loading: { readonly heard: (() => void)[]; readonly isMore: boolean } | null = null;
  let newest = '';
  let last: Promise<unknown> = Promise.resolve();
  let snapshot = made();

  function made(): InboxSnapshot {
    const all = [...known.values()];
    const now = all.map((item) => changes.reduce(changed, item));
    const items = now.filter((item) => fits(item, state.filter)).sort(newestFirst);
    return { ...state, items, counts: countsAfter(counts, all, changes), hasMore: cursor !== null };
  }
  function tell(news: Partial<typeof state> = {}): void {
    state = { ...state, ...news };
    snapshot = made();
    for (const listener of listeners) listener();
  }
  function keep(item: InboxItem): void {
    known.set(item.id, item);
    if (item.created_at > newest) newest = item.created_at;
  }

  function take({ data, next_cursor, counts: now }: InboxPage, isMore: boolean, heard: readonly (() => void)[]): void {
    if (!isMore) known = new Map();
    for (const item of data) keep(item);
    cursor = next_cursor;
    counts = now;
    // Done once more on what is older than they are; what they say of newer things they say again.
    for (const again of heard) again();
  }

  async function load(isMore: boolean): Promise<void> {
    const { signal } = running ?? new AbortController();
    const own = { heard: [], isMore };
    loading = own;
    tell({ status: state.status === 'error' ? 'loading' : state.status, isLoadingMore: isMore });
    try {
      const page = await api.list(state.filter, pageSize, isMore ? cursor : null, signal);
      if (loading !== own) return;
      take(page, isMore, own.heard);
      loading = null;
      tell({ status: 'ready', error: null, isLoadingMore: false });
    } catch (error) {
      if (loading !== own || signal.aborted) return;
      loading = null;
      tell({ status: known.size > 0 ? 'ready' : 'error', error: inboxError(error), isLoadingMore: false });
    }
  }

  /** What an event says, done now, and again when the list that is being loaded has come. */
  function hear(act: () => void): void {
    loading?.heard.push(act);
    act();
  }
  function onEvent({ type, data }: ServerEvent): void {
    const content: unknown = parsed(data);
    if (type === 'reset') return void load(false);
    if (typeof content !== 'object' || content === null) return;
    if (type === 'notification') {
      const item = content as InboxItem;
      if (typeof item.id !== 'string') return;
      const isNew = !known.has(item.id);
      hear(() => keep(item));
      tell();
      if (isNew) for (const listener of arrivals) listener(item);
    } else if (type === 'counts') {
      hear(() => {
        counts = content as InboxCounts;
      });
      tell();
    } else if (type === 'update') {
      const { as, ids, before = null } = content as { as: InboxMark; ids?: readonly string[]; before?: string | null };
      const change: Change = { as, which: ids === undefined ? { before } : { ids }, at: time() };
      hear(() => {
        for (const item of known.values()) known.set(item.id, changed(item, change));
      });
      for (const own of changes) if (isNewsOf(change, own)) told.add(own);
      tell();
      const isKnown = ids?.every((id) => known.has(id)) ?? false;
      if (!isKnown && bringsInto(as, state.filter)) void load(false);
    }
  }
  const time = () => new Date(surroundings.now()).toISOString();

  function change(as: InboxMark, which: Which): Promise<InboxError | null> {
    const own: Change = { as, which, at: time() };
    changes = [...changes, own];
    tell();
    // One after the other, so that the last word is the last one that was said.
    const done = last.then(async () => {
      const { signal } = running ?? new AbortController();
      try {
        const answered = await api.mark(as, which, signal);
        // Counts that the stream told before it told of the change can be older than the answer; later ones are not.
        if (!told.has(own)) counts = answered;
        for (const item of known.values()) known.set(item.id, changed(item, own));
        loading?.heard.push(() => {
          for (const item of known.values()) known.set(item.id, changed(item, own));
        });
        return null;
      } catch (error) {
        return inboxError(error);
      } finally {
        changes = changes.filter((one) => one !== own);
        told.delete(own);
        tell();
      }
    });
    last = done;
    return done;
  }

  return {
    getSnapshot: () => snapshot,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onArrival(listener) {
      arrivals.add(listener);
      return () => arrivals.delete(listener);
    },
    start() {
      if (running !== null) return;
      const own = new AbortController();
      running = own;
      let isLoaded = false;
      const first = (isResumed: boolean) => {
        // A stream that went on has told everything; one that began anew has not.
        if (isLoaded && isResumed && state.status !== 'error') return;
        isLoaded = true;
        void load(false);
      };
      void live({
        open: (after, signal) => api.stream(after, signal),
        onOpen: first,
        // Without a stream the list is shown all the same.
        onBreak: (error) => {
          if (error !== null && !isLoaded) first(false);
        },
        onEvent,
        onConnection: (connection) => {
          if (running === own && connection !== state.connection) tell({ connection });
        },
        surroundings,
        signal: own.signal,
      });
    },
    stop() {
      running?.abort();
      running = null;
      loading = null;
      tell({ connection: 'stopped', isLoadingMore: false });
    },
    setFilter(filter) {
      if (filter === state.filter) return;
      // What is loaded is shown as far as it fits, until the list has come.
      cursor = null;
      tell({ filter });
      if (snapshot.items.length === 0) tell({ status: 'loading' });
      void load(false);
    },
    refresh: () => load(false),
    loadMore: async () => {
      if (cursor !== null && loading === null) await load(true);
    },
    mark: (as, ids) => (ids.length === 0 ? Promise.resolve(null) : change(as, { ids })),
    markAll: (as) => {
      // Not what arrives in this moment, which nobody has looked at yet.
      const isBounded = state.filter !== 'archived' && newest !== '';
      return change(as, { before: isBounded ? new Date(Date.parse(newest) + 1).toISOString() : null });
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
