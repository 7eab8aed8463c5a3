import type { MessagePort } from 'node:worker_threads';
import { StoreUnavailable } from '../store.ts';
import {
  addCall,
  type CallName,
  eachAnswer,
  eachCall,
  errorOf,
  type Fault,
  faultOf,
  type Told,
} from './row-messages.ts';
import type { RowCalls, RowStore } from './row-store.ts';

/**
 * So many calls go off at once, and what is left at the end of the turn: large enough to share a commit, and small enough
 * that the store begins while this thread still asks.
 */
const TOGETHER = 16;

/** The store at the other end of the line, where `serveRows` answers. */
export function askRows(line: MessagePort): Omit<RowStore, 'migrated'> {
  const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: unknown) => void }>();
  const onCommitted = new Set<() => void>();
  const onChanged = new Set<() => void>();
  let calls: unknown[] = [];
  let together = 0;
  let asked = 0;
  let closing: Promise<void> | null = null;
  let isGone = false;

  function call(name: CallName, args: readonly unknown[]): Promise<unknown> {
    if (closing !== null) return Promise.reject(new StoreUnavailable('the store is closed'));
    if (isGone) return Promise.reject(gone());
    return new Promise((resolve, reject) => {
      const id = ++asked;
      waiting.set(id, { resolve, reject });
      addCall(calls, id, name, args);
      together += 1;
      if (together === TOGETHER) send();
      else if (together === 1) setImmediate(send);
    });
  }

  function send(): void {
    if (together === 0) return;
    const asking = calls;
    calls = [];
    together = 0;
    try {
      line.postMessage(asking);
    } catch (error) {
      // Something in them is no data, and so none of them has gone off.
      const fault = faultOf(error);
      eachCall(asking, (id) => take(id, null, fault));
    }
  }

  function take(id: number, answer: unknown, fault: Fault | null): void {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (fault === null) asker?.resolve(answer);
    else asker?.reject(errorOf(fault));
  }

  line.on('message', ({ answers, committed, changed }: Told) => {
    if (committed) for (const ring of onCommitted) ring();
    if (changed) for (const ring of onChanged) ring();
    eachAnswer(answers, take);
  });

  line.on('close', () => {
    isGone = true;
    for (const { reject } of waiting.values()) reject(gone());
    waiting.clear();
  });

  const names = Object.keys(CALLS) as CallName[];
  const methods = names.map((name) => [name, (...args: readonly unknown[]) => call(name, args)]);
  return {
    // Each is answered by the method of that name.
    ...(Object.fromEntries(methods) as RowCalls),
    subscribe: (ring) => listen(onChanged, ring),
    onCommit: (ring) => listen(onCommitted, ring),
    close() {
      closing ??= isGone ? Promise.resolve() : call('close', []).then(() => undefined);
      return closing;
    },
  };
}

/** Whoever waits is told, so that a process whose store has died can come to its end. */
function gone(): StoreUnavailable {
  return new StoreUnavailable('the thread of the store has ended');
}

function listen(bells: Set<() => void>, ring: () => void): () => void {
  const own = () => ring();
  bells.add(own);
  return () => void bells.delete(own);
}

/** All that can be asked; the compiler sees to it that none is missing. */
const CALLS: Readonly<Record<CallName, true>> = {
  accept: true,
  addToSandbox: true,
  backlog: true,
  beginCopy: true,
  claim: true,
  claimDue: true,
  clearSandbox: true,
  close: true,
  countInbox: true,
  countRows: true,
  deadLetters: true,
  endCopy: true,
  endOfInboxes: true,
  endOfMoves: true,
  expiredLeases: true,
  find: true,
  findAnswer: true,
  findCopy: true,
  forget: true,
  forgetCaught: true,
  forgetCounters: true,
  forgetMarks: true,
  forgetMoves: true,
  identity: true,
  inboxAfter: true,
  inboxesAfter: true,
  list: true,
  listInbox: true,
  listSandbox: true,
  markInbox: true,
  markInboxEntry: true,
  movesAfter: true,
  nextDueAt: true,
  probe: true,
  purge: true,
  readRows: true,
  renew: true,
  stats: true,
  write: true,
  writeMark: true,
  writeRows: true,
};
