import type { MessagePort } from 'node:worker_threads';
import { type Answer, type Call, type Fault, faultOf, type Told } from './row-messages.ts';
import type { RowStore } from './row-store.ts';

/** Answers the calls that come over the line. What one transaction did for many goes back as one message. */
export function serveRows(rows: RowStore, line: MessagePort): void {
  let answers: Answer[] = [];
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
    answers.push([id, value, fault]);
    tellSoon();
  }

  function serve([id, name, args]: Call): void {
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
  line.on('message', (calls: readonly Call[]) => {
    for (const call of calls) serve(call);
  });
}
