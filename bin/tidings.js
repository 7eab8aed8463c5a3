#!/usr/bin/env -S node --max-semi-space-size=16 --heap-growing-percent=130 --no-parallel-scavenge --expose-gc
import module from 'node:module';
import { join } from 'node:path';

// The flags above, which package.json and the Dockerfile give too. Without the first V8 would let its young generation grow
// to 100 MiB under load; with 16 (each of its halves, in MiB) a drain or a flood of requests takes no more of the processor,
// and 60 to 80 MiB less. The second lets the old one grow to 2.3 times what was in use, and not to four times, before it is
// cleared: 30 to 60 MiB less under load. With the third the process gives back what only its start needed. Without them
// everything works.

// Plain JavaScript, so that a Node that is too old to run the rest can still say so.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `Tidings needs Node 24.12 or newer; this is ${process.version}. "npm start" uses the one that "npm ci" installed.\n`,
  );
  process.exit(1);
}
// Halves the time to start. In our own folder and not in a shared temporary one, where others could put code for us to run.
module.enableCompileCache?.(join(import.meta.dirname, '..', 'node_modules', '.cache', 'tidings'));
const { runCli } = await import('../src/cli.ts');
process.exitCode = await runCli(process.argv.slice(2));
