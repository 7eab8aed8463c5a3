import module from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

// Plain JavaScript, as a thread has no cache of what was compiled before until it is told of it, and to strip types
// without one takes 30 MiB.
const options = /** @type {import('./thread.ts').ThreadOptions} */ (workerData);
if (options.compileCache !== null) module.enableCompileCache(options.compileCache);
const { runStoreThread } = await import('./thread.ts');
runStoreThread(options, (word) => parentPort?.postMessage(word));
