import module from 'node:module';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { realClock } from '../../domain/clock.ts';
import { askRows } from './ask-rows.ts';
import { errorOf, type Fault, faultOf } from './row-messages.ts';
import { openRowStore, type RowStore } from './row-store.ts';
import { serveRows } from './serve-rows.ts';

/** What the thread is given. */
export interface ThreadOptions {
  readonly path: string;
  /** Where calls come from and answers go. */
  readonly line: MessagePort;
  /** Where what was compiled before is kept; null: nowhere. */
  readonly compileCache: string | null;
}

/**
 * Of each half of the thread's young generation, in MiB: rows live no longer than the commit that writes them. The main
 * thread has the four times as much that the process is started with (bin/tidings.js).
 */
const YOUNG_HALF = 4;

/** What the thread says for itself. */
type Word =
  | { readonly kind: 'opened'; readonly migrated: readonly string[] }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'notice'; readonly text: string };

/**
 * Opens the store on a thread of its own, which ends when the store is closed. Throws as `openRowStore` does.
 *
 * An error that nobody there expected is thrown here, where nobody catches it: the process ends, as it would have if the
 * store were on this thread.
 */
export async function openStoreThread(path: string, onNotice: (text: string) => void): Promise<RowStore> {
  const { port1: line, port2 } = new MessageChannel();
  const cache = module.getCompileCacheDir();
  const options: ThreadOptions = { path, line: port2, compileCache: cache === undefined ? null : dirname(cache) };
  // Where the process was started with that flag, V8 does not look at `resourceLimits`. This thread's heap has its size.
  setFlagsFromString(`--max-semi-space-size=${YOUNG_HALF}`);
  const thread = new Worker(new URL('./thread-start.js', import.meta.url), {
    name: 'store',
    workerData: options,
    transferList: [port2],
  });
  thread.on('error', (error) => {
    throw error;
  });
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  const migrated = await new Promise<readonly string[]>((resolve, reject) => {
    thread.on('message', (word: Word) => {
      if (word.kind === 'notice') onNotice(word.text);
      else if (word.kind === 'opened') resolve(word.migrated);
      else void ended.then(() => reject(errorOf(word.fault)));
    });
  });
  const rows = askRows(line);
  return {
    ...rows,
    migrated,
    async close() {
      await rows.close();
      line.close();
      await ended;
    },
  };
}

/** What the thread does. It ends when its line is closed. */
export function runStoreThread({ path, line }: ThreadOptions, say: (word: Word) => void): void {
  try {
    const rows = openRowStore({ path, clock: realClock, onNotice: (text) => say({ kind: 'notice', text }) });
    serveRows(rows, line);
    say({ kind: 'opened', migrated: rows.migrated });
    // What only the start needed; see `giveBack` in cli/serve.ts.
    globalThis.gc?.({ type: 'major', flavor: 'last-resort', execution: 'sync' });
  } catch (error) {
    say({ kind: 'failed', fault: faultOf(error) });
  }
}
