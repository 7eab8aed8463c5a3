import type { MessagePort } from 'node:worker_threads';
import { addAnswer, type CallName, type Calls, eachCall, type Fault, faultOf, type Told } from './row-messages.ts';
import type { RowStore } from './row-store.ts';

/** Answers the calls that come over the line. What one transaction did for many goes back as one message. */
export function serveRows(rows: RowStore, line: MessagePort): void {
  let answers: unknown[] = [];
  let committed = false;
  let changed = false;
  let isToTell = false;

  /** Once everything is known that is known by now. */
  function tellSoon(): void {
    if (isToTell) return;
    isToTell = true;
    process.nextTick(() => {
      line.postMessage({ answers, committed, changed } satisfies Told);
      answers = [];
      committed = false;
      changed = false;
      isToTell = false;
    });
  }

  function answer(id: number, value: unknown, fault: Fault | null): void {
    addAnswer(answers, id, value, fault);
    tellSoon();
  }

  function serve(id: number, name: CallName, args: readonly unknown[]): void {
    // Arguments of that very method, as those who ask are of its type.
    const method = rows[name] as (...args: readonly unknown[]) => Promise<unknown>;
    method(...args).then(
      (value) => answer(id, value, null),
      (error: unknown) => answer(id, null, faultOf(error)),
    );
  }

  rows.onCommit(() => {
    committed = true;
    tellSoon();
  });
  rows.subscribe(() => {
    changed = true;
    tellSoon();
  });
  line.on('message', (calls: Calls) => eachCall(calls, serve));
}
